import type {PreparedBody} from '../core/body.ts';
import {prepareBody, tagOf, toReadableStream} from '../core/body.ts';
import type {Connector, ConnectorOptions} from '../core/connector.ts';
import {reportedStream} from '../core/progress.ts';
import {followRedirects} from '../core/redirect.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {InvalidOptionError} from '../errors/index.ts';
import {createConnector} from './base/create-connector.ts';
import {toResponse} from './base/foreign-response.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../core/connector.ts';

/** A request as a handler of {@link mockConnector} receives it, and as the connector records it. */
export interface MockCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** The number of the attempt within its call, from 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** The body as text; `''` without a body. */
  text(): Promise<string>;
  /** The body as JSON. */
  json(): Promise<unknown>;
  /** The body as bytes. */
  bytes(): Promise<Uint8Array>;
}

/**
 * Answers a request with the value that it returns. A `Response` is used as it is, `undefined` becomes an empty 204, and
 * any other value becomes JSON. The request rejects with the error that the handler throws.
 */
export type MockHandler = (call: MockCall) => unknown;

/** The connector that {@link mockConnector} makes. */
export interface MockConnector extends Connector {
  /** Every request that was sent, in order. A redirect that is followed is a request of its own. */
  readonly calls: readonly MockCall[];
  /** Empties `calls`. */
  clear(): void;
}

/**
 * Makes a connector for tests: a function answers each request, and nothing is sent. Slots, queue, timeouts, aborts and
 * redirects are those of any other connector.
 *
 * @throws InvalidOptionError when `handler` is not a function, or for an option's value that is not allowed;
 * UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {mockConnector} from 'aiofetch/mock';
 *
 * const connector = mockConnector(() => ({name: 'Ada'}));
 * await using session = createSession({connector});
 * console.log(await session.get('https://example.com/users/1').json(), connector.calls.length);
 * ```
 */
export function mockConnector(handler: MockHandler, options: ConnectorOptions = {}): MockConnector {
  if (typeof handler !== 'function') throw new InvalidOptionError('handler', handler, 'a function');
  const calls: MockCall[] = [];
  const connector = createConnector(
    {
      name: 'mock',
      capabilities: {
        sockets: false,
        connectTimeout: false,
        requestStreams: true,
        uploadProgress: true,
        manualRedirect: true,
      },
      send: (request, signal) =>
        followRedirects(request, async (hop) => {
          signal.throwIfAborted();
          const call = toCall(hop, signal);
          calls.push(call);
          return answer(handler, call, hop);
        }),
    },
    options,
  );
  return {
    ...connector,
    calls,
    clear() {
      calls.length = 0;
    },
  };
}

async function answer(handler: MockHandler, call: MockCall, request: ConnectorRequest): Promise<Response> {
  const result = await handler(call);
  if (tagOf(result) === 'Response') return toResponse(result, request);
  return result === undefined ? new Response(null, {status: 204}) : Response.json(result);
}

function toCall(request: ConnectorRequest, signal: AbortSignal): MockCall {
  const {url, method, attempt} = request;
  const headers = new Headers([...request.headers]);
  const prepared = request.body === null ? undefined : prepareBody(request.body);
  if (prepared?.contentType !== undefined && !headers.has('content-type')) {
    headers.set('content-type', prepared.contentType);
  }
  const listener = prepared && request.transfer?.onUploadProgress;
  const read = bodyReader(listener ? reportedStream(prepared.source, listener) : (prepared?.source ?? ''));
  let body: Promise<Uint8Array> | undefined;
  const bytes = () => {
    body ??= read();
    return body;
  };
  // A progress listener is notified even if the handler doesn't read the body.
  if (listener) bytes().catch(() => undefined);
  const text = async () => new TextDecoder().decode(await bytes());
  return {url, method, headers, attempt, signal, bytes, text, json: async () => JSON.parse(await text())};
}

function bodyReader(source: PreparedBody['source']): () => Promise<Uint8Array> {
  if (typeof source === 'string' || source instanceof Blob || source instanceof Uint8Array) {
    return async () => new Uint8Array(await new Response(source as BodyInit).arrayBuffer());
  }
  // The mock reads the stream as if it were being sent, so the response must not cancel it.
  const reader = toReadableStream(source).getReader();
  return async () => {
    const parts: BlobPart[] = [];
    for (let next = await reader.read(); !next.done; next = await reader.read())
      parts.push(next.value as BlobPart);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  };
}
