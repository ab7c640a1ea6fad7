import type {PreparedBody} from '../../core/body.ts';
import {sizeOf, toReadableStream} from '../../core/body.ts';
import type {Connector} from '../../core/connector.ts';
import {discard} from '../../core/discard-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {AiofetchError, ConnectionError, UnsupportedOptionError} from '../../errors/index.ts';
import {isBrowserPage} from '../../utils/is-browser-page.ts';
import type {UploadProgress} from '../base/definition.ts';

/** A `RequestInit` with the member that the DOM's types leave out. */
export type StreamingInit = RequestInit & {duplex?: 'half'};

/** A body that can only be sent as a stream, and the request that it belongs to. */
interface StreamUpload {
  readonly source: PreparedBody['source'];
  /** The source as a stream that reports its progress. `undefined` if the call has no listener for that. */
  readonly watched: ReadableStream<Uint8Array> | undefined;
  readonly request: ConnectorRequest;
  readonly native: Pick<Connector, 'name' | 'capabilities'>;
  readonly signal: AbortSignal;
  readonly progress: UploadProgress;
}

/**
 * Sends a body as a stream: puts it into `init` and then calls `fetch`.
 *
 * @throws UnsupportedOptionError if the runtime can't send streams, or not to this URL
 */
export async function sendStream(
  {source, watched, request, native, signal, progress}: StreamUpload,
  init: StreamingInit,
  fetch: (init: StreamingInit) => Promise<Response>,
): Promise<Response> {
  const {requestStreams} = native.capabilities;
  // A page can't tell which version of HTTP a server speaks, except that no browser speaks HTTP/2 without TLS.
  if (!requestStreams || (isBrowserPage && /^http:/.test(request.url))) {
    throw new UnsupportedOptionError(
      watched ? 'onUploadProgress' : 'body',
      `the ${native.name} connector`,
      'streams are sent over HTTP/2 only here, if at all',
    );
  }
  const size = sizeOf(source);
  const headers = [...(init.headers as Array<[string, string]>)];
  if (size !== undefined && !request.headers.has('content-length')) {
    headers.push(['content-length', String(size)]);
  }
  const upload = watchUpload(watched ?? (source as ReadableStream<Uint8Array>), signal, progress);
  let response: Response;
  try {
    response = await fetch({...init, headers, body: upload.stream, duplex: 'half'});
  } catch (error) {
    throw upload.failed ? uploadError(upload.failed.error, request) : error;
  }
  // Cloudflare's workers treat a stream that fails as one that ends, so that the request seems to succeed.
  if (upload.failed) {
    discard(response);
    throw uploadError(upload.failed.error, request);
  }
  if (response.status >= 300) upload.halt(new Error('The server has answered'));
  return response;
}

/** The error for a request whose body failed. A typed error of the body stays as it is. */
function uploadError(cause: unknown, request: ConnectorRequest): AiofetchError {
  if (cause instanceof AiofetchError) return cause;
  return new ConnectionError(`The body of the request failed: ${cause}`, 'send', {
    request,
    attempts: request.attempt,
    cause,
  });
}

/** A body that is being sent. */
interface Upload {
  readonly stream: ReadableStream<Uint8Array>;
  /** The error that the source failed with. */
  readonly failed: {readonly error: unknown} | undefined;
  /** Stops reading. The stream doesn't end, because the part that was sent would look like the whole body. */
  halt(reason: unknown): void;
}

/**
 * Reads a body's stream for the runtime, reports its progress and its failure, and cancels it with the request. Some
 * runtimes neither cancel the stream nor report why it failed.
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
