import {isStreamLike, keepErrors, madeBody} from '../../core/body.ts';
import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {watchQueues} from '../limits/watch-queues.ts';
import {buildConnector} from './build-connector.ts';
import type {ConnectorDefinition, UploadProgress} from './definition.ts';
import type {ConnectorTraits} from './fetch-exchange.ts';
import {networkError} from './network-error.ts';

/**
 * Makes a connector of a function that sends a request, like a `fetch`. It adds the parts that every connector has:
 * `limit` and `limitPerHost`, whose slots last to the end of the body, the queue, timeouts, aborts, statistics, trace
 * signals and closing. A body that is a function is called before, and a stream is refused if `capabilities.requestStreams`
 * is false.
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
  // Inherited rather than copied, because a definition may be an instance of a class.
  const prepared: ConnectorDefinition & ConnectorTraits = Object.create(definition, {
    send: {
      value: (request: ConnectorRequest, signal: AbortSignal, progress: UploadProgress) =>
        definition.send(withMadeBody(request, definition), signal, progress),
    },
    toError: {value: networkError},
    watchQueues: {value: watchQueues},
  });
  return buildConnector(prepared, options);
}

/** @throws UnsupportedOptionError for a stream, if the connector doesn't send streams */
function withMadeBody(
  request: ConnectorRequest,
  {name, capabilities}: Pick<ConnectorDefinition, 'name' | 'capabilities'>,
): ConnectorRequest {
  const body = madeBody(request.body);
  if (body && isStreamLike(body)) {
    keepErrors(body);
    if (!capabilities.requestStreams) {
      throw new UnsupportedOptionError(
        'body',
        `the ${name} connector`,
        'it does not send streams; send bytes or a Blob',
      );
    }
  }
  return body === request.body ? request : request.with({body});
}
