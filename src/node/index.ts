/**
 * Functions that need the file system of Node.
 *
 * @module
 */
export {cookieFile} from './cookie-file.ts';
export type {DownloadedFile, DownloadToOptions} from './download-to.ts';
export {downloadTo} from './download-to.ts';
export type {FileFromOptions} from './file-from.ts';
export {fileFrom} from './file-from.ts';
