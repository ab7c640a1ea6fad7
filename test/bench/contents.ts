import {gzipSync} from 'node:zlib';

/**
 * What the server serves, which the clients are held to.
 *
 * @module
 */

/** A small JSON text, as an API answers. */
export const small = {
  id: 4711,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  roles: ['admin', 'author'],
  active: true,
  created: '2026-11-24T09:00:00.000Z',
};

/** A list of them, some 10 kB, which is served with gzip. */
export const list = Array.from({length: 70}, (_, index) => ({...small, id: index}));

/** A JSON of 1 kB, for the way up. */
export const document = {title: 'A document', tags: ['one', 'two'], text: 'lorem ipsum dolor '.repeat(52)};

export const largeSize = 100_000;

/** What an upload is answered with, apart from its length, and a POST as well. */
export const smallText = JSON.stringify(small);
export const listGzip = gzipSync(JSON.stringify(list));
export const large = Buffer.alloc(largeSize, 'The quick brown fox jumps over the lazy dog. ');

/** A chunk of a stream, either way. */
export const chunkSize = 64 * 1024;
