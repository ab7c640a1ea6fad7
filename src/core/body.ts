import {encodeOnce} from './multipart.ts';
/**
 * What a request's body may be: what the Fetch standard takes, an async iterable of bytes or strings, or a function
 * that makes one of these, called for each sending.
 *
 * Unlike the standard's, bytes and parameters are not copied, since they may be large and be sent again: they are to stay as
 * they are until the call has its response. A `FormData` is taken as it is when the call is made.
 */
export type RequestBody =
  | NonNullable<RequestInit['body']>
  | AsyncIterable<Uint8Array | string>
  | (() => RequestBody);

/** A body as a connector sends it. */
export interface PreparedBody {
  /** `ReadableStream`s and other async iterables are read once; the rest can be read again and again. */
  readonly source:
    | string
    | Uint8Array
    | Blob
    | ReadableStream<Uint8Array>
    | AsyncIterable<Uint8Array | string>;
  /** What Content-Type becomes when the caller set none. */
  readonly contentType: string | undefined;
}

/**
 * Whether the body can be sent more than once: everything but streams and iterables, which are gone once read.
 * A function makes a new body each time.
 */
export function isReplayable(body: RequestBody | null): boolean {
  return body === null || !isStreamLike(body);
}

/** Whether the body is a stream or an async iterable. */
export function isStreamLike(
  body: RequestBody,
): body is ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string> {
  return (
    typeof body === 'object' &&
    (body instanceof ReadableStream ||
      typeof (body as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function')
  );
}

/** How large a body may be that leaves at once: what the buffers of a socket take, in bytes. */
const smallBody = 64 * 1024;

/** Whether the sending of a body takes no time to speak of. */
export function isSmall(body: RequestBody): boolean {
  if (typeof body === 'string') return body.length <= smallBody;
  if (body instanceof Blob) return body.size <= smallBody;
  if (body instanceof URLSearchParams) return true;
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer ? body.byteLength <= smallBody : false;
}

/** How many bytes a body has, as it is sent; `undefined` for a stream. */
export function sizeOf(source: PreparedBody['source']): number | undefined {
  if (typeof source === 'string') return new TextEncoder().encode(source).byteLength;
  if (source instanceof Blob) return source.size;
  return source instanceof Uint8Array ? source.byteLength : undefined;
}

/** The body of a `Request`, as a stream. */
export function bodyOfRequest(
  request: Request,
): ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null {
  return 'body' in request ? request.body : firefoxBody(request);
}

// Firefox has no `body` there.
function firefoxBody(request: Request): AsyncIterable<Uint8Array> | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  return {
    async *[Symbol.asyncIterator]() {
      yield new Uint8Array(await request.arrayBuffer());
    },
  };
}

/** A standard stream of what is streamed, read as it is asked for. */
export function toReadableStream(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
): ReadableStream<Uint8Array> {
  if (source instanceof ReadableStream) return source;
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
 * Brings a body into the form that goes on the wire (Fetch, "extract a body").
 *
 * @throws TypeError when it is nothing that can be a body
 */
export function prepareBody(body: RequestBody): PreparedBody {
  if (typeof body === 'function') return prepareBody(body());
  if (typeof body === 'string') return {source: body, contentType: 'text/plain;charset=UTF-8'};
  if (body instanceof Uint8Array) return {source: body, contentType: undefined};
  if (ArrayBuffer.isView(body)) {
    return {source: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), contentType: undefined};
  }
  if (body instanceof ArrayBuffer || tagOf(body) === 'SharedArrayBuffer') {
    return {source: new Uint8Array(body as ArrayBuffer), contentType: undefined};
  }
  if (body instanceof URLSearchParams) {
    return {source: body.toString(), contentType: 'application/x-www-form-urlencoded;charset=UTF-8'};
  }
  if (body instanceof Blob) return {source: body, contentType: body.type || undefined};
  if (body instanceof FormData) {
    const encoded = encodeOnce(body);
    return {source: encoded, contentType: encoded.type};
  }
  if (body instanceof ReadableStream) {
    if (body.locked) throw new TypeError('Request body is a stream that is locked or was read from already');
    return {source: body as ReadableStream<Uint8Array>, contentType: undefined};
  }
  if (typeof body === 'object' && body !== null && isStreamLike(body))
    return {source: body, contentType: undefined};
  // Fetch: whatever else there is, is turned into a string.
  return {source: String(body), contentType: 'text/plain;charset=UTF-8'};
}

/** What kind of object it says it is: other realms, and libraries, have classes of their own. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A form with the fields that another has now. */
export function copyForm(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) copy.append(name, value as string);
  return copy;
}
