import {Readable} from 'node:stream';
import {type ChunkSource, takeChunks} from '../../../core/chunk-source.ts';
import {NativeResponse} from '../../../core/native-response.ts';
import type {BodySource} from './incoming-body.ts';

// As with the Response: tests and tools swap the globals.
const NativeHeaders = globalThis.Headers;

/** The head of a response, as it came. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn, as bytes. */
  readonly rawHeaders: readonly Buffer[];
  readonly url: string;
  readonly redirected: boolean;
}

/** Sees to it that the body is cancelled when nobody holds `response`, nor its stream, any more. */
export let cancelWhenCollected: (response: Response) => void;

// A body whose response nobody holds any more would keep its connection for ever.
const abandoned = new FinalizationRegistry<BodySource>((body) =>
  body.cancel(new Error('The response was collected unread')),
);

/**
 * A `Response` in every respect a caller can see, at a fraction of a built-in one's cost: headers and web stream are
 * made when they are asked for, and text, JSON and bytes come straight from the buffers that were received.
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

  constructor(head: ResponseHead, body: BodySource | undefined, headers?: Headers) {
    this.#head = head;
    this.#body = body;
    this.#headers = headers;
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
    this.#headers ??= toHeaders(this.#head.rawHeaders);
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

  // What is here already is handed over without waiting: each `async` costs a promise and a turn.

  text(): Promise<string> {
    const bytes = this.#takeNow();
    return bytes ? Promise.resolve(toText(bytes)) : this.#consume().then(toText);
  }

  json(): Promise<unknown> {
    const bytes = this.#takeNow();
    if (!bytes) return this.#consume().then(toJson);
    try {
      return Promise.resolve(toJson(bytes));
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
    // Each has its own headers: changing one's must not show in the other.
    const headers = this.#headers && new NativeHeaders(this.#headers);
    if (!this.#body) return asResponse(new ReceivedResponse(this.#head, undefined, headers));
    const fork = this.#stream ? undefined : this.#body.fork();
    if (fork) return asResponse(new ReceivedResponse(this.#head, fork, headers));
    const [mine, theirs] = (this.body as ReadableStream<Uint8Array<ArrayBuffer>>).tee();
    this.#stream = mine;
    const copy = new ReceivedResponse(this.#head, undefined, headers);
    copy.#body = this.#body;
    copy.#stream = theirs;
    return asResponse(copy);
  }

  /** The body without a web stream. Whoever lets go of it, half read, lets go of its connection. */
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

  /** From now on the body is somebody's, who needs the response no more. */
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
// As Web IDL has attributes and operations: libraries list them.
for (const name of Object.getOwnPropertyNames(ReceivedResponse.prototype)) {
  if (name !== 'constructor') Object.defineProperty(ReceivedResponse.prototype, name, {enumerable: true});
}

// Takes web streams as well; the types don't say so.
const isDisturbed = Readable.isDisturbed as unknown as (stream: ReadableStream) => boolean;

function asResponse(response: ReceivedResponse): Response {
  return response as unknown as Response;
}

/** Makes the Response of a head and a body; none for the statuses and methods that have no body. */
export function createResponse(head: ResponseHead, body: BodySource | undefined): Response {
  return asResponse(new ReceivedResponse(head, body));
}

function toText(bytes: Buffer): string {
  const text = bytes.toString();
  // Fetch: "UTF-8 decode", which drops a byte order mark.
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function toJson(bytes: Buffer): unknown {
  return JSON.parse(toText(bytes));
}

// Who gets them may take the whole memory they lie in, as a byte stream does. Small ones share theirs with others: those
// are copied.
function toOwnBytes({buffer, byteOffset, byteLength}: Buffer): Uint8Array<ArrayBuffer> {
  const memory = buffer as ArrayBuffer;
  const isAlone = byteLength > 0 && byteLength === memory.byteLength;
  return isAlone ? new Uint8Array(memory) : new Uint8Array(memory.slice(byteOffset, byteOffset + byteLength));
}

function toHeaders(raw: readonly Buffer[]): Headers {
  const headers = new NativeHeaders();
  for (let index = 0; index < raw.length; index += 2) {
    headers.append((raw[index] as Buffer).toString('latin1'), (raw[index + 1] as Buffer).toString('latin1'));
  }
  return headers;
}

/**
 * A byte stream over a body. It is pulled from, one chunk a read, and the body holds no reference to it in between:
 * a stream nobody holds can be collected, and its connection freed.
 */
function toStream(body: BodySource): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const chunk = await body.read();
      if (chunk === undefined) {
        controller.close();
        // A reader that brought its own buffer waits for an answer even then.
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

/** What `body` is once it has been read otherwise: a stream that is closed and was read from. */
function readStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: 'bytes',
    start: (controller) => controller.close(),
  });
  void stream.getReader().read();
  return stream;
}
