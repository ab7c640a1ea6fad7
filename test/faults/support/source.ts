import {setImmediate as turn} from 'node:timers/promises';
import type {RequestBody} from '../../../src/index.ts';
import type {Draw} from './draw.ts';

/** A request body, and what may come of it. */
export interface Source {
  readonly body: RequestBody | undefined;
  /** Whether the call has to fail with a plain `TypeError`, because the body is not one. */
  readonly isInvalid?: boolean;
  /** For a stream: whether the session has left it, so that its producer could go. */
  readonly isLeft?: () => boolean;
}

const large = Buffer.alloc(600_000, 'u');

/** Draws the body of a request: of every kind, also streams that fail, stall or go on for ever. */
export function drawSource(draw: Draw): Source {
  switch (
    draw.weighted({
      text: 3,
      bytes: 2,
      large: 1,
      blob: 1,
      form: 1,
      params: 0.5,
      factory: 1,
      stream: 3,
      iterable: 3,
      invalid: 0.3,
    })
  ) {
    case 'bytes':
      return {body: new Uint8Array(draw.int(5_000))};
    case 'large':
      return {body: large};
    case 'blob':
      return {body: new Blob(['b'.repeat(draw.int(100_000))])};
    case 'form': {
      const form = new FormData();
      form.append('name', 'value');
      form.append('file', new Blob(['f'.repeat(draw.int(50_000))]), 'file.txt');
      return {body: form};
    }
    case 'params':
      return {body: new URLSearchParams({a: '1'})};
    case 'factory':
      return {body: () => streamOf(draw.fork('factory')).body as ReadableStream<Uint8Array>};
    case 'stream':
      return streamOf(draw);
    case 'iterable':
      return iterableOf(draw);
    case 'invalid':
      return {
        body: (async function* () {
          yield 5 as unknown as string;
        })(),
        isInvalid: true,
      };
    default:
      return {body: 't'.repeat(draw.int(2_000))};
  }
}

const ends = {ends: 6, fails: 2, stalls: 1, throwsOdd: 1} as const;

function streamOf(draw: Draw): Source {
  const how = draw.weighted(ends);
  const odd = draw.pick<unknown>([undefined, null, 'text', 0, new TypeError('source failed')]);
  let left = draw.int(12);
  let isLeft = false;
  const chunk = new Uint8Array(draw.pick([1, 100, 40_000]));
  const isSlow = draw.chance(0.5);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isSlow) await turn();
      if (isLeft) return;
      if (left-- > 0) return controller.enqueue(chunk.slice());
      if (how === 'stalls') await new Promise(() => {});
      isLeft = true;
      if (how === 'ends') controller.close();
      else controller.error(how === 'fails' ? new Error('source failed') : odd);
    },
    cancel() {
      isLeft = true;
      if (draw.chance(0.2)) throw new Error('cancel failed');
    },
  });
  return {body, isLeft: () => isLeft};
}

function iterableOf(draw: Draw): Source {
  const how = draw.weighted(ends);
  const odd = draw.pick<unknown>([undefined, null, 'text', 0, new TypeError('source failed')]);
  let left = draw.int(12);
  const chunk = draw.chance(0.5) ? 'text' : new Uint8Array(draw.pick([0, 1, 40_000]));
  const isSlow = draw.chance(0.5);
  async function* produce() {
    while (left-- > 0) {
      if (isSlow) await turn();
      yield chunk;
    }
    if (how === 'stalls') await new Promise(() => {});
    if (how === 'fails') throw new Error('source failed');
    if (how === 'throwsOdd') throw odd;
  }
  return {body: produce() as AsyncIterable<string>};
}
