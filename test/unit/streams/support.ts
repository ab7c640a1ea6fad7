import fc from 'fast-check';

export type Bytes = Uint8Array<ArrayBuffer>;

/** A Response whose body comes in just these chunks, and that knows what was taken of it and whether it was cancelled. */
export function chunked(chunks: readonly Uint8Array[], failure?: unknown) {
  const state = {taken: 0, cancelled: undefined as unknown};
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.taken];
        if (chunk) {
          state.taken++;
          controller.enqueue(chunk);
        } else if (failure) controller.error(failure);
        else controller.close();
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    {highWaterMark: 0},
  );
  return {response: new Response(body as ReadableStream<Bytes>), state};
}

export const encode = (text: string): Bytes => new TextEncoder().encode(text);

/** Cuts bytes at these places, empty pieces included. */
export function cutAt(bytes: Bytes, places: readonly number[]): Bytes[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

/** Where to cut a body: often enough that characters and line ends are cut too. */
export const cuts = fc.array(fc.nat(10_000), {maxLength: 40});

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The items up to the failure, and the failure. */
export async function collectToFailure<T>(items: AsyncIterable<T>): Promise<{all: T[]; error: unknown}> {
  const all: T[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    return {all, error};
  }
  return {all, error: undefined};
}
