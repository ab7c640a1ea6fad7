/**
 * What needs Node's file system.
 *
 * @module
 */
export type {DownloadedFile, DownloadToOptions} from './download-to.ts';
export {downloadTo} from './download-to.ts';
export type {FileFromOptions} from './file-from.ts';
export {fileFrom} from './file-from.ts';
