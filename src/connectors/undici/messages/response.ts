import {Readable} from 'node:stream';
import {type ChunkSource, takeChunks} from '../../../core/chunk-source.ts';
import {NativeResponse} from '../../../core/native-response.ts';
import {parseJson} from '../../../errors/json-error.ts';
import type {BodySource} from './incoming-body.ts';

// Read when the module is loaded, as `NativeResponse` is: tests and tools replace the globals later.
const NativeHeaders = globalThis.Headers;

/** The head of a response, as it was received. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn, as bytes. */
  readonly rawHeaders: readonly Buffer[];
  readonly url: string;
  readonly redirected: boolean;
  /** The method of the request, for errors. */
  readonly method: string;
}

/** Cancels the body when `response` and its stream have been garbage-collected unread. */
export let cancelWhenCollected: (response: Response) => void;

// Without this, the body of a response that was garbage-collected would keep its connection for ever.
const abandoned = new FinalizationRegistry<BodySource>((body) =>
  body.cancel(new Error('The response was garbage-collected before its body was read')),
);

/**
 * A `Response` that callers can't tell from a built-in one, at a fraction of its cost: headers and web stream are created
 * on first use, and text, JSON and bytes come straight from the received buffers.
 *
 * The class is long because it has every member of the `Response` interface; each member is short.
 */
class ReceivedResponse {
  readonly #head: ResponseHead;
  #body: BodySource | undefined;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #used = false;

