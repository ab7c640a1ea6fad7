import {RateLimitError} from '../errors.ts';
import type {AbortListener} from '../lifetime.ts';
import type {Linked} from '../linked-list.ts';
import {LinkedList} from '../linked-list.ts';
import {assertOption, checkNames, checkNumber, longestDelay} from '../options.ts';
import type {ConnectorRequest, Handler, Policy} from '../request.ts';
import {urlParts} from '../url-parts.ts';
import type {Kept} from './keyed.ts';
import {Keyed} from './keyed.ts';
import {quotaOf, retryAfter} from './retry-after.ts';

/** A quota, as a {@link RateLimitStore} is told of it. */
export interface RateLimitQuota {
  /** How many requests. */
  readonly requests: number;
  /** In which time, in ms. */
  readonly per: number;
  /** How many at once, after a time of rest. */
  readonly burst: number;
}

/** A count outside the process, which several processes share. */
export interface RateLimitStore {
  /** Takes one request out of the quota of `key`, and gives 0; or takes none, and gives the ms until it's worth asking again. */
  take(key: string, quota: RateLimitQuota): number | Promise<number>;
  /** Puts back what was taken and not used. */
  giveBack?(key: string, quota: RateLimitQuota): void | Promise<void>;
  /** Called once, when the policy is made: the place to throw when this is no quota that the store keeps. */
  check?(quota: RateLimitQuota): void;
}

/** A token bucket: how many requests may be sent in which time. */
export interface RateLimit {
  /** How many requests; a whole number from 1. */
  readonly requests: number;
  /** In which time, in ms. */
  readonly per: number;
  /**
   * How many may be sent at once after a time of rest; never more than this and the share of the time are sent in any
   * stretch of it. With 1 they are evenly spaced, and even a server that counts strictly sees no more than `requests`
   * in any `per`.
   *
   * @default requests
   */
  readonly burst?: number | undefined;
  /**
   * What is counted together: all that goes through the policy, what goes to one host (scheme, name and port), or all
   * that a function gives the same key; one it gives `undefined` isn't counted.
   *
   * @default 'session'
   */
  readonly scope?: 'session' | 'host' | ((request: ConnectorRequest) => string | undefined) | undefined;
  /**
   * The longest wait, in ms: a request that would have to wait longer is refused at once, with a RateLimitError. With
   * several limits the smallest counts.
   *
   * @default Infinity
   */
  readonly maxWait?: number | undefined;
  /**
   * The longest pause, in ms, that a 429 or 503 with `Retry-After` causes for all in the scope.
   *
   * @default 60_000
   */
  readonly maxPause?: number | undefined;
  /**
   * Keeps to what `RateLimit-Limit`, `-Remaining` and `-Reset` say is left, where that is less than the limit has it.
   *
   * @default false
   */
  readonly learn?: boolean | undefined;
  /** Where it is counted, if not here. */
  readonly store?: RateLimitStore | undefined;
  /**
   * What becomes of requests when the store fails or doesn't answer: they are sent (`open`), or refused with a
   * RateLimitError (`closed`).
   *
   * @default 'closed'
   */
  readonly whenStoreFails?: 'open' | 'closed' | undefined;
  /**
   * How long the store has for an answer, in ms.
   *
   * @default 1_000
   */
  readonly storeTimeout?: number | undefined;
}

const knownOptions = [
  'requests',
  'per',
  'burst',
  'scope',
  'maxWait',
  'maxPause',
  'learn',
  'store',
  'whenStoreFails',
  'storeTimeout',
];

/** A limit, checked, and its buckets. */
interface Limit extends RateLimitQuota {
  readonly interval: number;
  readonly scope: NonNullable<RateLimit['scope']>;
  readonly maxWait: number;
  readonly maxPause: number;
  readonly learn: boolean;
  readonly store: RateLimitStore | undefined;
  readonly opensOnFailure: boolean;
  readonly storeTimeout: number;
  readonly buckets: Keyed<Bucket>;
}

