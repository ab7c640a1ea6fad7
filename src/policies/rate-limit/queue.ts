import {startTimer, whenSettled} from '#timers';
import type {AbortListener} from '../../core/call-lifetime.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {RateLimitError} from '../../errors/index.ts';
import {longestDelay} from '../../utils/check-options.ts';
import type {KeyedEntry} from '../../utils/keyed-state.ts';
import {KeyedState} from '../../utils/keyed-state.ts';
import type {Linked} from '../../utils/linked-list.ts';
import {LinkedList} from '../../utils/linked-list.ts';
import type {CheckedLimit} from './options.ts';

/** A limit with a bucket for each key of its scope. */
export interface Limit extends CheckedLimit {
  readonly buckets: KeyedState<Bucket>;
}

/** Makes a limit with buckets of its own. */
export function withBuckets(checked: CheckedLimit): Limit {
  const buckets = new KeyedState((key) => new Bucket(key, limit), checked.maxKeys);
  const limit: Limit = {...checked, buckets};
  return limit;
}

/**
 * The tokens of one key of one limit. If a store counts the requests, the bucket never runs out of tokens: it can only be
 * paused.
 */
export class Bucket implements KeyedEntry {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  readonly key: string;
  readonly limit: Limit;
  #burst: number;
  #tokens: number;
  /** When the bucket had `#tokens` tokens. */
  #countedAt = 0;
  pausedUntil = 0;
  /**
   * How many waiting requests need a token of this bucket. A request about which a store is asked counts as in flight
   * instead.
   */
  queued = 0;
  inFlight = 0;
  /** The queues whose first request waits for a token of this bucket. */
  readonly queues = new LinkedList<WaitQueue>();
  /** Stops the timer that wakes the queues. */
  stopTimer: (() => void) | undefined;

  constructor(key: string, limit: Limit) {
    this.key = key;
    this.limit = limit;
    this.#burst = limit.store ? Infinity : limit.burst;
    this.#tokens = this.#burst;
  }

  /** When the bucket has a token for a request, after `ahead` other requests have got theirs. */
  readyAt(now: number, ahead = 0): number {
    const from = Math.max(now, this.pausedUntil);
    const missing = ahead + 1 - this.#tokensAt(from);
    // The fractions of a token add up to one only within the precision of a number.
    return missing > 1e-9 ? from + missing * this.limit.interval : from;
  }

  take(now: number): void {
    this.#tokens = this.#tokensAt(now) - 1;
    this.#countedAt = now;
  }

  returnToken(): void {
    this.#tokens++;
  }

  /**
   * Adopts the quota that a server reports: how many requests it allows, and how many were left. Requests still in flight
   * are not in the server's count yet.
   */
  lower(now: number, burst: number, left: number): void {
    if (this.limit.store) return;
    this.#burst = Math.max(1, Math.min(this.limit.burst, burst));
    this.#tokens = Math.min(this.#tokensAt(now), left - this.inFlight + 1);
    this.#countedAt = now;
  }

  get isInUse(): boolean {
    return this.queued + this.inFlight > 0;
  }

  isIdle(now: number): boolean {
    return this.pausedUntil <= now && this.#tokensAt(now) === this.#burst;
  }

  #tokensAt(now: number): number {
    return Math.min(this.#burst, this.#tokens + (now - this.#countedAt) / this.limit.interval);
  }
}

/** Requests that wait for tokens of the same buckets, in the order of their arrival. */
export class WaitQueue implements Linked {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  readonly buckets: readonly Bucket[];
  readonly waiting = new LinkedList<Waiter>();
  /**
   * How many checks with the stores are under way, each for one of the waiting requests. The request that is first when
   * a check succeeds is let go.
   */
  storeChecks = 0;
  /** How many checks may be under way: one after a refusal, then twice as many after each check without a refusal. */
  maxStoreChecks = 16;
  /** Called when no request waits any more. Forgets the queue. */
  readonly onEmpty: () => void;

  constructor(buckets: readonly Bucket[], onEmpty: () => void) {
    this.buckets = buckets;
    this.onEmpty = onEmpty;
  }
}

/** A request that waits for a token of each of its buckets. */
export class Waiter implements Linked, AbortListener {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  readonly request: ConnectorRequest;
  /** When the request will have waited for `maxWait`. */
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
  }

  grant(): void {
    for (const bucket of this.#queue.buckets) bucket.inFlight++;
    this.#leave();
    this.#resolve();
  }

  refuse(delay: number | undefined, cause?: unknown): void {
    this.aborted(rateLimitError(delay, this.request, cause));
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
        bucket.stopTimer = bucket.stopTimer?.() as undefined;
      }
    }
    if (queue.waiting.size === 0 && queue.storeChecks === 0) queue.onEmpty();
  }
}

/** The error of a request that would wait too long, or whose store failed. */
export function rateLimitError(
  retryAfter: number | undefined,
  request: ConnectorRequest,
  cause?: unknown,
): RateLimitError {
  return new RateLimitError(retryAfter, {request, attempts: request.attempt, cause});
}

/**
 * Lets requests go while all their tokens are available. Tokens are only taken together: one that was taken while its
 * request waits for another would be spent later than its limit expects.
 */
