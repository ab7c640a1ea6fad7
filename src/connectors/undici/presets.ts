import type {UndiciConnectorOptions} from './options.ts';

/**
 * Options for three common situations, to be spread into one's own: `undiciConnector({...presets.highConcurrency, http2: true})`.
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
  /** Many requests to many hosts: a large pool that no single host can fill, and DNS answers that are cached for long. */
  highConcurrency: {
    limit: 1_000,
    limitPerHost: 100,
    dns: {ttl: 300_000, cacheSize: 10_000},
  },
  /**
   * Occasional requests to a few hosts over a long time: connections stay open between requests for as long as the servers
   * allow, and are renewed once an hour to follow changes in DNS.
   */
  longLived: {
    limit: 50,
    keepAliveTimeout: 300_000,
    maxConnectionAge: 3_600_000,
  },
  /** An API that allows few connections: further requests wait in the connector's queue. */
  restrictedApi: {
    limit: 10,
    limitPerHost: 2,
    keepAliveTimeout: 30_000,
  },
} as const satisfies Record<string, UndiciConnectorOptions>;
