import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, checkNumber} from '../../utils/check-options.ts';
import type {OptionChecks} from '../../utils/merge-options.ts';
import {mergeOptions} from '../../utils/merge-options.ts';

/** A quota, as a {@link RateLimitStore} gets it. */
export interface RateLimitQuota {
  /** How many requests may be sent in the time `per`. */
  readonly requests: number;
  /** The time for `requests`, in ms. */
  readonly per: number;
  /** How many requests may be sent at once after a time without any. */
  readonly burst: number;
}

/** Counts requests outside the process, so that several processes share one quota. */
export interface RateLimitStore {
  /**
   * Takes one request out of the quota of `key`. Returns 0 when it was taken, or otherwise the time in ms after which the
   * policy may try again.
   */
  take(key: string, quota: RateLimitQuota): number | Promise<number>;
  /** Gives back a request that was taken and then not sent. */
  giveBack?(key: string, quota: RateLimitQuota): void | Promise<void>;
  /** Called once, when the policy is made. Throws when the store can't keep this quota. */
  check?(quota: RateLimitQuota): void;
}

/** A limit of requests in a time, kept as a token bucket. */
export interface RateLimit {
  /** How many requests may be sent in the time `per`; a whole number from 1. */
  readonly requests: number;
  /** The time for `requests`, in ms. */
  readonly per: number;
  /**
   * How many requests may be sent at once after a time without any. In any period, no more requests are sent than this
   * number plus the period's share of `requests`. With 1, requests are evenly spaced, so that a server sees no more than
   * `requests` in any `per`, even if it counts strictly.
   *
   * @default requests
   */
  readonly burst?: number | undefined;
  /**
   * Which requests are counted together: all requests through the policy (`session`), those to the same host (scheme,
   * name and port), or those for which a function returns the same key. A request for which the function returns
   * `undefined` isn't counted.
   *
   * @default 'session'
   */
  readonly scope?: 'session' | 'host' | ((request: ConnectorRequest) => string | undefined) | undefined;
  /**
   * How many keys of the scope are kept. Beyond that, the key that has been unused for longest is forgotten, unless requests
   * of it wait or are under way: its next requests may be sent as one `burst`, also during a pause that the server has asked
   * for. A count in a `store` stays.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
  /**
   * The longest wait, in ms. A request that would have to wait longer is refused at once, with a RateLimitError. Of
   * several limits, the smallest `maxWait` counts.
   *
   * @default Infinity
   */
  readonly maxWait?: number | undefined;
  /**
   * The longest pause, in ms, that a 429 or 503 with `Retry-After` causes for all requests of the scope.
   *
   * @default 60_000
   */
  readonly maxPause?: number | undefined;
  /**
   * Adopts the quota that the server reports by `RateLimit-Limit`, `-Remaining` and `-Reset` when it is lower than this
   * limit.
   *
   * @default false
   */
  readonly learn?: boolean | undefined;
  /** Counts the requests outside the process. */
  readonly store?: RateLimitStore | undefined;
  /**
   * Whether requests are sent (`open`) or refused with a RateLimitError (`closed`) when the store fails or doesn't answer.
   *
   * @default 'closed'
   */
  readonly whenStoreFails?: 'open' | 'closed' | undefined;
  /**
   * How long the store may take to answer, in ms.
   *
   * @default 1_000
   */
  readonly storeTimeout?: number | undefined;
}

/** A limit, checked and complete. */
export interface CheckedLimit extends RateLimitQuota {
  /** The time in which the bucket gets one token, in ms. */
  readonly interval: number;
  readonly scope: NonNullable<RateLimit['scope']>;
  readonly maxKeys: number;
  readonly maxWait: number;
  readonly maxPause: number;
  readonly learn: boolean;
  readonly store: RateLimitStore | undefined;
  readonly opensOnFailure: boolean;
  readonly storeTimeout: number;
}

/** The options of a limit that have a default, and those that were given. */
type Merged = Omit<CheckedLimit, 'interval' | 'opensOnFailure'> & Pick<Required<RateLimit>, 'whenStoreFails'>;

const checkFromOne = (option: string, value: number) => checkNumber(option, value, undefined, {min: 1});
const checkWhole = (option: string, value: number) =>
  checkNumber(option, value, undefined, {min: 1, max: 1e9, whole: true});

const checks: OptionChecks<Merged> = {
  requests: checkWhole,
  per: checkFromOne,
  burst: checkWhole,
  scope(option, value: Merged['scope']) {
    const isAllowed = value === 'session' || value === 'host' || typeof value === 'function';
    assertOption(isAllowed, option, value, 'session, host or a function');
    return value;
  },
  maxKeys: (option, value: number) => checkNumber(option, value, undefined, {min: 1, whole: true}),
  maxWait: checkNumber,
  maxPause: checkNumber,
  learn: (_option, value: boolean) => value,
  store(option, value: RateLimitStore) {
    assertOption(typeof value?.take === 'function', option, value, 'an object with take()');
    return value;
  },
  whenStoreFails(option, value: Merged['whenStoreFails']) {
    assertOption(value === 'open' || value === 'closed', option, value, 'open or closed');
    return value;
  },
  storeTimeout: checkFromOne,
};

const defaults: Omit<Merged, 'requests' | 'per' | 'burst'> = {
  scope: 'session',
  maxKeys: 10_000,
  maxWait: Infinity,
  maxPause: 60_000,
  learn: false,
  store: undefined,
  whenStoreFails: 'closed',
  storeTimeout: 1_000,
};

/**
 * Checks the limit at `index` of a list.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 */
export function checkLimit(options: RateLimit, index: number, {length}: readonly RateLimit[]): CheckedLimit {
  const name = length > 1 ? `rateLimit[${index}]` : 'rateLimit';
  const merged = mergeOptions<Merged>(name, defaults as Merged, options, checks);
  // These two have no default.
  const requests = checkWhole(`${name}.requests`, merged.requests);
  const per = checkFromOne(`${name}.per`, merged.per);
  const limit: CheckedLimit = {
    ...merged,
    burst: merged.burst ?? requests,
    interval: per / requests,
    opensOnFailure: merged.whenStoreFails === 'open',
  };
  limit.store?.check?.(limit);
  return limit;
}
