import {equal, networkError, ok} from '../assert.ts';
import type {Topic} from '../case.ts';

const piece = 'It was encoded on the way. ';
const repeat = 400;
const text = piece.repeat(repeat);

/** Checks that every coding which the connector announces is decoded. */
export const compression: Topic = (it) => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
    it(`a body with coding ${coding} is decoded if the connector accepts the coding`, async ({
      open,
      room,
    }) => {
      const response = await open().fetch(room.url('/encoded', {coding, text: piece, repeat}));
      ok(
        [coding, 'identity'].includes(response.headers.get('x-coding') ?? ''),
        'a coding that was asked for',
      );
      equal(await response.text(), text, 'text');
    });
  }

  it('a gzip body is decoded if the caller sets Accept-Encoding', async ({open, room}) => {
    const url = room.url('/encoded', {coding: 'gzip', text: piece, repeat});
    // A page may not set this header. Its browser asks for gzip anyway.
    const response = await open().fetch(url, {headers: {'accept-encoding': 'gzip'}});
    equal(response.headers.get('x-coding'), 'gzip', 'x-coding');
    equal(await response.text(), text, 'text');
  });

  it('a large gzip body can be read as a stream', async ({open, room}) => {
    const response = await open().fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat: 100_000}));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let size = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) size += read.value.length;
    equal(size, piece.length * 100_000, 'size');
  });

  it('a response to HEAD or with status 204 is empty even if it declares gzip', async ({open, room}) => {
    const session = open();
    const head = await session.fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat}), {
      method: 'HEAD',
    });
    equal(await head.text(), '', 'body of HEAD');
    const empty = await session.fetch(room.url('/status', {code: 204, header: 'content-encoding:gzip'}));
    equal(await empty.text(), '', 'body of 204');
    equal(session.stats().active, 0, 'active');
  });

  it('a clone of a gzip response is decoded too', async ({open, room}) => {
    const response = await open().fetch(room.url('/encoded', {coding: 'gzip', text: piece, repeat}));
    const clone = response.clone();
    equal(await clone.text(), text, 'text of the clone');
    equal(await response.text(), text, 'text');
  });

  it('a damaged gzip body frees the slot, and any failure is a typed network error', async ({open, room}) => {
    const session = open();
    const url = room.url('/encoded', {coding: 'gzip', text: piece, repeat, broken: 1});
    // The runtime decides whether it notices the damage, and whether the head or the body fails: browsers tolerate a lot.
    try {
      const response = await session.fetch(url, {headers: {'accept-encoding': 'gzip'}});
      await response.text();
    } catch (error) {
      await networkError(Promise.reject(error), 'the body');
    }
    equal(session.stats().active, 0, 'active');
  });
};
