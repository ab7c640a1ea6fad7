import {copyForm, isForm} from '../core/body.ts';
import type {Lifetime} from '../core/call-lifetime.ts';
import {discard} from '../core/discard-response.ts';
import {isOfRequest} from '../core/read-request-body.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {lifetimeOf} from '../core/request.ts';
import {SessionClosedError, TimeoutError} from '../errors/index.ts';
import {setAttempts} from './fetch-metadata.ts';
import type {SessionState} from './session-state.ts';

/**
 * Begins a call. From now on `session.close()` waits for it and `session.destroy()` aborts it.
 *
 * @throws SessionClosedError; TypeError for a signal that is not an AbortSignal; any error of a policy's `onCall`
 */
export function beginCall(
  state: SessionState,
  request: ConnectorRequest,
  signal: AbortSignal | null | undefined,
  cameFrom: unknown,
): void {
  const {calls, context, totals, starters} = state;
  if (calls.closed) throw new SessionClosedError(undefined, {request});
  if (signal !== null && signal !== undefined && typeof signal.addEventListener !== 'function') {
    throw new TypeError('The signal is not an AbortSignal');
  }
  const lifetime = lifetimeOf(request);
  lifetime.cameFrom = cameFrom;
  lifetime.atEnd = state.endCall;
  totals.requests++;
  calls.add(lifetime);
  try {
    for (const start of starters) start(request, context);
  } catch (error) {
    lifetime.fail(error);
    throw error;
  }
  if (signal) lifetime.follow(signal);
  const {total} = request.timeouts as SessionState['timeouts'];
  if (total !== undefined && !lifetime.isAborted) startTotal(state, lifetime, total, request);
}

/** Starts the `total` timeout, which aborts the call. */
function startTotal(
  state: SessionState,
  lifetime: Lifetime,
  total: number,
  {url, method}: ConnectorRequest,
): void {
  lifetime.deadline = performance.now() + total;
  const timer = setTimeout(() => {
    const attempts = Math.max(lifetime.attempts, 1);
    lifetime.abort(new TimeoutError('total', total, {request: {url, method}, attempts}));
  }, total);
  lifetime.totalTimer = timer as {unref?(): unknown};
  lifetime.atEnd = () => {
    clearTimeout(timer);
    state.endCall(lifetime);
  };
}

/** Sends the request of a call that has begun, and ends the call with the outcome. */
export function sendCall(state: SessionState, request: ConnectorRequest): Promise<Response> {
  const {body} = request;
  if (!isOfRequest(body)) return sendThroughPolicies(state, request);
  return state.platform.openBody(body, lifetimeOf(request)).then(
    (opened) => {
      request.body = opened;
      return sendThroughPolicies(state, request);
    },
    // The body was locked by another reader after the call was made.
    (error) => fail(error, lifetimeOf(request)),
  );
}

function sendThroughPolicies(
  {connector, handler, mustRejectAborted, platform}: SessionState,
  request: ConnectorRequest,
): Promise<Response> {
  const lifetime = lifetimeOf(request);
  const {body} = request;
  if ((body as ReadableStream | null)?.cancel) cancelWithCall(body as ReadableStream, lifetime);
  if (lifetime.isAborted) return Promise.reject(lifetime.reason);
  // Copied, because the caller may change the form while the request waits.
  if (isForm(body)) request.body = copyForm(body);
  let answered: Promise<Response>;
  try {
    // A request that came back through the global fetch has passed all policies already.
    const next = lifetime.cameFrom === connector ? connector.fetch : handler;
    answered = Promise.resolve(next(request));
  } catch (error) {
    answered = Promise.reject(error);
  }
  const settled = answered.then(
    (response) => deliver(response, lifetime),
    (error) => {
      request.attempt = lifetime.attempts || 1;
      // A connector or policy may pass on the error of a fetch, which doesn't name the request.
      return fail(platform.typedFailure(error, request), lifetime);
    },
  );
  return mustRejectAborted ? Promise.race([settled, lifetime.abortedBeforeDelivery()]) : settled;
}

/** Hands the response to the caller. */
function deliver(response: Response, lifetime: Lifetime): Response {
  if (!response) return fail(new TypeError('A policy returned no Response'), lifetime);
  // The call was aborted after the connector answered but before the caller received the response, whose body can no
  // longer be read.
  if (lifetime.isAborted) {
    discard(response);
    throw lifetime.reason;
  }
  lifetime.trace?.answered(response);
  if (lifetime.attempts > 1) setAttempts(response, lifetime.attempts);
  lifetime.deliver();
  return response;
}

function fail(error: unknown, lifetime: Lifetime): never {
  lifetime.fail(error);
  throw error;
}

/** Fetch, "abort the fetch() call": cancels a stream that has no reader yet. A reader cancels its stream itself. */
function cancelWithCall(body: ReadableStream, lifetime: Lifetime): void {
  lifetime
    .whenAborted()
    .catch((reason) => body.cancel(reason))
    .catch(() => undefined);
}
