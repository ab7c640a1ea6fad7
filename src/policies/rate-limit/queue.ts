import type {AbortListener} from '../../core/call-lifetime.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {RateLimitError} from '../../errors/index.ts';
import {longestDelay} from '../../utils/check-options.ts';
import type {KeyedEntry} from '../../utils/keyed-state.ts';
import {KeyedState} from '../../utils/keyed-state.ts';
import type {Linked} from '../../utils/linked-list.ts';
import {LinkedList} from '../../utils/linked-list.ts';
import type {CheckedLimit} from './options.ts';

/** A limit and its buckets, by key. */
export interface Limit extends CheckedLimit {
  readonly buckets: KeyedState<Bucket>;
}

/** Gives a limit buckets of its own. */
export function withBuckets(checked: CheckedLimit): Limit {
  const limit: Limit = {...checked, buckets: new KeyedState((key) => new Bucket(key, limit))};
  return limit;
}

/** The tokens of one key of one limit. One whose count is elsewhere never runs out here, it's only paused. */
export class Bucket implements KeyedEntry {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly limit: Limit;
  #burst: number;
  #tokens: number;
  /** When it had that many. */
  #at = 0;
  pausedUntil = 0;
  /** Requests waiting that need one of its tokens; one that a store is asked about has it, and counts as in flight. */
  queued = 0;
  inFlight = 0;
  /** Lines whose first request waits for this of its buckets. */
  readonly queues = new LinkedList<WaitQueue>();
  timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(key: string, limit: Limit) {
    this.key = key;
    this.limit = limit;
    this.#burst = limit.store ? Infinity : limit.burst;
    this.#tokens = this.#burst;
  }

  /** When it has a token, after as many more as are `ahead`. */
  readyAt(now: number, ahead = 0): number {
    const from = Math.max(now, this.pausedUntil);
    const missing = ahead + 1 - this.#tokensAt(from);
    // Fractions add up to not quite one.
    return missing > 1e-9 ? from + missing * this.limit.interval : from;
  }

  take(now: number): void {
    this.#tokens = this.#tokensAt(now) - 1;
    this.#at = now;
  }

  giveBack(): void {
    this.#tokens++;
  }

  /** The server says how many it allows, and how many were left; those still on their way are not in its count. */
  lower(now: number, burst: number, left: number): void {
    if (this.limit.store) return;
    this.#burst = Math.max(1, Math.min(this.limit.burst, burst));
    this.#tokens = Math.min(this.#tokensAt(now), left - this.inFlight + 1);
    this.#at = now;
  }

  isIdle(now: number): boolean {
    return (
      this.queued === 0 &&
      this.inFlight === 0 &&
      this.pausedUntil <= now &&
      this.#tokensAt(now) === this.#burst
    );
  }

  #tokensAt(now: number): number {
    return Math.min(this.#burst, this.#tokens + (now - this.#at) / this.limit.interval);
  }
}

/** Those who wait for tokens of the same buckets, first come first served. */
export class WaitQueue implements Linked {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly buckets: readonly Bucket[];
  readonly waiting = new LinkedList<Waiter>();
  /** Questions to stores under way: one for each of so many waiting; the answer is for whoever is then the first. */
  asking = 0;
  /** How many questions there may be: one after a refusal, twice as many after each answer that is none. */
  width = 16;
  /** Forgets it, when nobody is left. */
  readonly dissolve: () => void;

  constructor(buckets: readonly Bucket[], dissolve: () => void) {
    this.buckets = buckets;
    this.dissolve = dissolve;
  }
}

/** A request that waits for its tokens. */
export class Waiter implements Linked, AbortListener {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly request: ConnectorRequest;
  /** When it would have waited too long. */
  readonly deadline: number;
  readonly #queue: WaitQueue;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    queue: WaitQueue,
    request: ConnectorRequest,
    deadline: number,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#queue = queue;
    this.request = request;
    this.deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
    queue.waiting.append(this);
    for (const bucket of queue.buckets) bucket.queued++;
    request.lifetime.onAbort(this);
    request.lifetime.trace?.emit('rateLimitWaitStart', request);
  }

  granted(): void {
    for (const bucket of this.#queue.buckets) bucket.inFlight++;
    this.#leave();
    this.#resolve();
  }

  refused(delay: number | undefined, cause?: unknown): void {
    this.aborted(refusal(delay, this.request, cause));
  }

  aborted(reason: unknown): void {
    this.#leave();
    this.#reject(reason);
  }

  #leave(): void {
    const queue = this.#queue;
    this.request.lifetime.offAbort(this);
    queue.waiting.remove(this);
    for (const bucket of queue.buckets) {
      bucket.queued--;
      if (queue.waiting.size === 0 && bucket.queues.remove(queue) && bucket.queues.size === 0) {
        clearTimeout(bucket.timer);
        bucket.timer = undefined;
      }
    }
    if (queue.waiting.size === 0 && queue.asking === 0) queue.dissolve();
    // At last: a listener may make calls that wait in the same queue.
    this.request.lifetime.trace?.emit('rateLimitWaitEnd', this.request);
  }
}

