import {isStreamLike, prepareBody, sizeOf, toReadableStream} from '../../core/body.ts';
import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {discard} from '../../core/discard-response.ts';
import {foreignFetch, handOn} from '../../core/fetch-origin.ts';
import {followRedirects} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {AiofetchError, ConnectionError, UnsupportedOptionError} from '../../errors/index.ts';
import {createConnector} from '../base/create-connector.ts';
import type {UploadProgress} from '../base/definition.ts';

/** A `RequestInit` with the member that the DOM's types leave out. */
export type StreamingInit = RequestInit & {duplex?: 'half'};

/** What is one runtime's own in a connector over its `fetch`. */
export interface NativeFetch {
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /** Members of the `init` that only this runtime knows. */
  readonly init?: Readonly<Record<string, unknown>> | undefined;
  /** The connector that it is a part of, which is the one that sessions know. */
  readonly owner?: Connector | undefined;
  dispose?(): void;
}

/** A connector over the global `fetch`. Options that only its runtime has are the caller's. */
export function createNativeConnector(native: NativeFetch, options: ConnectorOptions): Connector {
  // Where the one in place leads back here, the one that was there before.
  const {fetch: before} = globalThis;
  const {dispose} = native;
  const connector = createConnector(
    {
      name: native.name,
      // Of what is sent as a stream it can be seen how far it has been taken.
      capabilities: {...native.capabilities, uploadProgress: native.capabilities.requestStreams},
      isNetworkError,
      send: (request, signal, progress) => {
        const owner = native.owner ?? connector;
        const fetch = foreignFetch(owner, lifetimeOf(request).cameFrom) ?? before;
        const send = (hop: ConnectorRequest) => sendNatively(native, owner, fetch, hop, signal, progress);
        return followsHere(native, request) ? followRedirects(request, send) : send(request);
      },
      ...(dispose && {dispose}),
    },
    options,
  );
  return connector;
}

// Where redirects can be seen they are followed here: to the letter of the standard not every runtime does it. A body
// that is checked must be the last one's, which only the runtime knows then.
function followsHere({capabilities}: NativeFetch, request: ConnectorRequest): boolean {
  return capabilities.manualRedirect && !request.native?.integrity;
}

// Not all runtimes have the standard's TypeError for that.
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
    const {source, contentType} = prepareBody(request.body);
    const watched = progress.monitor?.upload(source);
    if (contentType !== undefined && !request.headers.has('content-type')) {
      headers.push(['content-type', contentType]);
    }
    if (watched || isStreamLike(source as never)) {
      if (!native.capabilities.requestStreams) {
        const hint = 'this runtime does not send streams; send bytes or a Blob';
        throw new UnsupportedOptionError('body', `the ${native.name} connector`, hint);
      }
      const size = sizeOf(source);
      if (size !== undefined && !request.headers.has('content-length')) {
        headers.push(['content-length', String(size)]);
      }
      upload = watchUpload(watched ?? (source as ReadableStream<Uint8Array>), signal, progress);
      init.body = upload.stream;
      init.duplex = 'half';
    } else {
      init.body = source as BodyInit;
      progress.sent(sizeOf(source) as number);
    }
  }
  let response: Response;
  try {
    response = await handOn(owner, fetch, request.url, init);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw upload?.failed ? uploadError(upload.failed.error, request) : error;
  }
  // Workers take a stream that fails for one that ends.
  if (upload?.failed) {
    discard(response);
    throw uploadError(upload.failed.error, request);
  }
  if (response.status >= 300) upload?.halt(new Error('The server answered before it had the whole body'));
  return response;
}

function uploadError(cause: unknown, request: ConnectorRequest): AiofetchError {
  if (cause instanceof AiofetchError) return cause;
  return new ConnectionError(`The request's body failed: ${cause}`, 'send', {
    request,
    attempts: request.attempt,
    cause,
  });
}

interface Upload {
  readonly stream: ReadableStream<Uint8Array>;
  /** What the source failed with. */
  readonly failed: {readonly error: unknown} | undefined;
  /** Nothing more of it is wanted. It doesn't end: that would make what was sent look like all of it. */
  halt(reason: unknown): void;
}

/**
 * A body's stream, watched: how far it is sent, what it fails with, and cancelled when the request is. Not every
 * runtime does that, nor tells.
 */
function watchUpload(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
  progress: UploadProgress,
): Upload {
  const reader = toReadableStream(source).getReader();
  const cancel = (reason: unknown) => reader.cancel(reason).catch(() => undefined);
  let failed: {readonly error: unknown} | undefined;
  let isHalted = false;
  signal.addEventListener('abort', () => cancel(signal.reason));
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const {done, value} = await reader.read();
          if (isHalted) await new Promise(() => undefined);
          if (done) {
            progress.done();
            controller.close();
          } else {
            progress.sent(value.byteLength);
            controller.enqueue(value);
          }
        } catch (error) {
          failed ??= {error};
          throw error;
        }
      },
      cancel,
    },
    {highWaterMark: 0},
  );
  return {
    stream,
    get failed() {
      return failed;
    },
    halt(reason) {
      isHalted = true;
      void cancel(reason);
    },
  };
}