/** The tokens of one key of one limit. One whose count is elsewhere never runs out here, it's only paused. */
class Bucket implements Kept {
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
  /** Requests waiting that need one of its tokens. */
  queued = 0;
  inFlight = 0;
  /** Lines whose first request waits for this of its buckets. */
  readonly lines = new LinkedList<Line>();
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
class Line implements Linked {
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
class Waiter implements Linked, AbortListener {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly request: ConnectorRequest;
  /** When it would have waited too long. */
  readonly deadline: number;
  readonly #line: Line;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    line: Line,
    request: ConnectorRequest,
    deadline: number,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#line = line;
    this.request = request;
    this.deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
    line.waiting.append(this);
    for (const bucket of line.buckets) bucket.queued++;
    request.lifetime.onAbort(this);
    request.lifetime.trace?.emit('rateLimitWaitStart', request);
  }

  granted(): void {
    for (const bucket of this.#line.buckets) bucket.inFlight++;
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
    const line = this.#line;
    this.request.lifetime.offAbort(this);
    this.request.lifetime.trace?.emit('rateLimitWaitEnd', this.request);
    line.waiting.remove(this);
    for (const bucket of line.buckets) {
      bucket.queued--;
      if (line.waiting.size === 0 && bucket.lines.remove(line) && bucket.lines.size === 0) {
        clearTimeout(bucket.timer);
        bucket.timer = undefined;
      }
    }
    if (line.waiting.size === 0 && line.asking === 0) line.dissolve();
  }
}

function refusal(retryAfter: number | undefined, request: ConnectorRequest, cause?: unknown): RateLimitError {
  return new RateLimitError(retryAfter, {request, attempts: request.attempt, cause});
}

/**
 * Sends no more requests than a limit allows, or several; the others wait their turn, and leave at once when they are
 * aborted. A 429 or 503 that says `Retry-After` pauses everybody in the scope (the session's only where no limit has a
 * narrower one). Turns go by arrival among requests with the same keys, and in rotation among those with different ones.
 * A session has one of these by its `rateLimit` option.
 *
 * @throws InvalidOptionError for what can't be; for a request RateLimitError, when it would wait longer than `maxWait`
 * or the store fails
 *
 * @example
 * ```ts
 * import {createSession, rateLimitPolicy} from 'aiofetch';
 *
 * const limits = rateLimitPolicy([
 *   {requests: 10, per: 1_000, scope: 'host'},
 *   {requests: 1_000, per: 3_600_000, maxWait: 60_000},
 * ]);
 * await using session = createSession({policies: [limits]});
 * ```
 */
export function rateLimitPolicy(options: RateLimit | readonly RateLimit[]): Policy {
  const limits = [options].flat().map(checkLimit);
  const maxWait = Math.min(...limits.map((limit) => limit.maxWait));
  const learns = limits.some((limit) => limit.learn);
  const asks = limits.some((limit) => limit.store);
  // What one host says is nothing to the others, where they are told apart.
  const sessionPauses = limits.every((limit) => limit.scope === 'session');
  const lines = new Map<string, Line>();

  function bucketsOf(request: ConnectorRequest): Bucket[] {
    const found: Bucket[] = [];
    for (const {scope, buckets} of limits) {
      const key =
        scope === 'session' ? scope : scope === 'host' ? urlParts(request.url).origin : scope(request);
      if (key !== undefined) found.push(buckets.get(key));
    }
    return found;
  }

  function takeNow(buckets: readonly Bucket[]): boolean {
    const now = performance.now();
    for (const bucket of buckets) if (bucket.lines.size > 0 || bucket.readyAt(now) > now) return false;
    for (const bucket of buckets) {
      bucket.take(now);
      bucket.inFlight++;
    }
    return true;
  }

  function wait(request: ConnectorRequest, buckets: readonly Bucket[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const now = performance.now();
      const delay = Math.max(...buckets.map((bucket) => bucket.readyAt(now, bucket.queued))) - now;
      if (request.lifetime.isAborted) throw request.lifetime.reason;
      if (delay > maxWait) throw refusal(delay, request);
      // By limit and key, since not every limit has to be for every request.
      const key = JSON.stringify(buckets.map((bucket) => [limits.indexOf(bucket.limit), bucket.key]));
      let line = lines.get(key);
      if (!line) {
        line = new Line(buckets, () => lines.delete(key));
        lines.set(key, line);
      }
      new Waiter(line, request, now + maxWait, resolve, reject);
      if (line.list) return;
      const busy = buckets.find((bucket) => bucket.lines.size > 0);
      if (busy) park(line, busy, now);
      else advance(line, now);
    });
  }

