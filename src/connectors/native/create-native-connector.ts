import type {PreparedBody, RequestBody} from '../../core/body.ts';
import {isStreamLike, sizeOf, tagOf} from '../../core/body.ts';
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {callFetch, foreignFetch} from '../../core/fetch-origin.ts';
import type {ConnectorRequest, Redirect} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {buildConnector} from '../base/build-connector.ts';
import type {UploadProgress} from '../base/definition.ts';
import type {ConnectorTraits} from '../base/fetch-exchange.ts';
import type {StreamingInit} from './watch-upload.ts';
import {sendStream} from './watch-upload.ts';

/** Sends a request to the `fetch` of the runtime, with another `redirect` if one is given. */
type SendHop = (request: ConnectorRequest, redirect?: Redirect) => Promise<Response>;

/** The work that a connector does itself, because the runtime's `fetch` doesn't do it. In a page, the browser does most of it. */
export interface FetchTraits extends ConnectorTraits {
  /**
   * Follows redirects, because some runtimes don't follow them exactly as the standard says. Returns `undefined` for a
   * request whose redirects the runtime has to follow.
   */
  readonly followRedirects?:
    | ((
        native: {readonly capabilities: ConnectorCapabilities},
        request: ConnectorRequest,
        send: SendHop,
      ) => Promise<Response> | undefined)
    | undefined;
  /** Converts a body to the form that is passed to `fetch`. */
  readonly prepareBody: (
    body: RequestBody,
    request: ConnectorRequest,
  ) => PreparedBody | Promise<PreparedBody>;
  /** Turns what `fetch` returned into a `Response` of the runtime, or throws. A test may have replaced `fetch`. */
  readonly toResponse: (given: unknown, request: ConnectorRequest) => Response;
}

/** The properties of one runtime's `fetch`. */
export interface NativeFetch extends FetchTraits {
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /** Members of the `init` that only this runtime knows. */
  readonly init?: Readonly<Record<string, unknown>> | undefined;
  /** Throws if the `fetch` can't be trusted with the options of the connector. */
  readonly checkFetch?: ((fetch: typeof globalThis.fetch, request: ConnectorRequest) => void) | undefined;
  /** The `fetch` for a request that isn't sent through the global one. */
  readonly fetchFor?: ((request: ConnectorRequest) => typeof globalThis.fetch | undefined) | undefined;
  /** The connector that this one is a part of. Sessions know that connector. */
  readonly owner?: Connector | undefined;
  dispose?(): void;
}

/** Makes a connector over the global `fetch`. The caller handles the options that only its runtime has. */
export function createNativeConnector(native: NativeFetch, options: ConnectorOptions): Connector {
  // Used when the global fetch is a session's `fetch` that leads back to this connector.
  const {fetch: before} = globalThis;
  const connector = buildConnector(
    {
      ...native,
      // The progress of a stream shows how much of it the runtime has taken.
      capabilities: {...native.capabilities, uploadProgress: native.capabilities.requestStreams},
      isNetworkError,
      send: (request, signal, progress) => {
        const owner = native.owner ?? connector;
        const fetch =
          native.fetchFor?.(request) ?? foreignFetch(owner, lifetimeOf(request).cameFrom) ?? before;
        native.checkFetch?.(fetch, request);
        const send: SendHop = (hop, redirect = hop.redirect) =>
          sendNatively(native, owner, fetch, hop, redirect, signal, progress);
        return native.followRedirects?.(native, request, send) ?? send(request);
      },
    },
    options,
  );
  return connector;
}

// Not all runtimes throw the standard's TypeError. By the tag, because a frame has classes of its own. A DOMException has
// another one.
function isNetworkError(error: unknown): boolean {
  return tagOf(error) === 'Error';
}

async function sendNatively(
  native: NativeFetch,
  owner: Connector,
  fetch: typeof globalThis.fetch,
  request: ConnectorRequest,
  redirect: Redirect,
  signal: AbortSignal,
  progress: UploadProgress,
): Promise<Response> {
  const headers = [...request.headers];
  const init: StreamingInit = {
    ...native.init,
    ...request.native,
    method: request.method,
    headers,
    redirect,
    signal,
  };
  const send = async (sent: StreamingInit) =>
    native.toResponse(await callFetch(owner, fetch, request.url, sent), request);
  try {
    if (request.body !== null) {
      const {source, contentType} = await native.prepareBody(request.body, request);
      const watched = progress.monitor?.upload(source);
      if (contentType !== undefined && !request.headers.has('content-type')) {
        headers.push(['content-type', contentType]);
      }
      if (watched || isStreamLike(source as RequestBody)) {
        const upload = {source, watched, request, native, signal, progress};
        return await sendStream(upload, init, send);
      }
      init.body = source as BodyInit;
      progress.sent(sizeOf(source) ?? 0);
    }
    return await send(init);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
