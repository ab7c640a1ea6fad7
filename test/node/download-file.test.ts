import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {platform} from 'node:process';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {downloadTo} from '../../src/node/index.ts';
import {patternOf, startFileServer} from '../support/file-server.ts';
import {rejection} from '../support/mock-session.ts';
import {openSession} from '../support/open-session.ts';
import {useSmallDisk} from '../support/small-disk.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiofetch-file-'));
});

afterAll(() => rm(root, {recursive: true, force: true}));

const content = patternOf(300_000);
const etag = '"0123456789abcdef"';
const isRoot = process.getuid?.() === 0;

/** Downloads to a file in a folder of the test's own, which `prepare` may fill before. */
async function downloadInto(prepare: (folder: string) => Promise<unknown>, name = 'file.bin') {
  const server = await startFileServer({content, etag});
  const {session} = openSession();
  const folder = await mkdtemp(join(root, 'case-'));
  await prepare(folder);
  const file = join(folder, name);
  const outcome = await downloadTo(session, server.origin, file).catch((error: unknown) => error);
  return {folder, file, outcome, server, session};
}

async function isWhole(file: string): Promise<boolean> {
  return (await readFile(file)).equals(content);
}

describe('the name of the file of downloadTo', () => {
  it.each([
    ['87 bytes, the longest that a part file keeps', 'n'.repeat(87)],
    ['88 bytes', 'n'.repeat(88)],
    ['255 bytes, the longest of most file systems', 'n'.repeat(255)],
    ['85 characters of three bytes', '名'.repeat(85)],
    ['63 characters of four bytes', '🗂'.repeat(63)],
  ])('a name of %s may be downloaded to', async (_name, name) => {
    const {folder, file} = await downloadInto(async () => undefined, name);
    expect(await isWhole(file)).toBe(true);
    expect(await readdir(folder)).toEqual([name]);
  });

  it('a download to a long name is continued, and not taken for that to another long name', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 100_000});
    const {session} = openSession();
    const folder = await mkdtemp(join(root, 'case-'));
    const [one, other] = ['one', 'other'].map((end) => join(folder, `${'名'.repeat(80)}${end}`)) as [
      string,
      string,
    ];
    await rejection(downloadTo(session, server.origin, one, {ranges: 1, resumes: 0}));
    const left = await readdir(folder);
    expect(left).toHaveLength(2);
    expect(Math.max(...left.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(143);
    delete server.file.cutAfter;
    expect(await downloadTo(session, server.origin, other)).toMatchObject({resumedFrom: 0});
    // How much of it was written when the connection broke depends on the disk.
    expect((await downloadTo(session, server.origin, one)).resumedFrom).toBeGreaterThan(0);
    expect(await isWhole(one)).toBe(true);
  });
});

describe.skipIf(platform === 'win32')('a file that downloadTo replaces', () => {
  it.each([0o600, 0o640, 0o644, 0o755, 0o444])('permissions are kept: %o', async (mode) => {
    const {file} = await downloadInto(async (folder) => {
      await writeFile(join(folder, 'file.bin'), 'old');
      await chmod(join(folder, 'file.bin'), mode);
    });
    expect((await stat(file)).mode & 0o7777).toBe(mode);
    expect(await isWhole(file)).toBe(true);
  });

  it('the part file of a secret file can be read by nobody else', async () => {
    const server = await startFileServer({content, etag, cutAfter: () => 100_000});
    const {session} = openSession();
    const file = join(await mkdtemp(join(root, 'case-')), 'file.bin');
    await writeFile(file, 'old', {mode: 0o600});
    await rejection(downloadTo(session, server.origin, file, {ranges: 1, resumes: 0}));
    expect((await stat(`${file}.aiofetch-part`)).mode & 0o777).toBe(0o600);
  });

  it('the bits that give a program the rights of its owner are not kept', async () => {
    const {file} = await downloadInto(async (folder) => {
      await writeFile(join(folder, 'file.bin'), 'old');
      await chmod(join(folder, 'file.bin'), 0o4755);
    });
    expect((await stat(file)).mode & 0o7777).toBe(0o755);
  });

  it.skipIf(!isRoot)('a file of another user gives nobody permissions', async () => {
    const {file} = await downloadInto(async (folder) => {
      await writeFile(join(folder, 'file.bin'), 'planted');
      await chmod(join(folder, 'file.bin'), 0o666);
      await chown(join(folder, 'file.bin'), 65_534, 65_534);
    });
    const {mode, uid} = await stat(file);
    expect(uid).toBe(0);
    expect(mode & 0o022 & process.umask()).toBe(0);
  });
});