  static {
    cancelWhenCollected = (response) => {
      const self = response as unknown as ReceivedResponse;
      if (self.#body && !self.#stream && !self.#used) abandoned.register(self, self.#body, self);
    };
  }

  constructor(head: ResponseHead, body: BodySource | undefined) {
    this.#head = head;
    this.#body = body;
  }

  get type(): ResponseType {
    return 'basic';
  }

  get url(): string {
    return this.#head.url;
  }

  get redirected(): boolean {
    return this.#head.redirected;
  }

  get status(): number {
    return this.#head.status;
  }

  get ok(): boolean {
    return this.#head.status >= 200 && this.#head.status <= 299;
  }

  get statusText(): string {
    return this.#head.statusText;
  }

  get headers(): Headers {
    this.#headers ??= new ReceivedHeaders(this.#head.rawHeaders);
    return this.#headers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.#body) return null;
    if (!this.#stream) {
      this.#stream = this.#used ? readStream() : toStream(this.#body);
      abandoned.unregister(this);
      if (!this.#used && !this.#body.ended) abandoned.register(this.#stream, this.#body);
    }
    return this.#stream;
  }

  get bodyUsed(): boolean {
    return this.#used || (this.#stream !== undefined && isDisturbed(this.#stream));
  }

  // A body that has arrived is returned without `await`: each `async` function costs a promise and a turn of the event loop.

  text(): Promise<string> {
    const bytes = this.#takeNow();
    return bytes ? Promise.resolve(toText(bytes)) : this.#consume().then(toText);
  }

  json(): Promise<unknown> {
    const bytes = this.#takeNow();
    if (!bytes) return this.#consume().then((collected) => parseJson(toText(collected), this.#head));
    try {
      return Promise.resolve(parseJson(toText(bytes), this.#head));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#consume().then(toOwnBytes);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#consume().then((bytes) => toOwnBytes(bytes).buffer);
  }

  async blob(): Promise<Blob> {
    return (await this.#toNative()).blob();
  }

  async formData(): Promise<FormData> {
    return (await this.#toNative()).formData();
  }

  clone(): Response {
    if (this.bodyUsed || this.#stream?.locked) {
      throw new TypeError('Response.clone: Body has already been consumed.');
    }
    if (!this.#body) return asResponse(new ReceivedResponse(this.#head, undefined));
    const fork = this.#stream ? undefined : this.#body.fork();
    if (fork) return asResponse(new ReceivedResponse(this.#head, fork));
    const [mine, theirs] = (this.body as ReadableStream<Uint8Array<ArrayBuffer>>).tee();
    this.#stream = mine;
    const copy = new ReceivedResponse(this.#head, undefined);
    copy.#body = this.#body;
    copy.#stream = theirs;
    return asResponse(copy);
  }

  /** The body without a web stream. A reader that is garbage-collected half-way frees the connection. */
  [takeChunks](): ChunkSource | undefined {
    const body = this.#body;
    if (!body || this.#stream || this.#used) return undefined;
    this.#take();
    const chunks: ChunkSource = {
      async read() {
        const chunk = await body.read();
        return chunk && new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength);
      },
      cancel: (reason) => body.cancel(reason),
    };
    if (!body.ended) abandoned.register(chunks, body);
    return chunks;
  }

  #takeNow(): Buffer | undefined {
    if (this.#used || this.#stream || !this.#body) return undefined;
    const bytes = this.#body.takeNow();
    if (bytes) this.#used = true;
    return bytes;
  }

  async #consume(): Promise<Buffer> {
    if (this.bodyUsed || this.#stream?.locked) {
      throw new TypeError('Body is unusable: Body has already been read');
    }
    if (!this.#body) return Buffer.alloc(0);
    if (this.#stream) return Buffer.from(await new NativeResponse(this.#stream).arrayBuffer());
    this.#take();
    return this.#body.collect();
  }

  /** Marks the body as taken by a reader, which no longer needs the response. */
  #take(): void {
    this.#used = true;
    abandoned.unregister(this);
  }

  async #toNative(): Promise<Response> {
    const contentType = this.headers.get('content-type');
    const bytes = await this.#consume();
    const body = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    return new NativeResponse(body, contentType === null ? {} : {headers: {'content-type': contentType}});
  }
}

Object.setPrototypeOf(ReceivedResponse.prototype, NativeResponse.prototype);
Object.defineProperty(ReceivedResponse.prototype, 'constructor', {
  value: NativeResponse,
  writable: true,
  configurable: true,
});
// Web IDL makes attributes and operations enumerable, and libraries enumerate them.
for (const name of Object.getOwnPropertyNames(ReceivedResponse.prototype)) {
  if (name !== 'constructor') Object.defineProperty(ReceivedResponse.prototype, name, {enumerable: true});
}

// `Readable.isDisturbed` accepts web streams as well, though its types don't say so.
const isDisturbed = Readable.isDisturbed as unknown as (stream: ReadableStream) => boolean;

function asResponse(response: ReceivedResponse): Response {
  return response as unknown as Response;
}

/** Creates a `Response` from a head and a body; the body is `undefined` for statuses and methods that have none. */
export function createResponse(head: ResponseHead, body: BodySource | undefined): Response {
  return asResponse(new ReceivedResponse(head, body));
}

function toText(bytes: Buffer): string {
  const text = bytes.toString();
  // Fetch, "UTF-8 decode": a byte order mark is dropped.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

// A reader may transfer the whole memory that its bytes lie in, as a byte stream does. Small buffers share their memory with
// others, so they are copied.
function toOwnBytes({buffer, byteOffset, byteLength}: Buffer): Uint8Array<ArrayBuffer> {
  const memory = buffer as ArrayBuffer;
  const isAlone = byteLength > 0 && byteLength === memory.byteLength;
  return isAlone ? new Uint8Array(memory) : new Uint8Array(memory.slice(byteOffset, byteOffset + byteLength));
}

/** Headers that can't be changed (Fetch, "headers guard": "immutable"). */
class ReceivedHeaders extends NativeHeaders {
  constructor(raw: readonly Buffer[]) {
    super();
    for (let index = 0; index < raw.length; index += 2) {
      super.append((raw[index] as Buffer).toString('latin1'), (raw[index + 1] as Buffer).toString('latin1'));
    }
  }

  override append(): never {
    throw immutable();
  }

  override delete(): never {
    throw immutable();
  }

  override set(): never {
    throw immutable();
  }
}

const immutable = () => new TypeError('The headers of a received response are immutable');

Object.defineProperty(ReceivedHeaders.prototype, 'constructor', {value: NativeHeaders});

/**
 * A byte stream over a body. Each read pulls one chunk. Between reads the body holds no reference to the stream, so that an
 * abandoned stream can be garbage-collected and its connection freed.
 */
function toStream(body: BodySource): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      if (!body.ended) failLater(body, new WeakRef(controller));
    },
    async pull(controller) {
      const chunk = await body.read();
      if (chunk === undefined) {
        controller.close();
        // A reader with a buffer of its own waits for a response even after `close`.
        controller.byobRequest?.respond(0);
      } else if (chunk.length > 0) {
        controller.enqueue(toOwnBytes(chunk));
      }
    },
    cancel(reason) {
      body.cancel(reason);
    },
  });
}

// If the connection breaks while no read is pending, the stream fails at once, so that `reader.closed` rejects.
function failLater(body: BodySource, controller: WeakRef<ReadableByteStreamController>): void {
  body.onFailure((error) => controller.deref()?.error(error));
}

/** The value of `body` after the body was read through another member: a closed stream that was read from. */
function readStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: 'bytes',
    start: (controller) => controller.close(),
  });
  void stream.getReader().read();
  return stream;
}
