import {mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {cookieFile} from '../../src/node/index.ts';
import {cookieJar} from '../../src/policies/cookies/index.ts';
import {rejection, thrown} from '../support/mock-session.ts';

const url = 'https://shop.test/';
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiofetch-cookies-'));
  path = join(directory, 'cookies.json');
});

afterEach(async () => {
  await rm(directory, {recursive: true, force: true});
});

const jarOf = (file: string | URL = path) => cookieJar({store: cookieFile(file)});

it('a file keeps the cookies for a later jar, and only its user may read it', async () => {
  await jarOf().set('sid=1; Max-Age=60', url);
  expect(await jarOf(pathToFileURL(path)).get(url)).toMatchObject([{name: 'sid', value: '1'}]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['cookies.json']);
});

it('a file that is not there, or empty, has no cookies, and reading makes none', async () => {
  expect(await jarOf().list()).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
  await writeFile(path, '');
  expect(await jarOf().list()).toEqual([]);
});

it('jars that share a file see each other’s cookies, and none is lost when all write at once', async () => {
  // Each has its own queue, so that only the lock keeps them apart, as in several processes.
  const jars = Array.from({length: 4}, () => jarOf());
  await Promise.all(
    jars.flatMap((jar, index) => [0, 1, 2].map((count) => jar.set(`c${index}${count}=1`, url))),
  );
  for (const jar of jars) expect(await jar.list()).toHaveLength(12);
});

it('a file is read again only when it has changed', async () => {
  const store = cookieFile(path);
  await cookieJar({store}).set('a=1', url);
  const first = await store.read();
  expect(await store.read()).toBe(first);
  await jarOf().set('b=1', url);
  expect(await store.read()).toHaveLength(2);
});

it.each([
  ['text', 's3cret'],
  ['another value', '{"s3cret": 1}'],
  ['half of a list', '[{"name": "s3cret"'],
])(
  'a file with %s fails with a CookieStoreError that shows nothing of it, and is left as it is',
  async (_, text) => {
    await writeFile(path, text);
    for (const run of [() => jarOf().list(), () => jarOf().set('a=1', url)]) {
      const error = await rejection(run());
      expect(error).toMatchObject({code: 'ERR_COOKIE_STORE'});
      expect(`${error.message} ${error.cause}`).not.toContain('s3cret');
    }
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readdir(directory)).toEqual(['cookies.json']);
  },
);

it('a directory that is not there is a failure', async () => {
  const error = await rejection(jarOf(join(directory, 'none', 'cookies.json')).set('a=1', url));
  expect(error).toMatchObject({code: 'ERR_COOKIE_STORE', cause: {code: 'ENOENT'}});
});

it('a link stays, and the file that it leads to is replaced', async () => {
  const link = join(directory, 'link.json');
  await writeFile(path, '[]');
  await symlink(path, link);
  await jarOf(link).set('a=1', url);
  expect(await jarOf(path).list()).toHaveLength(1);
  expect(await jarOf(link).list()).toHaveLength(1);
});

it.each(['', 1, undefined])('the path %j is refused', (value) => {
  expect(thrown(() => cookieFile(value as never))).toMatchObject({option: 'path'});
});
