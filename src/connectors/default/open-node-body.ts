import type {RequestBody} from '../../core/body.ts';
import type {Lifetime} from '../../core/call-lifetime.ts';
import {encodeMultipart} from '../../core/multipart.ts';
import {openBody} from '../../core/open-body.ts';
import type {Chunks} from '../../core/read-request-body.ts';
import {requestOf} from '../../core/read-request-body.ts';
import {ownFetch} from './replaced-fetch.ts';

/** The runtime's `Request`, read when this module is loaded, because tests and tools replace the globals later. */
const NativeRequest = globalThis.Request;

// The types that come with strings. A string is one chunk, so that reading it costs least.
const typeOfStrings = /^(?:application\/(?:json|x-www-form-urlencoded)|text\/plain) *(?:;|$)/i;
const typeOfForms = /^multipart\//i;

/**
 * Turns the body of a `Request` into what the `Request` was made of, unless that is a stream. What it was made of has a
 * length, which is sent, and redirects and retries can send it again (Fetch, "HTTP-network-or-cache fetch" and
 * "HTTP-redirect fetch"). Forms and files stay where they are until they are sent.
 */
export async function openNodeBody(body: Chunks, lifetime: Lifetime): Promise<RequestBody> {
  const request = requestOf(body);
  if (!(request instanceof NativeRequest)) return openBody(body, lifetime);
  const type = request.headers.get('content-type') ?? '';
  if (typeOfStrings.test(type)) return openBody(body, lifetime, () => hasSource(request));
  if (!hasSource(request)) return body;
  const spare = request.clone();
  const rest = request.body as Chunks;
  const opened = typeOfForms.test(type) ? rest : await openBody(rest, lifetime);
  if (!(opened instanceof ReadableStream)) return opened;
  const source = await sourceOf(spare, type);
  if (source === undefined) return new Response(opened).arrayBuffer();
  opened.cancel().catch(ignore);
  return source;
}

/**
 * Whether the body of the `Request` has a source in the sense of the Fetch standard: it was made of anything but a stream.
 *
 * The constructor of `Request` tells. Given the mode "no-cors", it refuses a body without a source (step 40.2), and after
 * that a body that is locked or was read from (step 42.1). The error is compared with that of a body with a source.
 */
function hasSource(request: Request): boolean {
  const reader = request.body?.locked ? undefined : request.body?.getReader();
  const error = refusalOf(request);
  reader?.releaseLock();
  refusalOfSource ??= refusalOf(usedRequest());
  return error === refusalOfSource;
}

let refusalOfSource: string | undefined;

function usedRequest(): Request {
  const request = new NativeRequest('http://localhost/', {method: 'POST', body: 'x'});
  request.body?.getReader();
  return request;
}

/** The message of the error with which the constructor refuses a body that is locked. */
function refusalOf(request: Request): string | undefined {
  try {
    new NativeRequest(request, {method: 'POST', mode: 'no-cors'});
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What undici's `dispatch` is given. */
interface Dispatched {
  readonly body?: unknown;
}

/**
 * The form, the `Blob`, the string or the bytes that the `Request` was made of. Node's own `fetch` hands it to a dispatcher
 * that intercepts requests, as undici's `MockAgent` does. Nothing is sent: the dispatcher throws. The `Request` is used up.
 *
 * @returns `undefined` if Node's own `fetch` isn't known, or hands over something else
 */
async function sourceOf(request: Request, contentType: string): Promise<RequestBody | undefined> {
  let source: unknown;
  const dispatcher = {
    isMockActive: true,
    dispatch(options: Dispatched): never {
      source = options.body;
      throw new Error('The request is not sent');
    },
  };
  const init = {mode: 'cors', cache: 'default', dispatcher, signal: null};
  await ownFetch()?.(request, init as unknown as RequestInit).catch(ignore);
  if (source instanceof FormData) {
    const boundary = /boundary="?([^";]+)/i.exec(contentType)?.[1];
    // Without its type, which would become the Content-Type where the caller has removed the header of the `Request`.
    return encodeMultipart(source, boundary).slice();
  }
  if (source instanceof Blob) return source.slice();
  if (typeof source === 'string') return new TextEncoder().encode(source);
  return source instanceof Uint8Array ? (source as Uint8Array<ArrayBuffer>) : undefined;
}

function ignore(): void {}
