import {gzipSync} from 'node:zlib';

/**
 * The bodies that the server sends, with which the responses of the clients are compared.
 *
 * @module
 */

/** A small JSON value, as APIs return it. */
export const small = {
  id: 4711,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  roles: ['admin', 'author'],
  active: true,
  created: '2026-11-24T09:00:00.000Z',
};

/** A list of such values, of about 10 kB as JSON, which is served with gzip. */
export const list = Array.from({length: 70}, (_, index) => ({...small, id: index}));

/** A value of 1 kB as JSON, for uploads. */
export const document = {title: 'A document', tags: ['one', 'two'], text: 'lorem ipsum dolor '.repeat(52)};

export const largeSize = 100_000;

/** The answer to a GET and to a POST. */
export const smallText = JSON.stringify(small);
export const listGzip = gzipSync(JSON.stringify(list));
export const large = Buffer.alloc(largeSize, 'The quick brown fox jumps over the lazy dog. ');

/** The size of a chunk of a stream, in both directions. */
export const chunkSize = 64 * 1024;
