import {prepareBody} from '../body.ts';
import type {Connector, ConnectorOptions} from '../connector.ts';
import {InvalidOptionError} from '../errors.ts';
import {checkKnown} from '../options.ts';
import type {ConnectorRequest} from '../request.ts';
import {createConnector} from './create-connector.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../connector.ts';

/** A request as a mock's handler sees it, and as it is recorded. */
export interface MockCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  /** Which attempt at its call it is, from 1. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** The body as text; `''` when there is none. */
  text(): Promise<string>;
  /** The body as JSON. */
  json(): Promise<unknown>;
  /** The body as bytes. */
  bytes(): Promise<Uint8Array>;
}

/** Answers a request: with a Response, with anything else as JSON, or by throwing. */
export type MockHandler = (call: MockCall) => unknown;

/** What {@link mockConnector} makes. */
export interface MockConnector extends Connector {
  /** Every request it was sent, in order. */
  readonly calls: readonly MockCall[];
  /** Forgets the calls so far. */
  clear(): void;
}

const knownOptions = new Set(['limit', 'limitPerHost']);

/**
 * A connector for tests: a function answers, nothing is sent. Slots, queue, timeouts and aborts are those of any
 * other connector.
 *
 * @throws InvalidOptionError when `handler` is not a function
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
  checkKnown('connector', 'mock', options, knownOptions);
  const calls: MockCall[] = [];
  const connector = createConnector(
    {
      name: 'mock',
      capabilities: {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: true},
      async send(request, signal) {
        const call = toCall(request, signal);
        calls.push(call);
        return raceAbort(answer(handler, call), signal);
      },
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

async function answer(handler: MockHandler, call: MockCall): Promise<Response> {
  const result = await handler(call);
  if (result instanceof Response) return result;
  return result === undefined ? new Response(null, {status: 204}) : Response.json(result);
}

// A handler may never answer; the abort still has to.
function raceAbort(answered: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, {once: true});
    answered.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function toCall(request: ConnectorRequest, signal: AbortSignal): MockCall {
  const {url, method, attempt} = request;
  const headers = new Headers([...request.headers]);
  let body: Promise<Uint8Array> | undefined;
  const bytes = () => {
    body ??= readBody(request);
    return body;
  };
  if (request.body !== null && typeof request.body !== 'function') {
    const {contentType} = prepareBody(request.body);
    if (contentType !== undefined && !headers.has('content-type')) headers.set('content-type', contentType);
  }
  const text = async () => new TextDecoder().decode(await bytes());
  return {url, method, headers, attempt, signal, bytes, text, json: async () => JSON.parse(await text())};
}

async function readBody(request: ConnectorRequest): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const {source} = prepareBody(request.body);
  if (typeof source === 'object' && Symbol.asyncIterator in source && !(source instanceof ReadableStream)) {
    const parts: BlobPart[] = [];
    for await (const chunk of source) parts.push(chunk as BlobPart);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }
  return new Uint8Array(await new Response(source as BodyInit).arrayBuffer());
}
