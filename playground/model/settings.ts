/** The settings of the session. Times in ms, shares in %; 0 means none, or the default where a comment names one. */
export interface SessionSettings {
  readonly limit: number;
  readonly limitPerHost: number;
  /** Each host's limit adapts, up to `limitPerHost`. */
  readonly isAdaptive: boolean;
  readonly timeoutTotal: number;
  readonly timeoutAttempt: number;
  readonly timeoutPool: number;
  /** On Node only: a browser opens its connections itself. */
  readonly timeoutConnect: number;
  readonly timeoutRead: number;
  readonly retries: number;
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly retryBudget: number;
  readonly hasRateLimit: boolean;
  readonly rateRequests: number;
  readonly ratePer: number;
  readonly rateBurst: number;
  readonly rateScope: 'session' | 'host';
  readonly hasHedging: boolean;
  /** 0 means the time of the `hedgePercentile` of the responses. */
  readonly hedgeDelay: number;
  readonly hedgePercentile: number;
  readonly hedgeBudget: number;
  readonly hasBreaker: boolean;
  readonly breakerFailures: number;
  readonly breakerMinimum: number;
  readonly breakerOpenFor: number;
  readonly hasSingleFlight: boolean;
}

/** The settings of the burst. */
interface BurstSettings {
  readonly requests: number;
  /** How many calls run at once; 0: all. */
  readonly concurrency: number;
  readonly hosts: number;
  /** The number of different URLs; 0: one for each request. */
  readonly urls: number;
}

/** How the embedded server answers. Times in ms, shares in %. */
export interface ServerSettings {
  readonly latencyShape: 'fixed' | 'uniform' | 'log-normal' | 'two-peaks';
  /** The median of the latencies. */
  readonly latency: number;
  /** The spread of the latencies, in % of `latency`; 0: all the same. */
  readonly latencySpread: number;
  /** Requests that a host answers at once without slowing down; with twice as many each takes twice as long. 0: any number. */
  readonly capacity: number;
  /** The size of each body, in bytes. */
  readonly size: number;
  /** How long a body takes to be sent. */
  readonly bodyTime: number;
  readonly failures: number;
  readonly throttled: number;
  /** The `Retry-After` of a 429, in s. */
  readonly retryAfter: number;
  /** Requests that a host accepts per second before it answers 429; 0: any number. */
  readonly quota: number;
  readonly resets: number;
  /** The share of bodies that break off in the middle. */
  readonly cuts: number;
  /** Two runs with the same seed meet the same server. */
  readonly seed: number;
}

export interface Settings extends SessionSettings, BurstSettings, ServerSettings {}

/** The runtime that sends a burst. */
export type Runtime = 'browser' | 'node';

/** The client that sends a burst. */
export type Engine = 'session' | 'fetch';

export const defaultSettings: Settings = {
  limit: 100,
  limitPerHost: 6,
  isAdaptive: false,
  timeoutTotal: 0,
  timeoutAttempt: 0,
  timeoutPool: 0,
  timeoutConnect: 10_000,
  timeoutRead: 300_000,
  retries: 2,
  minDelay: 100,
  maxDelay: 30_000,
  retryBudget: 20,
  hasRateLimit: false,
  rateRequests: 100,
  ratePer: 1_000,
  rateBurst: 0,
  rateScope: 'session',
  hasHedging: false,
  hedgeDelay: 0,
  hedgePercentile: 95,
  hedgeBudget: 10,
  hasBreaker: false,
  breakerFailures: 50,
  breakerMinimum: 20,
  breakerOpenFor: 2_000,
  hasSingleFlight: false,
  requests: 300,
  concurrency: 0,
  hosts: 3,
  urls: 0,
  latencyShape: 'log-normal',
  latency: 60,
  latencySpread: 60,
  capacity: 0,
  size: 4_096,
  bodyTime: 20,
  failures: 4,
  throttled: 0,
  retryAfter: 1,
  quota: 0,
  resets: 0,
  cuts: 0,
  seed: 1,
};

/** How many hosts the embedded server has. */
export const hostCount = 4;

/** The most requests that a burst may have. */
export const maxRequests = 20_000;

/** The choices of the settings that have choices. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
  rateScope: ['session', 'host'] satisfies ReadonlyArray<Settings['rateScope']>,
  latencyShape: ['fixed', 'uniform', 'log-normal', 'two-peaks'] satisfies ReadonlyArray<
    Settings['latencyShape']
  >,
};

/** The settings in data from elsewhere: values of the right type, and the defaults for the rest. */
export function readSettings(source: unknown): Settings {
  const given = typeof source === 'object' && source !== null ? (source as Record<string, unknown>) : {};
  const settings: Record<string, unknown> = {...defaultSettings};
  for (const [name, fallback] of Object.entries(defaultSettings)) {
    const value = given[name];
    if (typeof value !== typeof fallback || choices[name]?.includes(value) === false) continue;
    if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0)) continue;
    settings[name] = value;
  }
  const {requests, hosts} = settings as unknown as Settings;
  return {
    ...(settings as unknown as Settings),
    requests: Math.min(Math.max(1, Math.round(requests)), maxRequests),
    hosts: Math.min(Math.max(1, Math.round(hosts)), hostCount),
  };
}
