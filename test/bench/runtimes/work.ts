/**
 * The work that each runtime is measured by: the same requests, sent by the runtime's own `fetch` and by that of a session.
 *
 * @module
 */

export const kinds = ['get', 'post', 'stream'] as const;
export type Kind = (typeof kinds)[number];
export type Side = 'native' | 'session';

/** Sends this many requests, several at once. */
export interface Work {
  readonly origin: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly count: number;
  readonly concurrency: number;
}

/** What a runtime tells of its work. The harness measures from outside what a runtime can't tell. */
export interface Told {
  readonly seconds?: number;
  readonly cpu?: number;
  readonly error?: string;
}

/** The size of the body of `stream`, in bytes. */
const streamSize = 2 ** 20;
const document = JSON.stringify({title: 'A document', text: 'lorem ipsum dolor '.repeat(54)});
const post = {method: 'POST', body: document};

let requests = 0;

async function readJson(response: Response): Promise<void> {
  const {id} = (await response.json()) as {id: number};
  if (id !== 4711) throw new Error('The response is not what the server sends');
}

async function readStream({body}: Response): Promise<void> {
  let length = 0;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read())
    length += piece.value.length;
  if (length !== streamSize) throw new Error(`${length} of ${streamSize} bytes arrived`);
}

async function sendOne(send: typeof fetch, kind: Kind, origin: string): Promise<void> {
  // Each URL is another, because a browser lets the requests for one URL wait for each other at its cache.
  const number = requests++;
  if (kind === 'stream') await readStream(await send(`${origin}/page/download/${streamSize}?${number}`));
  else await readJson(await send(`${origin}/page/json?${number}`, kind === 'post' ? post : undefined));
}

/** Carries out the work with a session's `fetch`, or with the runtime's own. */
export async function carryOut(
  {origin, side, kind, count, concurrency}: Work,
  sessionFetch: typeof fetch,
): Promise<void> {
  const send = side === 'native' ? fetch : sessionFetch;
  let left = count;
  const loop = async () => {
    while (left-- > 0) await sendOne(send, kind, origin);
  };
  await Promise.all(Array.from({length: concurrency}, loop));
}
