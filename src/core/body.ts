import {encodeOnce} from './multipart.ts';

/**
 * The body of a request: any body of the Fetch standard, an async iterable of bytes or strings, or a function that makes
 * one of these. The function is called each time the request is sent.
 *
 * Unlike in the standard, bytes and `URLSearchParams` are not copied, because they may be large and may be sent again. Don't
 * change them until the call has its response. A `FormData` is read when the call is made.
 */
export type RequestBody =
  | NonNullable<RequestInit['body']>
  | AsyncIterable<Uint8Array | string>
  | (() => RequestBody);

/** A body in the form in which a connector sends it. */
export interface PreparedBody {
  /** A `ReadableStream` or other async iterable can be read once. The other types can be read any number of times. */
  readonly source:
    | string
    | Uint8Array
    | Blob
    | ReadableStream<Uint8Array>
    | AsyncIterable<Uint8Array | string>;
  /** The Content-Type, if the caller set none. */
  readonly contentType: string | undefined;
}

/**
 * Whether the body can be sent more than once. Streams and iterables can't, because they can be read only once. A function
 * can, because it makes a new body each time.
 */
export function isReplayable(body: RequestBody | null): boolean {
  return body === null || !isStreamLike(body);
}

/** The body, or the one that a function makes. */
export function madeBody(body: RequestBody | null): Exclude<RequestBody, () => RequestBody> | null {
  return typeof body === 'function' ? madeBody(body()) : body;
}

/** Whether the body is a stream or an async iterable. */
export function isStreamLike(
  body: RequestBody,
): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string> {
  // Whatever realm the stream is of. Some browsers can't iterate over streams.
  const stream = body as Partial<ReadableStream>;
  return !!(stream.getReader ?? stream[Symbol.asyncIterator]);
}

/**
 * Keeps the errors of a Node stream from ending the process. A stream without a listener throws its error, and a connector
 * reads the stream only when it sends the request: after a wait, or never. Whoever reads the stream later gets the error.
 */
export function keepErrors(body: unknown): void {
  const stream = body as {on?(event: 'error', listener: () => void): unknown} | null | undefined;
  stream?.on?.('error', () => undefined);
}

/** The largest body that is sent at once, in bytes: as much as the buffers of a socket hold. */
const smallBody = 64 * 1024;

/** Whether the time to send the body can be neglected. */
export function isSmall(body: RequestBody): boolean {
  const size = typeof body === 'string' ? body.length : sizeOf(body);
  return (size ?? Infinity) <= smallBody || classOf(body) === 'URLSearchParams';
}

/** The number of bytes that are sent; `undefined` for a stream, and for a body that the runtime encodes. */
export function sizeOf(source: unknown): number | undefined {
  if (typeof source === 'string') return new TextEncoder().encode(source).byteLength;
  // Bytes and files of any realm. URLSearchParams have a `size` too, which is no number of bytes.
  const file = source as Partial<Blob & ArrayBuffer> | null;
  return file?.byteLength ?? (file?.slice && file.size);
}

/** Turns a stream-like body into a standard stream, which reads its source only on demand. */
export function toReadableStream(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
): ReadableStream<Uint8Array> {
  if ('getReader' in source) return source;
  keepErrors(source);
  const encoder = new TextEncoder();
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const {done, value} = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    {highWaterMark: 0},
  );
}

/**
 * Converts a body to the form in which it is sent (Fetch, "extract a body").
 *
 * @throws TypeError for a stream that is locked
 */
export function prepareBody(body: RequestBody): PreparedBody {
  if (typeof body === 'function') return prepareBody(body());
  if (typeof body === 'string') return {source: body, contentType: 'text/plain;charset=UTF-8'};
  if (body instanceof Uint8Array) return {source: body, contentType: undefined};
  if (ArrayBuffer.isView(body)) {
    return {source: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), contentType: undefined};
  }
  if (isArrayBuffer(body)) {
    return {source: new Uint8Array(body), contentType: undefined};
  }
  if (body instanceof URLSearchParams) {
    return {source: body.toString(), contentType: 'application/x-www-form-urlencoded;charset=UTF-8'};
  }
  if (body instanceof Blob) return {source: body, contentType: body.type || undefined};
  if (isForm(body)) {
    const encoded = encodeOnce(body);
    return {source: encoded, contentType: encoded.type};
  }
  if (typeof body === 'object' && body !== null && isStreamLike(body)) {
    if ((body as ReadableStream).locked) {
      throw new TypeError('The body is a stream that is locked or has been read');
    }
    keepErrors(body);
    return {source: body, contentType: undefined};
  }
  const own = ofThisRealm(body);
  if (own) return prepareBody(own);
  // Fetch, "extract a body": any other value becomes a string.
  return {source: String(body), contentType: 'text/plain;charset=UTF-8'};
}

/** The class name that an object states. It also works for objects of other realms and libraries, where `instanceof` fails. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether the value is an `ArrayBuffer` or a `SharedArrayBuffer`, of any realm: a frame or a `vm` context has classes of its own. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return /^(?:Shared)?ArrayBuffer$/.test(tagOf(value));
}

/**
 * A copy of a file or of parameters that belong to another realm, such as a frame. Built-in `fetch` knows the classes of all
 * realms by their internal slots, which a getter of the class shows: it throws for any other object.
 */
function ofThisRealm(body: unknown): Blob | URLSearchParams | undefined {
  const tag = tagOf(body);
  try {
    if (tag === 'URLSearchParams') {
      Reflect.get(URLSearchParams.prototype, 'size', body);
      return new URLSearchParams(String(body));
    }
    if (tag === 'Blob' || tag === 'File') {
      Reflect.get(Blob.prototype, 'size', body);
      return new Blob([body as Blob], {type: (body as Blob).type});
    }
  } catch {
    // A class of a library, whose objects `fetch` turns into a string.
  }
  return undefined;
}

/** Whether the value is a form, of any realm and library. */
export function isForm(value: unknown): value is FormData {
  return classOf(value) === 'FormData';
}

/** The name of an object's class in the platform, in whatever realm the object was made: a frame has classes of its own. */
function classOf(value: unknown): unknown {
  return (value as {[Symbol.toStringTag]?: unknown} | null | undefined)?.[Symbol.toStringTag];
}

/** A form with the fields that another has now. */
export function copyForm(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) copy.append(name, value as string);
  return copy;
}