  async function send(
    next: Handler,
    request: ConnectorRequest,
    buckets: readonly Bucket[],
  ): Promise<Response> {
    try {
      const response = await next(request);
      if (learns || response.status === 429 || response.status === 503) heed(request, response, buckets);
      return response;
    } finally {
      for (const bucket of buckets) bucket.inFlight--;
    }
  }

  function heed(request: ConnectorRequest, response: Response, buckets: readonly Bucket[]): void {
    const now = performance.now();
    const asked = response.status === 429 || response.status === 503 ? retryAfter(response) : undefined;
    const {limit = Infinity, remaining, reset = 0} = learns ? quotaOf(response.headers) : noQuota;
    let longest = 0;
    for (const bucket of buckets) {
      const {scope, learn, maxPause} = bucket.limit;
      let pause = scope !== 'session' || sessionPauses ? (asked ?? 0) : 0;
      if (learn && remaining !== undefined) {
        bucket.lower(now, limit, remaining);
        if (remaining === 0) pause = Math.max(pause, reset);
      }
      pause = Math.min(pause, maxPause);
      if (pause > 0) pauseUntil(bucket, now + pause);
      longest = Math.max(longest, pause);
    }
    if (longest > 0) request.lifetime.trace?.emit('rateLimitPaused', request, {delay: longest});
  }

