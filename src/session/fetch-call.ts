import type {RequestBody} from '../core/body.ts';
import type {HeadersInput} from '../core/header-list.ts';
import {token} from '../core/header-list.ts';
import {nativeOf} from '../core/native-init.ts';
import {takeBody} from '../core/read-request-body.ts';
import {checkBody, checkRedirect} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {Retry} from '../policies/retry.ts';
import type {OutgoingCall, VerbsHost} from './call-options.ts';
import type {Timeout} from './timeouts.ts';
import type {TransferOptions} from './transfer.ts';

/** What `session.fetch` takes beside the members of the standard's `RequestInit`. */
export interface FetchInit extends Omit<RequestInit, 'body' | 'headers'>, TransferOptions {
  readonly body?: RequestBody | null;
  readonly headers?: HeadersInput | NonNullable<RequestInit['headers']>;
  /** A number is `total`; laid over the session's. */
  readonly timeout?: Timeout | undefined;
  /** Laid over the session's. */
  readonly retry?: Retry | undefined;
  /** Instead of the session's; a string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** Listeners beside the session's. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** What is a session's, of what a call is made of. */
type CallHost = Pick<VerbsHost, 'headersOf' | 'resolveUrl' | 'transferOf'>;

const nothing: TransferOptions = {};

/**
 * What a call of `session.fetch` asks for.
 *
 * @throws TypeError as the standard's `Request` does; InvalidOptionError, UnsupportedOptionError for options of a session's own
 */
export function toCall(
  input: string | URL | Request,
  init: FetchInit | null | undefined,
  host: CallHost,
): OutgoingCall {
  if (typeof input === 'object' && !(input instanceof URL) && typeof input.url === 'string') {
    return requestToCall(input, init, host);
  }
  if (input === undefined) throw new TypeError('There is no URL to fetch');
  const url = host.resolveUrl(typeof input === 'string' || input instanceof URL ? input : String(input));
  if (!init) {
    return {
      url,
      method: 'GET',
      headers: host.headersOf(undefined),
      body: null,
      redirect: 'follow',
      signal: undefined,
      timeout: undefined,
      retry: undefined,
      idempotencyKey: undefined,
      trace: undefined,
      native: undefined,
      transfer: host.transferOf(nothing),
    };
  }
  const method = normalizeMethod(init.method);
  const body = init.body ?? null;
  if (body !== null) checkBody(method, body);
  return {
    url,
    method,
    headers: host.headersOf(init.headers as HeadersInput | undefined),
    body,
    redirect: checkRedirect(init.redirect ?? 'follow'),
    signal: init.signal,
    timeout: init.timeout,
    retry: init.retry,
    idempotencyKey: init.idempotencyKey,
    trace: init.trace,
    native: nativeOf(init),
    transfer: host.transferOf(init),
  };
}

function requestToCall(input: Request, given: FetchInit | null | undefined, host: CallHost): OutgoingCall {
  const init = given ?? {};
  const method = init.method === undefined ? input.method : normalizeMethod(init.method);
  const body = init.body ?? takeBody(input);
  if (body !== null) checkBody(method, body);
  return {
    url: host.resolveUrl(input.url),
    method,
    headers: host.headersOf((init.headers ?? input.headers) as HeadersInput),
    body,
    redirect: checkRedirect(init.redirect ?? input.redirect),
    signal: init.signal === undefined ? input.signal : init.signal,
    timeout: init.timeout,
    retry: init.retry,
    idempotencyKey: init.idempotencyKey,
    trace: init.trace,
    native: nativeOf(init, input),
    transfer: host.transferOf(init),
  };
}

// Fetch, "normalize a method": these and no others, so that "patch" stays what the caller wrote.
const normalizedMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
// Fetch, "forbidden method".
const forbiddenMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);

function normalizeMethod(given: string | undefined): string {
  if (given === undefined || given === 'GET') return 'GET';
  const method = String(given);
  const upper = method.toUpperCase();
  if (forbiddenMethods.has(upper) || !token.test(method)) {
    throw new TypeError(`Method ${JSON.stringify(method)} can't be used`);
  }
  return normalizedMethods.has(upper) ? upper : method;
}
