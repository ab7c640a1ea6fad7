import type * as aiofetch from 'aiofetch';

/** The options of a session of the benchmark; everything else is off. */
export interface PolicySet {
  /** The operation that the option has an effect on, where that isn't a GET. */
  readonly operation?: 'post';
  options(library: typeof aiofetch, connections: number): aiofetch.SessionOptions;
}

const off = {retry: false, timeout: {read: false}} as const;

/** The sets by their labels in the table. The first set of each operation is the one that the others are compared with. */
export const policySets: Readonly<Record<string, PolicySet>> = {
  none: {options: () => off},
  'timeout: read, 300 s (default)': {options: () => ({...off, timeout: {}})},
  'timeout: total, attempt, pool, read': {
    options: () => ({...off, timeout: {total: 60_000, attempt: 30_000, pool: 10_000, read: 30_000}}),
  },
  'retry (default)': {options: () => ({...off, retry: {}})},
  rateLimit: {options: () => ({...off, rateLimit: {requests: 1e9, per: 1_000}})},
  'rateLimit: two, by host and session': {
    options: () => ({
      ...off,
      rateLimit: [
        {requests: 1e9, per: 1_000, scope: 'host'},
        {requests: 1e9, per: 60_000},
      ],
    }),
  },
  circuitBreakerPolicy: {
    options: ({circuitBreakerPolicy}) => ({...off, policies: [circuitBreakerPolicy()]}),
  },
  hedgePolicy: {options: ({hedgePolicy}) => ({...off, policies: [hedgePolicy({delay: 10_000})]})},
  'singleFlightPolicy, nothing shared': {
    options({singleFlightPolicy}) {
      let count = 0;
      return {...off, policies: [singleFlightPolicy({key: () => String(count++)})]};
    },
  },
  auth: {options: () => ({...off, auth: {bearer: 'token'}})},
  adaptiveLimit: {
    options: ({adaptiveLimit}, connections) => ({
      ...off,
      connector: {
        limit: connections,
        limitPerHost: adaptiveLimit({min: connections, max: connections}),
      },
    }),
  },
  'all of these': {
    options: ({adaptiveLimit, circuitBreakerPolicy, hedgePolicy}, connections) => ({
      timeout: {total: 60_000, attempt: 30_000, pool: 10_000, read: 30_000},
      rateLimit: {requests: 1e9, per: 1_000},
      policies: [circuitBreakerPolicy(), hedgePolicy({delay: 10_000})],
      auth: {bearer: 'token'},
      connector: {limit: connections, limitPerHost: adaptiveLimit({min: connections, max: connections})},
    }),
  },
  'none, POST of 1 kB': {operation: 'post', options: () => off},
  'idempotencyKey, POST of 1 kB': {
    operation: 'post',
    options: () => ({...off, idempotencyKey: true}),
  },
};
