import {mkdtemp, realpath, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TestProject} from 'vitest/node';
import {packAndInstall} from './packed.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that says where the package is, or why there is none; it is there once the package is packed. */
    packedFile: string;
  }
}

/**
 * Packs the package once for all test files of the project, beside the tests of other projects. Waiting for the build here
 * would leave the processors idle half of the time, since Vitest starts no test before every set-up is over.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'aiofetch-package-')));
  const file = join(folder, 'packed.json');
  const packing = packAndInstall(folder)
    .catch((error: Error) => ({failure: String(error.stack ?? error)}))
    .then(async (packed) => {
      // Renamed, so that nobody reads half of it.
      await writeFile(`${file}.part`, JSON.stringify(packed));
      await rename(`${file}.part`, file);
    });
  project.provide('packedFile', file);
  return async () => {
    await packing;
    await rm(folder, {recursive: true});
  };
}