  return (next) => (request) => {
    const buckets = bucketsOf(request);
    if (buckets.length === 0) return next(request);
    if (!asks && takeNow(buckets)) return send(next, request, buckets);
    return wait(request, buckets).then(() => {
      const {isAborted, reason} = request.lifetime;
      if (!isAborted) return send(next, request, buckets);
      // In the moment between: its turn is another's.
      for (const bucket of buckets) bucket.inFlight--;
      putBack(buckets, buckets);
      throw reason;
    });
  };
}

const noQuota = {limit: undefined, remaining: undefined, reset: undefined};

/** Lets those go whose tokens are all there at once: one taken while another is waited for would be spent after its time. */
function advance(line: Line, now: number): void {
  const {buckets, waiting} = line;
  const asks = buckets.some((bucket) => bucket.limit.store);
  while (waiting.size > line.asking && line.asking < line.width) {
    const slowest = buckets.reduce((slowest, bucket) =>
      bucket.readyAt(now) > slowest.readyAt(now) ? bucket : slowest,
    );
    if (slowest.readyAt(now) > now) {
      park(line, slowest, now);
      return;
    }
    for (const bucket of buckets) bucket.take(now);
    if (asks) void ask(line);
    else (waiting.first as Waiter).granted();
  }
}

/** Leaves the line to wait for one of its buckets. */
function park(line: Line, bucket: Bucket, now: number): void {
  bucket.lines.append(line);
  refuseLate(line, bucket, now);
  arm(bucket, now);
}

/** Those who would wait too long hear it now: a pause, or a store, came between. */
function refuseLate({waiting}: Line, bucket: Bucket, now: number): void {
  const readyAt = bucket.readyAt(now);
  while (waiting.first && waiting.first.deadline < readyAt) waiting.first.refused(readyAt - now);
}

function arm(bucket: Bucket, now: number): void {
  if (bucket.timer !== undefined || bucket.lines.size === 0) return;
  // Timers take whole ms; the fraction of one that sums are off by is none.
  const delay = Math.min(longestDelay, Math.ceil(bucket.readyAt(now) - now - 1e-6));
  bucket.timer = setTimeout(() => pump(bucket), delay);
}

/** Lets as many go as the bucket has tokens for, line by line in turn. */
function pump(bucket: Bucket): void {
  clearTimeout(bucket.timer);
  bucket.timer = undefined;
  const now = performance.now();
  while (bucket.lines.first && bucket.readyAt(now) <= now) advance(bucket.lines.shift() as Line, now);
  arm(bucket, now);
}

function pauseUntil(bucket: Bucket, time: number): void {
  if (time <= bucket.pausedUntil) return;
  bucket.pausedUntil = time;
  const now = performance.now();
  for (const line of bucket.lines) refuseLate(line, bucket, now);
}

/** Asks the stores of a line whose tokens here are taken; the first waiting goes, or the tokens go back. */
async function ask(line: Line): Promise<void> {
  line.asking++;
  const taken: Bucket[] = [];
  let refusedBy: Bucket | undefined;
  let delay = 0;
  let failure: {readonly cause: unknown} | undefined;
  for (const bucket of line.buckets) {
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
  line.asking--;
  line.width = refusedBy ? 1 : line.width * 2;
  const now = performance.now();
  const first = line.waiting.first;
  if (first && !refusedBy && !failure) {
    first.granted();
  } else {
    if (refusedBy) pauseUntil(refusedBy, now + delay);
    if (failure) first?.refused(undefined, failure.cause);
    putBack(line.buckets, taken);
  }
  if (line.waiting.size === 0 && line.asking === 0) line.dissolve();
  else if (!line.list) advance(line, now);
}

/** Tokens that weren't used are for whoever is next; those of `taken` came from stores. */
function putBack(buckets: readonly Bucket[], taken: readonly Bucket[]): void {
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

function checkLimit(options: RateLimit, index: number, {length}: readonly RateLimit[]): Limit {
  const name = length > 1 ? `rateLimit[${index}]` : 'rateLimit';
  checkNames(name, options, knownOptions);
  const number = (
    option: 'requests' | 'per' | 'burst' | 'maxWait' | 'maxPause' | 'storeTimeout',
    fallback: number | undefined,
    range?: {readonly min?: number; readonly max?: number; readonly whole?: boolean},
  ) => checkNumber(`${name}.${option}`, options[option], fallback, range);
  const whole = {min: 1, max: 1e9, whole: true};
  const {scope = 'session', learn = false, store, whenStoreFails = 'closed'} = options;
  const assert = (isAllowed: boolean, option: keyof RateLimit, allowed: string) =>
    assertOption(isAllowed, `${name}.${option}`, options[option], allowed);
  assert(
    scope === 'session' || scope === 'host' || typeof scope === 'function',
    'scope',
    'session, host or a function',
  );
  assert(whenStoreFails === 'open' || whenStoreFails === 'closed', 'whenStoreFails', 'open or closed');
  assert(store === undefined || typeof store?.take === 'function', 'store', 'an object with take()');
  const requests = number('requests', undefined, whole);
  const per = number('per', undefined, {min: 1});
  const limit: Limit = {
    requests,
    per,
    burst: number('burst', requests, whole),
    interval: per / requests,
    scope,
    maxWait: number('maxWait', Infinity),
    maxPause: number('maxPause', 60_000),
    learn,
    store,
    opensOnFailure: whenStoreFails === 'open',
    storeTimeout: number('storeTimeout', 1_000, {min: 1}),
    buckets: new Keyed((key) => new Bucket(key, limit)),
  };
  store?.check?.(limit);
  return limit;
}
