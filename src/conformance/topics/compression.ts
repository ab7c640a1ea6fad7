import {equal, networkError, ok} from '../assert.ts';
import type {Topic} from '../case.ts';

const piece = 'It was encoded on the way. ';
const repeat = 400;
const text = piece.repeat(repeat);

/** Whatever the connector says it takes is decoded. */
export const compression: Topic = (it) => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
    it(`${coding}: decoded if it was asked for`, async ({open, room}) => {
      const response = await open().fetch(room.url('/encoded', {coding, text: piece, repeat}));
      ok(
        [coding, 'identity'].includes(response.headers.get('x-coding') ?? ''),
        'a coding that was asked for',
      );
      equal(await response.text(), text, 'text');
    });
  }

  it('gzip: decoded if the caller asks for it', async ({open, room}) => {
    const url = room.url('/encoded', {coding: 'gzip', text: piece, repeat});
    // Pages may not set it; they ask for it themselves.
    const response = await open().fetch(url, {headers: {'accept-encoding': 'gzip'}});
    equal(response.headers.get('x-coding'), 'gzip', 'x-coding');
    equal(await response.text(), text, 'text');
  });

  it('gzip: a large body, as a stream', async ({open, room}) => {
    const response = await open().fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat: 100_000}));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let size = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) size += read.value.length;
    equal(size, piece.length * 100_000, 'size');
  });

  it('gzip: no body where there is none', async ({open, room}) => {
    const session = open();
    const head = await session.fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat}), {
      method: 'HEAD',
    });
    equal(await head.text(), '', 'body of HEAD');
    const empty = await session.fetch(room.url('/status', {code: 204, header: 'content-encoding:gzip'}));
    equal(await empty.text(), '', 'body of 204');
    equal(session.stats().active, 0, 'active');
  });

  it('gzip: a clone is decoded too', async ({open, room}) => {
    const response = await open().fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat}));
    const clone = response.clone();
    equal(await clone.text(), text, 'text of the clone');
    equal(await response.text(), text, 'text');
  });

  it('gzip: damage frees the slot, and what fails with it is typed', async ({open, room}) => {
    const session = open();
    const url = room.url('/encoded', {coding: 'gzip', text: piece, repeat, broken: 1});
    // Whether it is found out, and with the head or the body, is the runtime's business: browsers make do with much.
    try {
      const response = await session.fetch(url, {headers: {'accept-encoding': 'gzip'}});
      await response.text();
    } catch (error) {
      await networkError(Promise.reject(error), 'the body');
    }
    equal(session.stats().active, 0, 'active');
  });
};
