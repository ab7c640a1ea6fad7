import {toReadableStream} from '../../core/body.ts';
import type {CopiedHead} from '../../core/native-response.ts';
import {CopiedResponse, NativeResponse} from '../../core/native-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {notAResponse} from './page-response.ts';

/** The members that may be found on a response which is not the runtime's. Any of them may be missing. */
type ForeignResponse = Partial<Omit<Response, 'body' | 'headers'>> & {
  readonly body?: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string> | null;
  readonly headers?: object;
};

/**
 * Turns what a `fetch` returned into a `Response` of the runtime. A `fetch` of a test or a library may return a `Response`
 * of its own class (node-fetch, undici, a polyfill), or an object with the members that the test expects to be read, such
 * as `{ok: true, json: async () => user}`.
 *
 * @throws AiofetchError with the code `ERR_NOT_A_RESPONSE` for a value that has no member of a response. Retries don't repeat it.
 */
export function toResponse(given: unknown, request: ConnectorRequest): Response {
  if (given instanceof NativeResponse) return given;
  const foreign = (given ?? {}) as ForeignResponse;
  const {ok, text, json, url, redirected, type, statusText, headers = {}, body = readBy(foreign)} = foreign;
  const {status = ok === false ? 500 : 200} = foreign;
  if ((foreign.status ?? ok ?? text ?? json) === undefined) {
    throw notAResponse(request);
  }
  const list = new Headers(
    // A class of `Headers` and a `Map` are iterable. A mock may have nothing but the method `get`.
    Symbol.iterator in headers || !('get' in headers) ? (headers as HeadersInit) : [],
  );
  if (json && !text && !list.has('content-type')) list.set('content-type', 'application/json');
  return new CopiedResponse(
    body && (toReadableStream(body) as ReadableStream<Uint8Array<ArrayBuffer>>),
    // A tracked response puts the URL of the request in place of a missing one.
    {url, redirected: !!redirected, type: type ?? 'default', status, statusText} as CopiedHead,
    list,
  );
}

/** Calls the methods that read a body as late as possible, and once. */
async function* readBy(given: ForeignResponse): AsyncGenerator<Uint8Array | string> {
  const bytes = await given.arrayBuffer?.();
  yield bytes
    ? new Uint8Array(bytes)
    : ((await given.text?.()) ?? JSON.stringify(await given.json?.()) ?? '');
}
