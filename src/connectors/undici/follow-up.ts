/**
 * Decides on the request that follows when the caller doesn't get a response: the target of a redirect, or the same request
 * on another connection.
 *
 * @module
 */
import {isReplayable} from '../../core/body.ts';
import {isRedirectStatus, redirectedRequest} from '../../core/redirect.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isIdempotent} from '../../core/request.ts';
import {redactUrl} from '../../errors/redact-url.ts';
import {addressOf} from '../../utils/url-parts.ts';
import {blockedPortError, isBlockedPort} from './blocked-ports.ts';
import type {EmitTrace} from './call-context.ts';
import {StreamResetError, UnprocessedError} from './http2/errors.ts';
import {headerValue, locationOf} from './messages/raw-headers.ts';
import {underPolicy} from './referrer.ts';

/** How many bytes of a discarded body are read to keep its connection usable. */
export const discardLimit = 64 * 1024;
/** How long a discarded body is read to keep its connection usable, in ms. */
export const discardTime = 1_000;

// How often one request is sent again on another connection. A server may refuse many streams, one after the other.
const maxResends = 3;

/** The request to send after a response whose body is discarded. */
export interface FollowUp {
  readonly request: ConnectorRequest;
  /** The status of the redirect; `undefined` when the same request is sent again. */
  readonly status: number | undefined;
  /** How many redirects the call has followed, this one included. */
  readonly redirects: number;
}

/** The Location to follow; `undefined` when the caller gets the response, be it a redirect or not. */
export function redirectLocation(
  request: ConnectorRequest,
  status: number,
  rawHeaders: readonly Buffer[],
): string | undefined {
  if (!isRedirectStatus(status) || request.redirect === 'manual') return undefined;
  const location = locationOf(rawHeaders);
  // `redirect: 'error'` refuses every redirect status, with or without a Location.
  return request.redirect === 'error' ? (location ?? '') : location;
}

/**
 * The request that a redirect asks for.
 *
 * @param redirects - how many redirects the call has followed before
 * @throws ConnectionError for a port that the Fetch standard blocks; RedirectError when the redirect can't be followed
 */
export function redirectFollowUp(
  request: ConnectorRequest,
  status: number,
  location: string,
  redirects: number,
  rawHeaders: readonly Buffer[],
): FollowUp {
  const next = redirectedRequest(request, status, location, redirects);
  const {port} = addressOf(new URL(next.url));
  if (isBlockedPort(port)) throw blockedPortError(next, port);
  return {
    request: underPolicy(next, headerValue(rawHeaders, 'referrer-policy')),
    status,
    redirects: redirects + 1,
  };
}

/** Whether a 417 asks for the same request without `Expect` (RFC 9110, section 10.1.1), and its body can be sent again. */
export function refusesExpectation(request: ConnectorRequest, status: number): boolean {
  return status === 417 && waitsForContinue(request) && isReplayable(request.body);
}

/** The same request without `Expect: 100-continue`: the server, or a proxy in front of it, doesn't support that header. */
export function withoutExpectation(request: ConnectorRequest, redirects: number): FollowUp {
  const {transfer} = request;
  return {
    request: request.with({transfer: transfer && {...transfer, expectContinue: undefined}}),
    status: undefined,
    redirects,
  };
}

/** Emits the trace event of a follow-up that is a redirect. */
export function traceFollowUp(trace: EmitTrace | undefined, {request, status}: FollowUp): void {
  if (status !== undefined) {
    trace?.emit('requestRedirect', request, {status, url: redactUrl(request.url)});
  }
}

/** Whether the request's body is sent only after the server's 100 (Continue). */
export function waitsForContinue({transfer, body}: ConnectorRequest): boolean {
  return transfer?.expectContinue !== undefined && body !== null;
}

/** Whether sending the request twice has the effect of sending it once, and its body can be sent again. */
export function isRepeatable(request: ConnectorRequest): boolean {
  return isIdempotent(request) && isReplayable(request.body);
}

/** A request that failed before its response arrived. */
export interface FailedSend {
  readonly request: ConnectorRequest;
  readonly error: Error;
  /** How many times the request was sent again before. */
  readonly resends: number;
  /** Whether a part of the request has been written to the connection. */
  readonly isWritten: boolean;
  /** Whether a part of the response has arrived. */
  readonly isAnswered: boolean;
  /** Whether the connection was idle before the request. */
  readonly wasIdle: boolean;
}

/**
 * Whether a request that failed may be sent again on another connection (RFC 9112, section 9.3.1, and RFC 9110, section
 * 9.2.2). A server may close an idle connection at any moment. A request on such a connection is sent again if nothing
 * was written, or if no response has arrived and the request is repeatable.
 */
export function canSendAgain({request, error, resends, isWritten, isAnswered, wasIdle}: FailedSend): boolean {
  if (resends >= maxResends || error instanceof StreamResetError) return false;
  if (error instanceof UnprocessedError) return !isWritten || isReplayable(request.body);
  if (!wasIdle || isAnswered) return false;
  return !isWritten || isRepeatable(request);
}
