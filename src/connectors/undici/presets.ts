import type {UndiciConnectorOptions} from './options.ts';

/**
 * Options to begin with, for three situations: `undiciConnector({...presets.highConcurrency, http2: true})`.
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {presets, undiciConnector} from 'aiofetch/undici';
 *
 * await using connector = undiciConnector({...presets.restrictedApi, connectTimeout: 5_000});
 * await using session = createSession({connector});
 * console.log(session.stats().limitPerHost);
 * ```
 */
export const presets = {
  /** Very many requests to many hosts: a wide pool, none of it for one host alone, and names that are seldom looked up. */
  highConcurrency: {
    limit: 1_000,
    limitPerHost: 100,
    dns: {ttl: 300_000, cacheSize: 10_000},
  },
  /**
   * A few hosts, talked to now and then for a long time: connections outlive the pauses, as long as servers let them, and
   * are renewed once an hour so that they follow the hosts' names.
   */
  longLived: {
    limit: 50,
    keepAliveTimeout: 300_000,
    maxConnectionAge: 3_600_000,
  },
  /** An API that allows few connections: what doesn't fit waits here, in a queue, and not there. */
  restrictedApi: {
    limit: 10,
    limitPerHost: 2,
    keepAliveTimeout: 30_000,
  },
} as const satisfies Record<string, UndiciConnectorOptions>;
