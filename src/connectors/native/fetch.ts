import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {anyFetch} from './any-fetch.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {fetchCapabilities} from './fetch-capabilities.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';

/**
 * Makes a connector over the global `fetch`, for browsers, workers and other runtimes without a connector of their own.
 * Each request looks up the global `fetch`, so that a replacement by a test or a framework is used. A replacement that is
 * a session's own `fetch` and leads back to this connector is not used. The runtime owns the sockets. `limit` and
 * `limitPerHost` limit the requests in flight, each of which lasts to the end of its body.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {fetchConnector} from 'aiofetch/fetch';
 *
 * await using session = createSession({connector: fetchConnector({limit: 20, limitPerHost: 6})});
 * ```
 */
export function fetchConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({...anyFetch, name: 'fetch', capabilities: fetchCapabilities}, options);
}