/** What a request fails with that would wait too long, or for a store that fails. */
export function refusal(
  retryAfter: number | undefined,
  request: ConnectorRequest,
  cause?: unknown,
): RateLimitError {
  return new RateLimitError(retryAfter, {request, attempts: request.attempt, cause});
}

/** Lets those go whose tokens are all there at once: one taken while another is waited for would be spent after its time. */
export function drain(queue: WaitQueue, now: number): void {
  const {buckets, waiting} = queue;
  const asks = buckets.some((bucket) => bucket.limit.store);
  // Whoever is let go may make a call, and that may have it wait meanwhile.
  while (!queue.list && waiting.size > queue.asking && queue.asking < queue.width) {
    const slowest = buckets.reduce((slowest, bucket) =>
      bucket.readyAt(now) > slowest.readyAt(now) ? bucket : slowest,
    );
    if (slowest.readyAt(now) > now) {
      waitFor(queue, slowest, now);
      return;
    }
    for (const bucket of buckets) bucket.take(now);
    if (asks) void ask(queue);
    else (waiting.first as Waiter).granted();
  }
}

/** Leaves the queue to wait for one of its buckets. */
export function waitFor(queue: WaitQueue, bucket: Bucket, now: number): void {
  bucket.queues.append(queue);
  refuseLate(queue, bucket, now);
  arm(bucket, now);
}

/** Those who would wait too long hear it now: a pause, or a store, came between. */
function refuseLate({waiting}: WaitQueue, bucket: Bucket, now: number): void {
  const readyAt = bucket.readyAt(now);
  while (waiting.first && waiting.first.deadline < readyAt) waiting.first.refused(readyAt - now);
}

function arm(bucket: Bucket, now: number): void {
  if (bucket.timer !== undefined || bucket.queues.size === 0) return;
  // Timers take whole ms; the fraction of one that sums are off by is none.
  const delay = Math.min(longestDelay, Math.ceil(bucket.readyAt(now) - now - 1e-6));
  bucket.timer = setTimeout(() => pump(bucket), delay);
}

/** Lets as many go as the bucket has tokens for, queue by queue in turn. */
function pump(bucket: Bucket): void {
  clearTimeout(bucket.timer);
  bucket.timer = undefined;
  const now = performance.now();
  while (bucket.queues.first && bucket.readyAt(now) <= now) drain(bucket.queues.shift() as WaitQueue, now);
  arm(bucket, now);
}

/** Nothing of the bucket goes before `time`. */
export function pauseUntil(bucket: Bucket, time: number): void {
  if (time <= bucket.pausedUntil) return;
  bucket.pausedUntil = time;
  const now = performance.now();
  for (const queue of bucket.queues) refuseLate(queue, bucket, now);
}

/** Asks the stores of a queue whose tokens here are taken; the first waiting goes, or the tokens go back. */
async function ask(queue: WaitQueue): Promise<void> {
  queue.asking++;
  for (const bucket of queue.buckets) {
    bucket.queued--;
    bucket.inFlight++;
  }
  const taken: Bucket[] = [];
  let refusedBy: Bucket | undefined;
  let delay = 0;
  let failure: {readonly cause: unknown} | undefined;
  for (const bucket of queue.buckets) {
    const {store, storeTimeout, opensOnFailure} = bucket.limit;
    if (!store) continue;
    try {
      delay = await within(storeTimeout, store.take(bucket.key, bucket.limit));
      if (delay > 0) refusedBy = bucket;
      else taken.push(bucket);
    } catch (cause) {
      if (!opensOnFailure) failure = {cause};
    }
    if (refusedBy || failure) break;
  }
  queue.asking--;
  queue.width = refusedBy ? 1 : queue.width * 2;
  const now = performance.now();
  const first = queue.waiting.first;
  for (const bucket of queue.buckets) {
    bucket.queued++;
    bucket.inFlight--;
  }
  if (refusedBy) pauseUntil(refusedBy, now + delay);
  // A pause may also have come before the answer.
  if (first && !failure && queue.buckets.every((bucket) => bucket.pausedUntil <= now)) {
    first.granted();
  } else {
    if (failure) first?.refused(undefined, failure.cause);
    putBack(queue.buckets, taken);
  }
  if (queue.waiting.size === 0 && queue.asking === 0) queue.dissolve();
  else if (!queue.list) drain(queue, now);
}

/** Tokens that weren't used are for whoever is next; those of `taken` came from stores. */
export function putBack(buckets: readonly Bucket[], taken: readonly Bucket[]): void {
  for (const bucket of taken) void giveBack(bucket);
  for (const bucket of buckets) {
    bucket.giveBack();
    pump(bucket);
  }
}

async function giveBack({key, limit}: Bucket): Promise<void> {
  try {
    await limit.store?.giveBack?.(key, limit);
  } catch {
    // Then the quota is one short; nobody is waiting to hear of it.
  }
}

function within<T>(ms: number, answer: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer in ${ms} ms`)), Math.min(ms, longestDelay));
    Promise.resolve(answer)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}
