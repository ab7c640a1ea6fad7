import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {InvalidOptionError, iterChunks} from '../../../src/index.ts';
import {rechunk} from '../../../src/streams/rechunk.ts';
import {heapUsed} from '../../support/heap.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';
import {waitFor} from '../../support/wait-for.ts';
import {chunked, collect, collectToFailure, cutAt, cuts, encode} from './support.ts';

describe('iterChunks', () => {
  it('bytes in any chunks are cut into pieces of the size, and the last piece is shorter', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({maxLength: 300}),
      cuts,
      fc.integer({min: 1, max: 320}),
      async (bytes, places, size) => {
        const own = new Uint8Array(bytes);
        const pieces = await collect(iterChunks(chunked(cutAt(own, places)).response, size));
        const expected: number[][] = [];
        for (let start = 0; start < own.length; start += size)
          expected.push([...own.slice(start, start + size)]);
        expect(pieces.map((piece) => [...piece])).toEqual(expected);
      },
    );
    await fc.assert(property, {numRuns: 300});
  });

  it('a piece that arrives byte by byte takes memory in proportion to its size', () => {
    const cut = rechunk(600_000);
    const before = heapUsed();
    const bytes = new Uint8Array(500_000).map((_, index) => (index * 7) % 251);
    for (let at = 0; at < bytes.length; at++)
      for (const _ of cut(bytes.subarray(at, at + 1))) throw new Error('No piece is complete');
    // An array of one byte takes a hundred bytes.
    expect(heapUsed() - before).toBeLessThan(10_000_000);
    const [piece] = cut(undefined);
    expect(piece?.length).toBe(bytes.length);
    expect(piece?.every((byte, index) => byte === bytes[index])).toBe(true);
  });

  it('without a size, chunks come as they arrive, except empty ones', async () => {
    const chunks = ['a', '', 'bcd', 'e'].map(encode);
    expect(await collect(iterChunks(chunked(chunks).response))).toEqual(['a', 'bcd', 'e'].map(encode));
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '5'])(
    'the size %s is refused, and the body cancelled',
    async (size) => {
      const {response, state} = chunked([encode('abc')]);
      const error = await rejection(iterChunks(response, size as number).next());
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error).toMatchObject({option: 'size'});
      await waitFor(() => state.cancelled !== undefined);
    },
  );

  it('a response without a body has no chunks', async () => {
    expect(await collect(iterChunks(new Response(null, {status: 204})))).toEqual([]);
    expect(await collect(iterChunks(new Response('')))).toEqual([]);
  });

  it('a promise of a response is accepted, and its error reaches the loop', async () => {
    expect(await collect(iterChunks(Promise.resolve(new Response('abc'))))).toEqual([encode('abc')]);
    const iterator = iterChunks(Promise.reject(new Error('no answer')));
    // Time for it to count as unhandled.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await rejection(iterator.next())).toMatchObject({message: 'no answer'});
    expect(await iterator.next()).toEqual({done: true, value: undefined});
  });

  it('a body that was read, or is being read, is refused', async () => {
    const read = new Response('abc');
    await read.text();
    expect(await rejection(iterChunks(read).next())).toBeInstanceOf(TypeError);
    const locked = new Response('abc');
    locked.body?.getReader();
    expect(await rejection(iterChunks(locked).next())).toBeInstanceOf(TypeError);
    const twice = new Response('abc');
    await iterChunks(twice).next();
    expect(await rejection(iterChunks(twice).next())).toBeInstanceOf(TypeError);
  });

  it('the chunks before a failure come first, then the failure, then the end', async () => {
    const failure = new Error('cut');
    const iterator = iterChunks(chunked([encode('abcde')], failure).response, 2);
    expect(await collectToFailure(iterator)).toEqual({all: ['ab', 'cd'].map(encode), error: failure});
    expect(await iterator.next()).toEqual({done: true, value: undefined});
  });

  it('a chunk is read only when the loop asks for it', async () => {
    const {response, state} = chunked(Array.from({length: 10}, () => encode('abcd')));
    const iterator = iterChunks(response, 2);
    expect(state.taken).toBe(0);
    for (let index = 1; index <= 10; index++) {
      await iterator.next();
      expect(state.taken).toBe(Math.ceil(index / 2));
    }
  });

  it('concurrent calls of next() get chunks in the order of the calls', async () => {
    const {response} = chunked(['ab', 'c', 'def'].map(encode));
    const iterator = iterChunks(response, 1);
    const steps = await Promise.all(Array.from({length: 8}, () => iterator.next()));
    expect(steps.map(({value}) => value && String.fromCharCode(value[0] as number))).toEqual([
      ...'abcdef',
      undefined,
      undefined,
    ]);
  });
});

