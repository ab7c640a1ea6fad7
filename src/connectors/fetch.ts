import {isStreamLike, prepareBody, toReadableStream} from '../body.ts';
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../connector.ts';
import type {Phase} from '../errors.ts';
import {UnsupportedOptionError} from '../errors.ts';
import {foreignFetch, handOn} from '../global-fetch.ts';
import {checkKnown} from '../options.ts';
import {isRedirectStatus} from '../redirect.ts';
import type {ConnectorRequest} from '../request.ts';
import type {UploadProgress} from './create-connector.ts';
import {createConnector} from './create-connector.ts';
import {networkError} from './network-error.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../connector.ts';

const name = 'fetch';
const knownOptions = new Set(['limit', 'limitPerHost']);

/** A `RequestInit` with the member that the DOM's types leave out. */
type StreamingInit = RequestInit & {duplex?: 'half'};

// Pages and their workers have a place. There the standard's rules for what a page may know hold: a redirect that isn't
// followed is opaque.
const isInPage = typeof globalThis.location === 'object';
const refusesRedirectError = detectRedirectErrorRefusal();

const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: detectRequestStreams(),
  manualRedirect: !isInPage,
};

/**
 * The connector of browsers, Deno, Bun and workers: the runtime's own `fetch`, looked up at each request, so that one
 * that a test or a framework puts in its place is used; unless that is a session's, and leads back here. The runtime owns the sockets; `limit` and `limitPerHost` bound
 * the requests in flight, each to the end of its body.
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
  checkKnown('connector', name, options, knownOptions);
  // Where the one in place leads back here, the one that was there before.
  const {fetch: before} = globalThis;
  const connector = createConnector(
    {
      name,
      capabilities: {
        sockets: false,
        connectTimeout: false,
        requestStreams: supportsRequestStreams,
        manualRedirect: false,
      },
      send: (request, signal, progress) => {
        const fetch = foreignFetch(connector, request.lifetime.cameFrom) ?? before;
        return sendNatively(connector, fetch, request, signal, progress);
      },
    },
    options,
  );
  return connector;
}

/** Sends a request over a `fetch`, for a connector; what that rejects with comes out typed. */
export async function sendNatively(
  connector: Connector,
  fetch: typeof globalThis.fetch,
  request: ConnectorRequest,
  signal: AbortSignal,
  progress: UploadProgress,
): Promise<Response> {
  const headers = [...request.headers];
  const init: StreamingInit = {
    ...request.native,
    method: request.method,
    headers,
    redirect: request.redirect,
    signal,
  };
  if (request.body !== null) {
    const {source, contentType} = prepareBody(request.body);
    if (contentType !== undefined && !request.headers.has('content-type')) {
      headers.push(['content-type', contentType]);
    }
    if (isStreamLike(source as never)) {
      init.body = uploadStream(source as never, signal, progress);
      init.duplex = 'half';
    } else {
      init.body = source as BodyInit;
      progress.sent(sizeOf(source as string | Uint8Array | Blob));
    }
  }
  try {
    return await handOn(connector, fetch, request.url, init);
  } catch (error) {
    throw signal.aborted ? signal.reason : networkError(error, request, 'send');
  }
}

function sizeOf(source: string | Uint8Array | Blob): number {
  if (typeof source === 'string') return new TextEncoder().encode(source).byteLength;
  return source instanceof Blob ? source.size : source.byteLength;
}

/** The stream, watched: how far it is sent, and cancelled when the request is, which not every runtime does. */
function uploadStream(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
  progress: UploadProgress,
): ReadableStream<Uint8Array> {
  if (!supportsRequestStreams) {
    throw new UnsupportedOptionError(
      'body',
      name,
      'this runtime does not send streams; send bytes or a Blob',
    );
  }
  const reader = toReadableStream(source).getReader();
  const cancel = (reason: unknown) => reader.cancel(reason).catch(() => undefined);
  signal.addEventListener('abort', () => cancel(signal.reason));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const {done, value} = await reader.read();
        if (done) {
          progress.done();
          controller.close();
        } else {
          progress.sent(value.byteLength);
          controller.enqueue(value);
        }
      },
      cancel,
    },
    {highWaterMark: 0},
  );
}

// A runtime that doesn't send streams turns one into text, and says so in the Content-Type it makes. Pages that don't
// may have Requests that do, and then don't ask for `duplex`; elsewhere some that do don't ask for it either.
function detectRequestStreams(): boolean {
  let asksForDuplex = false;
  try {
    const init: StreamingInit = {
      method: 'POST',
      body: new ReadableStream(),
      get duplex() {
        asksForDuplex = true;
        return 'half' as const;
      },
    };
    const hasType = new Request('https://example.invalid/', init).headers.has('content-type');
    return !hasType && (asksForDuplex || !isInPage);
  } catch {
    return false;
  }
}

// Workers have no redirect: 'error', and say so: there redirects are looked at here.
function detectRedirectErrorRefusal(): boolean {
  try {
    new Request('https://example.invalid/', {redirect: 'error'});
    return false;
  } catch {
    return true;
  }
}
