import {HTTPError} from '../../errors/index.ts';
import {iterChunks} from '../../streams/index.ts';
import {equal, instance, rejection, typedRejection} from '../assert.ts';
import type {Case, Topic} from '../case.ts';

const limit = 1_000;

/** Checks that `maxResponseSize` stops larger bodies, counted after decompression, and is refused where nothing can count them. */
export const sizes: Topic = (it, can) => {
  if (!can.maxResponseSize) {
    it('maxResponseSize is refused where the connector cannot count bodies', async ({open, room}) => {
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
    'text() of a clone': (response) => response.clone().text(),
    'text() of a response that was cloned': (response) => {
      // Nobody reads the clone.
      response.clone();
      return response.text();
    },
  };
  for (const [what, read] of Object.entries(readers)) {
    it(`a body that exceeds maxResponseSize fails: read by ${what}`, async (given) => {
      const session = given.open({maxResponseSize: limit});
      const response = await session.fetch(chunked(given, 100_000));
      await typedRejection(read(response), what, tooLarge);
      equal(session.stats().active, 0, 'active');
    });

    it(`a body that exceeds maxResponseSize once it is decoded fails: read by ${what}`, async (given) => {
      const session = given.open({maxResponseSize: limit});
      // A page may not set this header. Its browser asks for gzip anyway.
      const response = await session.fetch(bomb(given), {headers: {'accept-encoding': 'gzip'}});
      await typedRejection(read(response), what, tooLarge);
      equal(session.stats().active, 0, 'active');
    });
  }

  it('a body of exactly maxResponseSize is given whole', async (given) => {
    const session = given.open({maxResponseSize: limit});
    for (const url of [chunked(given, limit), given.room.url('/bytes', {size: limit})]) {
      equal((await (await session.fetch(url)).arrayBuffer()).byteLength, limit, 'size');
    }
    const longer = await session.fetch(chunked(given, limit + 1));
    await typedRejection(longer.arrayBuffer(), 'one byte more', tooLarge);
  });

  it('a response whose content-length exceeds maxResponseSize is refused', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const promise = session.get(room.url('/bytes', {size: limit + 1})).text();
    await typedRejection(promise, 'the call', tooLarge);
    equal(session.stats().active, 0, 'active');
  });

  it('a response without a body passes, whatever its content-length says', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const head = await session.fetch(room.url('/bytes', {size: 100_000}), {method: 'HEAD'});
    equal(head.status, 200, 'status of HEAD');
    const code = {code: 304, header: 'content-length:100000'};
    equal((await session.fetch(room.url('/status', code))).status, 304, 'status');
  });

  it('the body of a redirect does not count towards maxResponseSize', async ({open, room}) => {
    const session = open({maxResponseSize: limit});
    const to = room.url('/bytes', {size: limit});
    const response = await session.fetch(room.url('/redirect', {to, size: 20_000}));
    equal((await response.arrayBuffer()).byteLength, limit, 'size');
  });

  it('an error status is reported as an HTTPError, even if its body exceeds maxResponseSize', async ({
    open,
    room,
  }) => {
    const session = open({maxResponseSize: limit});
    const text = 'x'.repeat(limit + 1);
    const error = await rejection(session.get(room.url('/status', {code: 500, text})).text(), 'the call');
    instance(error, HTTPError);
    equal((error as HTTPError).status, 500, 'status');
    equal(session.stats().active, 0, 'active');
  });

  it('the maxResponseSize of a call overrides that of the session', async (given) => {
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
