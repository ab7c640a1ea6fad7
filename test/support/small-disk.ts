import {type FileHandle, open} from 'node:fs/promises';
import {onTestFinished, vi} from 'vitest';

/** A disk with so many free bytes, which a test may change. */
export interface SmallDisk {
  free: number;
}

/**
 * Lets all files of this process write to a disk of this size until the end of the test. Files that are removed give nothing
 * back, unlike those that are truncated.
 */
export async function useSmallDisk(free: number): Promise<SmallDisk> {
  const disk: SmallDisk = {free};
  await using some = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(some) as FileHandle;
  const {write, writeFile, truncate} = prototype;
  const full = () =>
    Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC', syscall: 'write'});
  const take = (size: number) => {
    disk.free -= size;
    return size;
  };
  const spies = [
    vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const [bytes, offset, length, position] = args as [Uint8Array, number, number, number];
      if (disk.free <= 0) throw full();
      const allowed = [bytes, offset, take(Math.min(length, disk.free)), position] as const;
      return (write as (...given: typeof allowed) => unknown).call(this, ...allowed);
    } as never),
    vi.spyOn(prototype, 'writeFile').mockImplementation(async function (this: FileHandle, text: unknown) {
      if (String(text).length > disk.free) throw full();
      take(String(text).length);
      return writeFile.call(this, text as string);
    } as never),
    vi.spyOn(prototype, 'truncate').mockImplementation(async function (this: FileHandle, size = 0) {
      const before = (await this.stat()).size;
      await truncate.call(this, size);
      take(-Math.max(0, before - size));
    }),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return disk;
}
