import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {buildConnector} from './build-connector.ts';
import type {ConnectorDefinition} from './definition.ts';
import {networkError} from './network-error.ts';

/**
 * A connector of anything shaped like a `fetch`: adds what every connector has, `limit` and `limitPerHost` with slots
 * that last to the end of the body, the queue, timeouts, aborts, statistics and closing.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be
 *
 * @example
 * ```ts
 * import {createConnector, createSession} from 'aiofetch';
 *
 * const connector = createConnector(
 *   {
 *     name: 'echo',
 *     capabilities: {sockets: false, connectTimeout: false, requestStreams: false, manualRedirect: false},
 *     send: async (request) => new Response(`${request.method} ${request.url}`),
 *   },
 *   {limit: 10},
 * );
 * await using session = createSession({connector});
 * console.log(await session.get('https://example.com/').text());
 * ```
 */
export function createConnector(definition: ConnectorDefinition, options: ConnectorOptions = {}): Connector {
  return buildConnector(definition, options, networkError);
}
