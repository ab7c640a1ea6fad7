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
 * The connector of browsers and workers, and of any runtime without one of its own: the global `fetch`, looked up at
 * each request, so that one that a test or a framework puts in its place is used; unless that is a session's, and leads
 * back here. The runtime owns the sockets; `limit` and `limitPerHost` bound the requests in flight, each to the end of
 * its body.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be
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
