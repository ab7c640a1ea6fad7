import type {RequestBody} from '../core/body.ts';
import {keepErrors} from '../core/body.ts';
import type {HeadersInput} from '../core/header-list.ts';
import {token} from '../core/header-list.ts';
import {nativeOf} from '../core/native-init.ts';
import {takeBody} from '../core/read-request-body.ts';
import {ConnectorRequest, checkBody, checkRedirect} from '../core/request.ts';
import {describeValue} from '../errors/printable.ts';
import type {PolicyCallOptions} from './call-options.ts';
import type {SessionHost} from './session-host.ts';
import type {Timeout} from './timeouts.ts';

/** The `init` of `session.fetch`, without the options of policies. */
export interface BaseFetchInit extends Omit<RequestInit, 'body' | 'headers'> {
  /** The body to send. Beyond the standard, it may be an async iterable or a function that makes a body. */
  readonly body?: RequestBody | null;
  /** Merged into the session's. `undefined` removes a header. */
  readonly headers?: HeadersInput | NonNullable<RequestInit['headers']>;
  /** Merged into the session's. A number means `total`. */
  readonly timeout?: Timeout | undefined;
}

/** The `init` of `session.fetch`: the members of the standard's `RequestInit`, and the session's own. */
export interface FetchInit extends BaseFetchInit, PolicyCallOptions {}

/** The request and the signal of a call that has not begun yet. */
export interface OutgoingCall {
  readonly request: ConnectorRequest;
  readonly signal: AbortSignal | null | undefined;
}

/**
 * Turns the arguments of `session.fetch` into a call.
 *
 * @throws TypeError like the standard's `Request` constructor; InvalidOptionError or UnsupportedOptionError for the options
 * that the session adds
 */
export function toCall(
  input: string | URL | Request,
  init: BaseFetchInit | null | undefined,
  host: SessionHost,
): OutgoingCall {
  const given = init?.body;
  keepErrors(given);
  if (input === undefined) throw new TypeError('URL is missing');
  const from = isRequest(input) ? input : undefined;
  const url = host.resolveUrl(from ? from.url : input instanceof URL ? input : String(input));
  const method = from && init?.method === undefined ? from.method : normalizeMethod(init?.method);
  const givenHeaders = init?.headers;
  const headers = host.headersOf((givenHeaders ?? from?.headers) as HeadersInput | undefined);
  const body = given ?? (from ? takeBody(from) : null);
  const call = outgoingCall({url, method, headers, body}, init, from, host);
  const {options} = call.request;
  // ofetch hands its own `retry` on to the `fetch` that it is given: a number, always beside a `Headers` object. It retries
  // by itself, so that the number is left to it.
  if (givenHeaders instanceof Headers && typeof options['retry'] === 'number') {
    (options as {retry?: unknown}).retry = undefined;
  }
  return call;
}

/** Whether the input is a `Request`, of any realm and library. Every other value becomes a string. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof (input as Request).url === 'string';
}

/**
 * Makes a call. `fetch` and the verbs read the URL, the method, the headers and the body in different ways. Everything else
 * comes from the options, or else from the `Request` that the caller gave instead of a URL.
 */
export function outgoingCall(
  {url, method, headers, body}: Pick<ConnectorRequest, 'url' | 'method' | 'headers' | 'body'>,
  init: BaseFetchInit | null | undefined,
  from: Request | undefined,
  host: SessionHost,
): OutgoingCall {
  if (body !== null) checkBody(method, body);
  const native = init || from ? nativeOf(init ?? {}, from, host.ownMembers) : undefined;
  if (native) host.checkInit?.(native, method);
  const request = new ConnectorRequest({
    url,
    method,
    headers,
    body,
    redirect: checkRedirect(init?.redirect ?? from?.redirect ?? 'follow'),
    timeouts: host.timeoutsOf(init?.timeout),
    native,
    options: init ? host.settle(init) : undefined,
  });
  return {request, signal: init?.signal === undefined ? from?.signal : init.signal};
}

// Fetch, "normalize a method": only these methods, so that "patch" stays as the caller wrote it.
const normalizedMethod = /^(?:delete|get|head|options|post|put)$/i;
// Fetch, "forbidden method".
const forbiddenMethod = /^(?:connect|trace|track)$/i;

function normalizeMethod(given: string | undefined): string {
  if (given === undefined || given === 'GET') return 'GET';
  const method = String(given);
  if (forbiddenMethod.test(method) || !token.test(method)) {
    throw new TypeError(`Method ${describeValue(method)} is not allowed`);
  }
  return normalizedMethod.test(method) ? method.toUpperCase() : method;
}
