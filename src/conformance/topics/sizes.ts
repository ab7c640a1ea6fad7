import {HTTPError} from '../../errors/index.ts';
import {iterChunks} from '../../streams/index.ts';
import {equal, instance, rejection, typedRejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';

const limit = 1_000;

/** `maxResponseSize` stops what is larger, counted after decompression; where it can't be counted it is refused. */
export const sizes: Topic = (it, can) => {
  if (!can.maxResponseSize) {
    it('maxResponseSize is refused', async ({open, room}) => {
      const promise = open().fetch(room.url('/bytes'), {maxResponseSize: limit});
      await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'maxResponseSize'});
    });
    return;
  }

  const tooLarge = {name: 'ResponseTooLargeError', limit, phase: 'receive'};
  const chunked = ({room}: Case, size: number) => room.url('/bytes', {size, chunked: 1});
  const bomb = ({room}: Case) => room.url('/encoded', {coding: 'gzip', text: 'x', repeat: 5_000_000});

  const readers: Record<string, (response: Response) => Promise<unknown>> = {
    'text()': (response) => response.text(),
    'json()': (response) => response.json(),
    'bytes()': (response) => response.bytes(),
    'arrayBuffer()': (response) => response.arrayBuffer(),
    'blob()': (response) => response.blob(),
    body: (response) => readAll(response.body as ReadableStream<Uint8Array>),
    iterChunks: async (response) => {
      for await (const _chunk of iterChunks(response));
    },
    'a clone': (response) => response.clone().text(),
    'what was cloned': (response) => {
      // Nobody reads the other.
      response.clone();
      return response.text();
    },
  };
  for (const [what, read] of Object.entries(readers)) {
    it(`a body that is too large breaks off: ${what}`, async (given) => {
      const session = given.open({maxResponseSize: limit});
      const response = await session.fetch(chunked(given, 100_000));
      await typedRejection(read(response), what, tooLarge);
      equal(session.stats().active, 0, 'active');
    });

    it(`so does one that only grew by being decoded: ${what}`, async (given) => {
      const session = given.open({maxResponseSize: limit});
      // A page can't ask for it, and does.
      const response = await session.fetch(bomb(given), {headers: {'accept-encoding': 'gzip'}});
      await typedRejection(read(response), what, tooLarge);
      equal(session.stats().active, 0, 'active');
    });
  }

  it('one of just that size is whole', async (given) => {
    const session = given.open({maxResponseSize: limit});
    for (const url of [chunked(given, limit), given.room.url('/bytes', {size: limit})]) {
      equal((await (await session.fetch(url)).arrayBuffer()).byteLength, limit, 'size');
    }
    const longer = await session.fetch(chunked(given, limit + 1));
    await typedRejection(longer.arrayBuffer(), 'one byte more', tooLarge);
  });

  it('one that says beforehand that it is larger is refused', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const promise = session.get(room.url('/bytes', {size: limit + 1})).text();
    await typedRejection(promise, 'the call', tooLarge);
    equal(session.stats().active, 0, 'active');
  });

  it('a head without a body is of no size, whatever it says', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const head = await session.fetch(room.url('/bytes', {size: 100_000}), {method: 'HEAD'});
    equal(head.status, 200, 'status of HEAD');
    const code = {code: 304, header: 'content-length:100000'};
    equal((await session.fetch(room.url('/status', code))).status, 304, 'status');
  });

  it('what a redirect has for a body does not count', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const to = room.url('/bytes', {size: limit});
    const response = await session.fetch(room.url('/redirect', {to, size: 20_000}));
    equal((await response.arrayBuffer()).byteLength, limit, 'size');
  });

  it('the status of an error is told, however large its body is', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const text = 'x'.repeat(limit + 1);
    const error = await rejection(session.get(room.url('/status', {code: 500, text})).text(), 'the call');
    instance(error, HTTPError);
    equal((error as HTTPError).status, 500, 'status');
    equal(session.stats().active, 0, 'active');
  });

  it('a call’s own goes before the session’s', async (given) => {
    const session = given.open({maxResponseSize: limit});
    const response = await session.fetch(chunked(given, 5_000), {maxResponseSize: 5_000});
    equal((await response.arrayBuffer()).byteLength, 5_000, 'size');
    const any = await session.get(chunked(given, 5_000), {maxResponseSize: Infinity}).arrayBuffer();
    equal(any.byteLength, 5_000, 'size of one without');
    const none = session.get(chunked(given, 1), {maxResponseSize: 0}).arrayBuffer();
    await typedRejection(none, 'one that may have nothing', {...tooLarge, limit: 0});
  });
};

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}
