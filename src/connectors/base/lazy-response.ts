import type {CopiedHead} from '../../core/native-response.ts';
import {CopiedResponse, NativeResponse} from '../../core/native-response.ts';
import {isNullBodyStatus} from '../../core/status.ts';
import {toJsonError} from '../../errors/json-error.ts';
import {alreadyRead, BodyReader, LazySource} from './lazy-body.ts';
import type {BodyTracker, TrackResponse} from './tracked-response.ts';
import {trackedResponse} from './tracked-response.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const decoder = new TextDecoder();

/**
 * Makes the responses that callers get from those of the runtime's own `fetch`. `json()`, `text()` and their like read the
 * runtime's response itself, which takes a fraction of the time of a stream that a script makes. Any other response, such as
 * one that a program made, and one without a body, goes to {@link trackedResponse}.
 *
 * @param begin - calls `afterTurn()` of the source when this turn of the event loop is over
 */
function lazily(begin: (source: LazySource) => void): TrackResponse {
  return (response, tracker, request) => {
    const size = Number(response.headers.get('content-length'));
    if (!isOfRuntime(response) || request.method === 'HEAD' || !hasUsualBody(response, size)) {
      return trackedResponse(response, tracker, request);
    }
    const source = new LazySource(new BodyReader(response, size, tracker, request));
    begin(source);
    return new LazyResponse(response, source, tracker, request.method);
  };
}

/** For all runtimes: Cloudflare's workers can't share a timer between the requests that they answer. */
export const lazyResponse = /* @__PURE__ */ lazily((source) => {
  setTimeout(() => source.afterTurn(), 0);
});

/** The sources of the responses that arrived in this turn. */
let arrived: LazySource[] = [];

/** With one timer for all responses of a turn. */
export const lazyResponseOfTurn = /* @__PURE__ */ lazily((source) => {
  if (arrived.push(source) === 1) setTimeout(endTurn, 0);
});

function endTurn(): void {
  const sources = arrived;
  arrived = [];
  for (const source of sources) source.afterTurn();
}

/**
 * Whether the response is one of the runtime's own `fetch`, and not one that a program made, whose type is `default` and which
 * has no URL. In Bun all have that type. Deno parses the URL again each time that it is read.
 */
function isOfRuntime(response: Response): boolean {
  return (
    response.constructor === NativeResponse &&
    (response.type !== 'default' || response.url !== '') &&
    !Object.hasOwn(response, 'url')
  );
}

/**
 * Looks at the size first, because some runtimes make a stream when `body` is read.
 *
 * @param size - the value of `Content-Length`; 0 without one, and NaN for what is no number
 */
function hasUsualBody(response: Response, size: number): boolean {
  const {status, redirected} = response;
  if (status < 200 || isNullBodyStatus(status) || redirected) return false;
  return size > 0 || response.body !== null;
}

/** The response itself, whose members are read when they are asked for. In Bun its type is wrong. */
function headOf(response: Response): CopiedHead {
  if (response.type !== 'default') return response;
  const {url, redirected, status, statusText} = response;
  return {url, redirected, type: 'basic', status, statusText};
}

/** A response whose methods read the runtime's response, and whose `body` is a stream that is begun when it is read. */
class LazyResponse extends CopiedResponse {
  readonly #given: Response;
  readonly #method: string;
  readonly #tracker: BodyTracker;
  readonly #source: LazySource;
  readonly #stream: ReadableStream<Bytes>;

  constructor(response: Response, source: LazySource, tracker: BodyTracker, method: string) {
    // A byte stream refuses a `size`.
    const size = source.type ? undefined : (chunk: Bytes) => chunk.byteLength;
    const stream = new ReadableStream<Bytes>(
      source as object,
      {highWaterMark: 0, size} as QueuingStrategy<Bytes>,
    );
    super(stream, headOf(response), response.headers, tracker);
    this.#given = response;
    this.#method = method;
    this.#tracker = tracker;
    this.#source = source;
    this.#stream = stream;
  }

  override get bodyUsed(): boolean {
    return super.bodyUsed || this.#source.isTaken;
  }

  override get body(): ReadableStream<Bytes> | null {
    // The stream has to look as if it had been read.
    if (this.#source.isTaken && !super.bodyUsed) void this.#stream.cancel();
    return super.body;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#take()?.then(({buffer}) => buffer) ?? super.arrayBuffer();
  }

  override blob(): Promise<Blob> {
    return this.#take()?.then((bytes) => this.#responseOf(bytes).blob()) ?? super.blob();
  }

  override bytes(): Promise<Bytes> {
    return this.#take() ?? super.bytes();
  }

  override formData(): Promise<FormData> {
    return this.#take()?.then((bytes) => this.#responseOf(bytes).formData()) ?? super.formData();
  }

  override json(): Promise<unknown> {
    return this.#take()?.then((bytes) => this.#parse(bytes)) ?? super.json();
  }

  override text(): Promise<string> {
    return this.#take()?.then((bytes) => decoder.decode(bytes)) ?? super.text();
  }

  override clone(): Response {
    if (this.#source.isTaken) throw alreadyRead();
    return super.clone();
  }

  /** Reads the body of the runtime's response. Returns `undefined` if the stream has to be read instead. */
  #take(): Promise<Bytes> | undefined {
    const source = this.#source;
    if (source.isTaken) return Promise.reject(alreadyRead());
    if (source.isBegun || this.#stream.locked) return undefined;
    this.#tracker.readStarted();
    return source.take();
  }

  #parse(bytes: Bytes): unknown {
    try {
      return JSON.parse(decoder.decode(bytes));
    } catch (error) {
      throw toJsonError(error, {method: this.#method, url: this.url});
    }
  }

  #responseOf(bytes: Bytes): Response {
    return new NativeResponse(bytes, {headers: this.#given.headers});
  }
}