describe('leaving early cancels the body', () => {
  const many = () => chunked(Array.from({length: 10}, () => encode('abcd')));

  it('break cancels the body', async () => {
    const {response, state} = many();
    for await (const _ of iterChunks(response)) break;
    expect(state).toMatchObject({taken: 1, cancelled: expect.any(Error)});
  });

  it('a throw in the loop cancels the body', async () => {
    const {response, state} = many();
    const loop = async () => {
      for await (const _ of iterChunks(response)) throw new Error('mine');
    };
    expect(await rejection(loop())).toMatchObject({message: 'mine'});
    expect(state.cancelled).toBeDefined();
  });

  it('return() before the first next() cancels the body', async () => {
    const {response, state} = many();
    const iterator = iterChunks(Promise.resolve(response));
    expect(await iterator.return?.()).toEqual({done: true, value: undefined});
    expect(await iterator.next()).toEqual({done: true, value: undefined});
    await waitFor(() => state.cancelled !== undefined);
    expect(state.taken).toBe(0);
  });

  it('return() before the response has arrived cancels its body once it arrives', async () => {
    const {response, state} = many();
    const {promise, resolve} = Promise.withResolvers<Response>();
    const iterator = iterChunks(promise);
    const next = iterator.next();
    await iterator.return?.();
    expect(await next).toEqual({done: true, value: undefined});
    resolve(response);
    await waitFor(() => state.cancelled !== undefined);
  });

  it('return() during a pending read cancels the body', async () => {
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const iterator = iterChunks(new Response(body));
    const steps = [iterator.next(), iterator.next()];
    await new Promise((resolve) => setTimeout(resolve, 5));
    await iterator.return?.();
    expect(await Promise.all(steps)).toEqual(Array(2).fill({done: true, value: undefined}));
    expect(cancelled).toBeInstanceOf(Error);
  });

  it('leaving the loop frees the slot of the response', async () => {
    const {session} = mockSession(() => many().response, {}, {limit: 1});
    for (let round = 0; round < 3; round++) {
      for await (const _ of iterChunks(session.get('https://api.test/'))) {
        expect(session.stats().active).toBe(1);
        break;
      }
      expect(session.stats().active).toBe(0);
    }
  });
});

describe('through a session', () => {
  it('an abort in the middle of a body fails the loop with its reason', async () => {
    const stalled = () =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({start: (c) => c.enqueue(encode('abc'))});
    const {session} = mockSession(() => new Response(stalled()));
    const controller = new AbortController();
    const iterator = iterChunks(session.fetch('https://api.test/', {signal: controller.signal}));
    expect((await iterator.next()).value).toEqual(encode('abc'));
    const next = rejection(iterator.next());
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await next).toBe(reason);
    expect(session.stats().active).toBe(0);
  });

  it('a timeout in the middle of a body fails the loop', async () => {
    const stalled = () =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({start: (c) => c.enqueue(encode('abc'))});
    const {session} = mockSession(() => new Response(stalled()), {timeout: {read: 20}});
    const {all, error} = await collectToFailure(iterChunks(session.get('https://api.test/')));
    expect(all).toEqual([encode('abc')]);
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'read'});
    expect(session.stats().active).toBe(0);
  });
});