export function drain(queue: WaitQueue, now: number): void {
  const {buckets, waiting} = queue;
  const hasStore = buckets.some((bucket) => bucket.limit.store);
  // A request that is let go may begin another call, which may make this queue wait for a bucket.
  while (!queue.list && waiting.size > queue.storeChecks && queue.storeChecks < queue.maxStoreChecks) {
    const slowest = buckets.reduce((slowest, bucket) =>
      bucket.readyAt(now) > slowest.readyAt(now) ? bucket : slowest,
    );
    if (slowest.readyAt(now) > now) {
      waitFor(queue, slowest, now);
      return;
    }
    for (const bucket of buckets) bucket.take(now);
    if (hasStore) checkStores(queue);
    else (waiting.first as Waiter).grant();
  }
}

/** Makes the queue wait until one of its buckets has a token. */
export function waitFor(queue: WaitQueue, bucket: Bucket, now: number): void {
  bucket.queues.append(queue);
  refuseLate(queue, bucket, now);
  startBucketTimer(bucket, now);
}

/** Refuses the requests that would now wait too long, because a pause or a store has delayed them. */
function refuseLate({waiting}: WaitQueue, bucket: Bucket, now: number): void {
  const readyAt = bucket.readyAt(now);
  while (waiting.first && waiting.first.deadline < readyAt) waiting.first.refuse(readyAt - now);
}

/** Wakes the bucket's queues when it has its next token. */
function startBucketTimer(bucket: Bucket, now: number): void {
  if (bucket.stopTimer || bucket.queues.size === 0) return;
  // Timers take whole ms. Rounding errors of less than 1e-6 ms must not add another ms.
  const delay = Math.min(longestDelay, Math.ceil(bucket.readyAt(now) - now - 1e-6));
  bucket.stopTimer = startTimer(() => wakeQueues(bucket), delay);
}

/** Lets as many requests go as the bucket has tokens for, and takes its queues in turn. */
function wakeQueues(bucket: Bucket): void {
  bucket.stopTimer = bucket.stopTimer?.() as undefined;
  const now = performance.now();
  while (bucket.queues.first && bucket.readyAt(now) <= now) drain(bucket.queues.shift() as WaitQueue, now);
  startBucketTimer(bucket, now);
}

/** Lets no request of the bucket go before `time`. */
export function pauseUntil(bucket: Bucket, time: number): void {
  if (time <= bucket.pausedUntil) return;
  bucket.pausedUntil = time;
  const now = performance.now();
  for (const queue of bucket.queues) refuseLate(queue, bucket, now);
}

/**
 * Takes one request out of the quota of each store of a queue, whose local tokens are taken already. If all stores agree,
 * the first waiting request is let go; otherwise the tokens are given back.
 */
function checkStores(queue: WaitQueue): void {
  const {buckets} = queue;
  queue.storeChecks++;
  for (const bucket of buckets) {
    bucket.queued--;
    bucket.inFlight++;
  }
  whenSettled(takeFromStores(buckets), (result) => {
    // Without a result, the stores are asked again.
    const {taken = [], refusedBy, delay = 0, failure} = result ?? {};
    queue.storeChecks--;
    queue.maxStoreChecks = refusedBy ? 1 : queue.maxStoreChecks * 2;
    const now = performance.now();
    const first = queue.waiting.first;
    for (const bucket of buckets) {
      bucket.queued++;
      bucket.inFlight--;
    }
    if (refusedBy) pauseUntil(refusedBy, now + delay);
    // A response may have paused a bucket while the stores were asked.
    if (result && first && !failure && buckets.every((bucket) => bucket.pausedUntil <= now)) {
      first.grant();
    } else {
      if (failure) first?.refuse(undefined, failure.cause);
      returnTokens(buckets, taken);
    }
    if (queue.waiting.size === 0 && queue.storeChecks === 0) queue.onEmpty();
    else if (!queue.list) drain(queue, now);
  });
}

/** The result of asking the stores of several buckets, in order, until one refuses or fails. */
interface StoreResult {
  /** The buckets whose store has counted the request. */
  readonly taken: readonly Bucket[];
  readonly refusedBy?: Bucket;
  /** When the store that refused may be asked again, in ms from now. */
  readonly delay?: number;
  /** The failure of a store, if its limit refuses requests then. */
  readonly failure?: {readonly cause: unknown};
}

async function takeFromStores(buckets: readonly Bucket[]): Promise<StoreResult> {
  const taken: Bucket[] = [];
  for (const bucket of buckets) {
    const {store, storeTimeout, opensOnFailure} = bucket.limit;
    if (!store) continue;
    try {
      const delay = await withTimeout(storeTimeout, store.take(bucket.key, bucket.limit));
      if (delay > 0) return {taken, refusedBy: bucket, delay};
      taken.push(bucket);
    } catch (cause) {
      if (!opensOnFailure) return {taken, failure: {cause}};
    }
  }
  return {taken};
}

/**
 * Gives back tokens that weren't used, and lets the next requests go.
 *
 * @param taken - the buckets whose store has counted the request
 */
export function returnTokens(buckets: readonly Bucket[], taken: readonly Bucket[]): void {
  for (const bucket of taken) void returnToStore(bucket);
  for (const bucket of buckets) {
    bucket.returnToken();
    wakeQueues(bucket);
  }
}

async function returnToStore({key, limit}: Bucket): Promise<void> {
  try {
    await limit.store?.giveBack?.(key, limit);
  } catch {
    // The store's quota then stays one request short. No caller waits for the outcome.
  }
}

function withTimeout<T>(ms: number, answer: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = startTimer(
      () => reject(new Error(`rateLimit.storeTimeout of ${ms} ms ran out`)),
      Math.min(ms, longestDelay),
    );
    Promise.resolve(answer).finally(stop).then(resolve, reject);
  });
}
