import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, checkKnown, checkNumber} from '../../utils/check-options.ts';

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

/** A limit that was checked. */
export interface CheckedLimit extends RateLimitQuota {
  /** How long a token takes to come, in ms. */
  readonly interval: number;
  readonly scope: NonNullable<RateLimit['scope']>;
  readonly maxWait: number;
  readonly maxPause: number;
  readonly learn: boolean;
  readonly store: RateLimitStore | undefined;
  readonly opensOnFailure: boolean;
  readonly storeTimeout: number;
}

/**
 * The limit at `index` of a list.
 *
 * @throws InvalidOptionError for what can't be
 */
export function checkLimit(options: RateLimit, index: number, {length}: readonly RateLimit[]): CheckedLimit {
  const name = length > 1 ? `rateLimit[${index}]` : 'rateLimit';
  checkKnown(name, options, knownOptions);
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
  const limit: CheckedLimit = {
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
  };
  store?.check?.(limit);
  return limit;
}
