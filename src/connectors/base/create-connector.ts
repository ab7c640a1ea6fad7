import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {buildConnector} from './build-connector.ts';
import type {ConnectorDefinition} from './definition.ts';
import {networkError} from './network-error.ts';

/**
 * Makes a connector of a function that sends a request, like a `fetch`. It adds the parts that every connector has:
 * `limit` and `limitPerHost`, whose slots last to the end of the body, the queue, timeouts, aborts, statistics, trace
 * signals and closing.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
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
