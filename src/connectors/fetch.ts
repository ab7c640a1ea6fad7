import {isStreamLike, prepareBody, toReadableStream} from '../body.ts';
import type {Connector, ConnectorOptions} from '../connector.ts';
import {AiofetchError, ConnectionError, RedirectError, UnsupportedOptionError} from '../errors.ts';
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

const name = 'fetch';
const knownOptions = new Set(['limit', 'limitPerHost']);

/** A `RequestInit` with the member that the DOM's types leave out. */
type StreamingInit = RequestInit & {duplex?: 'half'};

const supportsRequestStreams = detectRequestStreams();

/**
 * The connector of browsers, Deno, Bun and workers: the runtime's own `fetch`, looked up at each request, so that one
 * that a test or a framework puts in its place is used. The runtime owns the sockets; `limit` and `limitPerHost` bound
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
  return createConnector(
    {
      name,
      capabilities: {
        sockets: false,
        connectTimeout: false,
        requestStreams: supportsRequestStreams,
        manualRedirect: false,
      },
      send: (request, signal) => sendNatively(globalThis.fetch, request, signal),
    },
    options,
  );
}

/** Sends a request over a `fetch`; what that rejects with comes out typed. */
export async function sendNatively(
  fetch: typeof globalThis.fetch,
  request: ConnectorRequest,
  signal: AbortSignal,
): Promise<Response> {
  const init: StreamingInit = {
    ...request.native,
    method: request.method,
    headers: [...request.headers],
    redirect: request.redirect,
    signal,
  };
  if (request.body !== null) {
    const {source, contentType} = prepareBody(request.body);
    init.body = source as BodyInit;
    if (isStreamLike(source as never)) {
      if (!supportsRequestStreams) {
        throw new UnsupportedOptionError(
          'body',
          name,
          'this runtime does not send streams; send bytes or a Blob',
        );
      }
      init.body = toReadableStream(source as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>);
      init.duplex = 'half';
    }
    if (contentType !== undefined && !request.headers.has('content-type')) {
      (init.headers as Array<[string, string]>).push(['content-type', contentType]);
    }
  }
  try {
    // Called as a function, not as a member: workers refuse that with "Illegal invocation".
    return await fetch(request.url, init);
  } catch (error) {
    throw signal.aborted ? signal.reason : toConnectionError(error, request);
  }
}

// What the Fetch standard has for every failure of the network is a TypeError without a word on what failed; where a
// runtime adds a cause, its code is kept.
function toConnectionError(error: unknown, request: ConnectorRequest): unknown {
  if (!(error instanceof Error) || error instanceof AiofetchError) return error;
  const details = {request, attempts: request.attempt, cause: error};
  if (request.redirect === 'error' && /redirect/i.test(describe(error))) {
    return new RedirectError('Response is a redirect, and redirect is "error"', details);
  }
  if (!(error instanceof TypeError)) return error;
  const code = (error.cause as {code?: unknown} | undefined)?.code ?? (error as {code?: unknown}).code;
  return new ConnectionError(`Request failed: ${describe(error)}`, 'connect', {
    ...details,
    code: typeof code === 'string' ? code : undefined,
  });
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause ? `${error.message}: ${cause}` : error.message;
}

// A runtime that doesn't send streams turns one into text, and says so in the Content-Type it makes.
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
    return asksForDuplex && !hasType;
  } catch {
    return false;
  }
}
