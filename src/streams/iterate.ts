import {type ChunkSource, openChunks} from '../core/chunk-source.ts';

/**
 * Turns a chunk into items. Called without a chunk at the end of the body. An error that it throws reaches the reader after
 * the items that it yielded before.
 */
export type Parser<Item> = (chunk: Uint8Array<ArrayBuffer> | undefined) => Iterable<Item>;

const left = 'The reader left';

/**
 * Iterates over the items of a body, which is read when the loop asks for an item. The body is cancelled as soon as the
 * loop is left, even while a read waits, and when anything fails. A generator could not be left while it waits.
 *
 * The function is long because all its parts share the state of the iteration.
 *
 * @param start - creates the parser, at the first `next()`
 * @param finish - converts each item before the loop gets it
 */
export function iterate<Item, Result = Item>(
  response: Response | PromiseLike<Response>,
  start: () => Parser<Item>,
  finish?: (item: Item) => Result | Promise<Result>,
): AsyncIterableIterator<Result, undefined, undefined> {
  type Step = IteratorResult<Result, undefined>;
  const last: Step = {done: true, value: undefined};
  const arriving = Promise.resolve(response);
  // The reader gets the error. Without this handler it would be reported as unhandled until the first `next()`.
  arriving.catch(() => undefined);

  let source: ChunkSource | undefined;
  let parse: Parser<Item> | undefined;
  let items: Iterator<Item> | undefined;
  let ended = false;
  let over = false;
  let leave: (() => void) | undefined;
  let pending: Promise<Step> | undefined;

  function stop(reason: unknown): void {
    over = true;
    items = undefined;
    if (source) source.cancel(reason);
    else arriving.then((late) => openChunks(late).cancel(reason)).catch(() => undefined);
  }

  /** Returns the next item of the chunk that has arrived, if there is one. */
  function take(): Step | Promise<Step> | undefined {
    const item = items?.next();
    if (!item || item.done) return undefined;
    if (!finish) return {done: false, value: item.value as unknown as Result};
    return Promise.resolve(finish(item.value)).then((value) => ({done: false, value}));
  }

  async function read(): Promise<Step> {
    parse ??= start();
    while (!ended) {
      if (!source) {
        const opened = openChunks(await arriving);
        // The loop was left before the response arrived, when there was no body to cancel yet.
        if (over) {
          opened.cancel(new Error(left));
          return last;
        }
        source = opened;
      }
      const chunk = await source.read();
      if (over) return last;
      if (chunk?.length === 0) continue;
      // The parser may have items left at the end of the body.
      ended = chunk === undefined;
      items = parse(chunk)[Symbol.iterator]();
      const step = take();
      if (step) return step;
    }
    over = true;
    return last;
  }

  function step(): Step | Promise<Step> {
    if (over) return last;
    try {
      return (
        take() ??
        new Promise<Step>((resolve, reject) => {
          leave = () => resolve(last);
          read().then(resolve, reject);
        })
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function fail(error: unknown): Step {
    leave = undefined;
    if (over) return last;
    stop(error);
    throw error;
  }

  return {
    next() {
      // Concurrent calls run one after the other, as those of a generator do.
      const result = pending ? pending.then(step) : step();
      if (!(result instanceof Promise)) return Promise.resolve(result);
      const settled = result.catch(fail);
      const tail = settled.catch(() => last);
      pending = tail;
      void tail.then(() => {
        if (pending === tail) pending = undefined;
      });
      return settled;
    },
    async return() {
      if (!over) stop(new Error(left));
      leave?.();
      return last;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
