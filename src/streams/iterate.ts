import {type ChunkSource, openChunks} from '../core/chunk-source.ts';

/** Turns what has arrived into items; called without a chunk at the end. What it throws comes after the items before it. */
export type Parser<Item> = (chunk: Uint8Array<ArrayBuffer> | undefined) => Iterable<Item>;

const left = 'The reader left';

/**
 * The items of a body, read as they are asked for. The body is cancelled as soon as the loop is left, also while a
 * read waits, and when anything fails.
 *
 * @param start - Makes the parser, at the first `next()`.
 * @param finish - Done to each item before it is handed on.
 */
export function iterate<Item, Result = Item>(
  response: Response | PromiseLike<Response>,
  start: () => Parser<Item>,
  finish?: (item: Item) => Result | Promise<Result>,
): AsyncIterableIterator<Result, undefined, undefined> {
  type Step = IteratorResult<Result, undefined>;
  const last: Step = {done: true, value: undefined};
  const arriving = Promise.resolve(response);
  // Who reads gets the error; that nobody does yet is no reason to report it.
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

  /** The next item of what is here. */
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
        // Left in the meantime, when there was nothing to cancel yet.
        if (over) {
          opened.cancel(new Error(left));
          return last;
        }
        source = opened;
      }
      const chunk = await source.read();
      if (over) return last;
      if (chunk?.length === 0) continue;
      // There may be items left then.
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
      // One after the other, as of a generator.
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
