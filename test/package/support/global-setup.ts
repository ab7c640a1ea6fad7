import {mkdtemp, realpath, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TestProject} from 'vitest/node';
import type {Packed} from './packed.ts';
import {packAndInstall} from './packed.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    packed: Packed;
  }
}

/** Packs the package once, for all test files of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'aiofetch-package-')));
  project.provide('packed', await packAndInstall(folder));
  return () => rm(folder, {recursive: true});
}