describe.skipIf(platform === 'win32')('a symbolic link as the file of downloadTo', () => {
  it.each<[string, (folder: string) => Promise<string>]>([
    [
      'a file',
      async (folder) => {
        await mkdir(join(folder, 'data'));
        await writeFile(join(folder, 'data/real.bin'), 'old');
        return 'data/real.bin';
      },
    ],
    [
      'nothing yet',
      async (folder) => {
        await mkdir(join(folder, 'data'));
        return join(folder, 'data/real.bin');
      },
    ],
    [
      'another link',
      async (folder) => {
        await mkdir(join(folder, 'data'));
        await symlink('real.bin', join(folder, 'data/link'));
        return 'data/link';
      },
    ],
  ])('a link to %s stays, and the file that it names is written', async (_name, prepare) => {
    let target = '';
    const {file, folder, outcome} = await downloadInto(async (folder) => {
      target = await prepare(folder);
      await symlink(target, join(folder, 'file.bin'));
    });
    expect(outcome).toMatchObject({path: file});
    expect(await readlink(file)).toBe(target);
    expect(await isWhole(join(folder, 'data/real.bin'))).toBe(true);
    expect(await readdir(folder)).toEqual(['data', 'file.bin']);
  });

  it('a relative link in a directory that is reached by a link begins at the directory itself', async () => {
    const {folder} = await downloadInto(async (folder) => {
      await mkdir(join(folder, 'deep/in'), {recursive: true});
      await symlink('deep/in', join(folder, 'way'));
      await symlink('../real.bin', join(folder, 'deep/in/file.bin'));
    }, 'way/file.bin');
    expect(await isWhole(join(folder, 'deep/real.bin'))).toBe(true);
  });

  it('a download by a link and one by the name of the file are the same', async () => {
    const {file, folder, server, session} = await downloadInto(() => Promise.resolve());
    await symlink('file.bin', join(folder, 'link'));
    server.file.stallAfter = () => 10;
    const controller = new AbortController();
    const first = rejection(
      downloadTo(session, server.origin, join(folder, 'link'), {
        signal: controller.signal,
        onDownloadProgress: async () => {
          second ??= rejection(downloadTo(session, server.origin, file));
          await second;
          controller.abort();
        },
      }),
    );
    let second: ReturnType<typeof rejection> | undefined;
    await first;
    expect(await second).toMatchObject({code: 'ERR_DOWNLOAD_LOCKED'});
  });

  it('links that lead to each other are refused, and nothing is requested', async () => {
    const {outcome, server} = await downloadInto(async (folder) => {
      await symlink('other', join(folder, 'file.bin'));
      await symlink('file.bin', join(folder, 'other'));
    });
    expect(outcome).toMatchObject({code: 'ELOOP'});
    expect(server.requests).toHaveLength(0);
  });

  it.skipIf(!isRoot)(
    'a link of another user in a directory like /tmp is replaced, not followed',
    async () => {
      const {lchown} = await import('node:fs/promises');
      const {file, folder} = await downloadInto(async (folder) => {
        await chmod(folder, 0o1777);
        await mkdir(join(folder, 'home'));
        await writeFile(join(folder, 'home/victim'), 'important');
        await symlink('home/victim', join(folder, 'file.bin'));
        await lchown(join(folder, 'file.bin'), 65_534, 65_534);
      });
      expect(await readFile(join(folder, 'home/victim'), 'utf8')).toBe('important');
      expect((await lstat(file)).isFile()).toBe(true);
    },
  );
});

describe('downloadTo on a disk that gets full', () => {
  it('the download fails with ENOSPC, and goes on when there is room', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const file = join(await mkdtemp(join(root, 'case-')), 'file.bin');
    const disk = await useSmallDisk(200_000);
    const options = {ranges: 1};
    expect(await rejection(downloadTo(session, server.origin, file, options))).toMatchObject({
      code: 'ENOSPC',
    });
    expect(await readdir(dirname(file))).toEqual(['file.bin.aiofetch-part', 'file.bin.aiofetch-part.json']);
    expect(session.stats().active).toBe(0);
    disk.free = 1_000_000;
    const {resumedFrom} = await downloadTo(session, server.origin, file, options);
    expect(resumedFrom).toBeGreaterThan(100_000);
    expect(server.ranges).toEqual([undefined, `bytes=${resumedFrom}-${content.length - 1}`]);
    expect(await isWhole(file)).toBe(true);
    expect(await readdir(dirname(file))).toEqual(['file.bin']);
  });

  it('the end of the part file is given up where its notes have no room otherwise', async () => {
    const server = await startFileServer({content, etag, drip: {size: 1_000, pause: 0}});
    const {session} = openSession();
    const file = join(await mkdtemp(join(root, 'case-')), 'file.bin');
    const disk = await useSmallDisk(1_000_000);
    const error = await rejection(
      downloadTo(session, server.origin, file, {
        ranges: 2,
        rangeSize: 100_000,
        onDownloadProgress: ({transferredBytes}) => {
          if (transferredBytes > 220_000) disk.free = 0;
        },
      }),
    );
    expect(error).toMatchObject({code: 'ENOSPC'});
    disk.free = 1_000_000;
    const {resumedFrom} = await downloadTo(session, server.origin, file);
    expect(resumedFrom).toBeGreaterThan(0);
    expect(await isWhole(file)).toBe(true);
  });

  it('a disk without room for the lock leaves no lock', async () => {
    const server = await startFileServer({content, etag});
    const {session} = openSession();
    const file = join(await mkdtemp(join(root, 'case-')), 'file.bin');
    const disk = await useSmallDisk(0);
    expect(await rejection(downloadTo(session, server.origin, file))).toMatchObject({code: 'ENOSPC'});
    expect(await readdir(dirname(file))).toEqual([]);
    disk.free = 1_000_000;
    await downloadTo(session, server.origin, file);
    expect(await isWhole(file)).toBe(true);
  });
});
