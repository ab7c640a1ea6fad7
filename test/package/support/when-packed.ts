import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {inject} from 'vitest';
import {waitFor} from '../../support/wait-for.ts';
import type {Packed} from './packed.ts';

/** The longest that packing may take, in ms: beside everything else, on a busy machine. */
const limit = 600_000;

/** Waits until the package is packed and installed. Throws what packing failed with. */
export async function whenPacked(): Promise<Packed> {
  const file = inject('packedFile');
  await waitFor(() => existsSync(file), limit);
  const packed = JSON.parse(await readFile(file, 'utf8')) as Packed | {readonly failure: string};
  if ('failure' in packed) throw new Error(packed.failure);
  return packed;
}
