import {setImmediate as turn} from 'node:timers/promises';
import {iterChunks, iterEvents, iterLines, iterNdjson} from '../../../src/index.ts';
import type {Draw} from './draw.ts';

/** What a reader of a response's body may throw that is no `AiofetchError`. */
export type ReadFailure = 'SyntaxError' | 'TypeError' | undefined;

interface Reading {
  readonly name: string;
  /** The class of the runtime's own errors about a body that arrived whole and is not what the reader wants. */
  readonly mayThrow?: ReadFailure;
  /** Whether the whole body was read or given up, so that nothing holds the slot. */
  readonly leavesBody?: boolean;
  readonly read: (response: Response, draw: Draw, onChunk: () => void) => Promise<unknown>;
}

const readings: readonly Reading[] = [
  {name: 'text', read: (response) => response.text()},
  {name: 'json', mayThrow: 'SyntaxError', read: (response) => response.json()},
  {name: 'bytes', read: (response) => response.bytes()},
  {name: 'arrayBuffer', read: (response) => response.arrayBuffer()},
  {name: 'blob', read: (response) => response.blob()},
  {name: 'formData', mayThrow: 'TypeError', read: (response) => response.formData()},
  {name: 'iterChunks', read: (response, draw, onChunk) => loop(iterChunks(response), draw, onChunk)},
  {name: 'iterLines', read: (response, draw, onChunk) => loop(iterLines(response), draw, onChunk)},
  {name: 'iterNdjson', read: (response, draw, onChunk) => loop(iterNdjson(response), draw, onChunk)},
  {name: 'iterEvents', read: (response, draw, onChunk) => loop(iterEvents(response), draw, onChunk)},
  {
    name: 'reader',
    async read(response, draw, onChunk) {
      const reader = response.body?.getReader();
      if (!reader) return;
      const isSlow = draw.chance(0.5);
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        onChunk();
        if (isSlow) await turn();
      }
    },
  },
  {
    name: 'part',
    async read(response, draw) {
      const reader = response.body?.getReader();
      if (!reader) return;
      for (let left = draw.int(4); left > 0; left--) if ((await reader.read()).done) return;
      if (draw.chance(0.3)) {
        // Cancelled while a read is under way.
        const pending = reader.read();
        await Promise.all([pending.catch(() => undefined), reader.cancel(new Error('enough'))]);
        return;
      }
      await reader.cancel(draw.pick<unknown>([undefined, new Error('enough'), null, 'enough']));
    },
  },
  {name: 'cancel', read: async (response) => response.body?.cancel()},
  {
    name: 'clone',
    async read(response, draw) {
      const clone = response.clone();
      if (draw.chance(0.4)) {
        await Promise.all([response.body?.cancel(), clone.body?.cancel()]);
        return;
      }
      await bothSettled(response.text(), clone.bytes());
    },
  },
  {
    name: 'tee',
    async read(response) {
      const [one, other] = response.body?.tee() ?? [];
      await bothSettled(new Response(one).text(), new Response(other).text());
    },
  },
  {name: 'leave', leavesBody: true, read: async () => {}},
  {
    name: 'leave a part',
    leavesBody: true,
    async read(response) {
      const reader = response.body?.getReader();
      await reader?.read();
      reader?.releaseLock();
    },
  },
  {
    name: 'pipe',
    async read(response) {
      await response.body?.pipeTo(new WritableStream({write: () => turn()}));
    },
  },
  {
    name: 'pipe to a failing sink',
    async read(response) {
      const failure = new Error('sink failed');
      const sink = new WritableStream({write: () => Promise.reject(failure)});
      await response.body?.pipeTo(sink).catch((error: unknown) => {
        if (error !== failure) throw error;
      });
    },
  },
];

const usual: Readonly<Record<string, number>> = {
  text: 5,
  bytes: 2,
  iterChunks: 2,
  reader: 3,
  part: 3,
  cancel: 2,
  leave: 0.7,
  'leave a part': 0.4,
};

/** Draws what a caller does with a response. */
export function drawReading(draw: Draw): Reading {
  const name = draw.weighted(Object.fromEntries(readings.map(({name}) => [name, usual[name] ?? 1])));
  return readings.find((reading) => reading.name === name) as Reading;
}

async function loop(items: AsyncIterable<unknown>, draw: Draw, onChunk: () => void): Promise<void> {
  const breaksAfter = draw.chance(0.3) ? draw.int(5) : Infinity;
  const isSlow = draw.chance(0.2);
  let count = 0;
  for await (const _ of items) {
    onChunk();
    if (count++ >= breaksAfter) return;
    if (isSlow && count < 50) await turn();
  }
}

/** Fails with the first failure, but only when both have settled. */
async function bothSettled(one: Promise<unknown>, other: Promise<unknown>): Promise<void> {
  for (const result of await Promise.allSettled([one, other]))
    if (result.status === 'rejected') throw result.reason;
}
