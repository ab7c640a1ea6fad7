import type {PreparedBody, RequestBody} from '../../core/body.ts';
import {isStreamLike, sizeOf} from '../../core/body.ts';
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {discard} from '../../core/discard-response.ts';
import {callFetch, foreignFetch} from '../../core/fetch-origin.ts';
import type {followRedirects} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {buildConnector} from '../base/build-connector.ts';
import type {UploadProgress} from '../base/definition.ts';
import type {ToError} from '../base/fetch-exchange.ts';
import type {Upload} from './watch-upload.ts';
import {uploadError, watchUpload} from './watch-upload.ts';

/** A `RequestInit` with the member that the DOM's types leave out. */
export type StreamingInit = RequestInit & {duplex?: 'half'};

/** The work that a connector does itself, because the runtime's `fetch` doesn't do it. In a page, the browser does most of it. */
export interface FetchTraits {
  /** Follows redirects, if the runtime shows them, because some runtimes don't follow them exactly as the standard says. */
  readonly followRedirects?: typeof followRedirects | undefined;
  /** Converts a body to the form that is passed to `fetch`. */
  readonly prepareBody: (body: RequestBody) => {
    readonly source: unknown;
    readonly contentType: string | undefined;
  };
  /** Turns the errors of `fetch` into typed errors. */
  readonly toError: ToError;
}

/** The properties of one runtime's `fetch`. */
export interface NativeFetch extends FetchTraits {
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /** Members of the `init` that only this runtime knows. */
  readonly init?: Readonly<Record<string, unknown>> | undefined;
  /** The connector that this one is a part of. Sessions know that connector. */
  readonly owner?: Connector | undefined;
  dispose?(): void;
}

/** A connector over the global `fetch`. The caller handles the options that only its runtime has. */
export function createNativeConnector(native: NativeFetch, options: ConnectorOptions): Connector {
  // Used when the global fetch is a session's `fetch` that leads back to this connector.
  const {fetch: before} = globalThis;
  const {dispose} = native;
  const connector = buildConnector(
    {
      name: native.name,
      // The progress of a stream shows how much of it the runtime has taken.
      capabilities: {...native.capabilities, uploadProgress: native.capabilities.requestStreams},
      isNetworkError,
      send: (request, signal, progress) => {
        const owner = native.owner ?? connector;
        const fetch = foreignFetch(owner, lifetimeOf(request).cameFrom) ?? before;
        const send = (hop: ConnectorRequest) => sendNatively(native, owner, fetch, hop, signal, progress);
        return native.followRedirects && followsHere(native, request)
          ? native.followRedirects(request, send)
          : send(request);
      },
      ...(dispose && {dispose}),
    },
    options,
    native.toError,
  );
  return connector;
}

// With `integrity` the runtime has to follow the redirects, because it must check only the body of the last response.
function followsHere({capabilities, followRedirects}: NativeFetch, request: ConnectorRequest): boolean {
  return capabilities.manualRedirect && followRedirects !== undefined && !request.native?.integrity;
}

// Not all runtimes throw the standard's TypeError.
function isNetworkError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof DOMException);
}

async function sendNatively(
  native: NativeFetch,
  owner: Connector,
  fetch: typeof globalThis.fetch,
  request: ConnectorRequest,
  signal: AbortSignal,
  progress: UploadProgress,
): Promise<Response> {
  const headers = [...request.headers];
  const init: StreamingInit = {
    ...native.init,
    ...request.native,
    method: request.method,
    headers,
    redirect: followsHere(native, request) ? 'manual' : request.redirect,
    signal,
  };
  let upload: Upload | undefined;
  if (request.body !== null) {
    const {source, contentType} = native.prepareBody(request.body);
    const watched = progress.monitor?.upload(source as PreparedBody['source']);
    if (contentType !== undefined && !request.headers.has('content-type')) {
      headers.push(['content-type', contentType]);
    }
    if (watched || isStreamLike(source as never)) {
      if (!native.capabilities.requestStreams) {
        const hint = 'this runtime does not send streams; send bytes or a Blob';
        throw new UnsupportedOptionError('body', `the ${native.name} connector`, hint);
      }
      const size = sizeOf(source as PreparedBody['source']);
      if (size !== undefined && !request.headers.has('content-length')) {
        headers.push(['content-length', String(size)]);
      }
      upload = watchUpload(watched ?? (source as ReadableStream<Uint8Array>), signal, progress);
      init.body = upload.stream;
      init.duplex = 'half';
    } else {
      init.body = source as BodyInit;
      progress.sent(sizeOf(source as PreparedBody['source']) ?? 0);
    }
  }
  let response: Response;
  try {
    response = await callFetch(owner, fetch, request.url, init);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw upload?.failed ? uploadError(upload.failed.error, request) : error;
  }
  // Cloudflare's workers treat a stream that fails as one that ends, so that the request seems to succeed.
  if (upload?.failed) {
    discard(response);
    throw uploadError(upload.failed.error, request);
  }
  if (response.status >= 300) upload?.halt(new Error('The server answered before it had the whole body'));
  return response;
}
