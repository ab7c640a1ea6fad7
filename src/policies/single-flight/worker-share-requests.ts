import type {CopiedHead} from '../../core/native-response.ts';
import {CopiedResponse} from '../../core/native-response.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {callNext} from '../call-next.ts';

/** A response as data, because a request of a worker can't use the streams of another. */
interface Answer {
  readonly head: CopiedHead;
  readonly headers: Array<[name: string, value: string]>;
  readonly body: ArrayBuffer | null;
  readonly attempts: number;
}

/** The outcome of a shared request. `undefined` if the call that sent it was aborted. */
type Outcome = {readonly answer: Answer} | {readonly error: unknown} | undefined;

/**
 * A request that several calls share: the functions that resolve the promises of the calls that wait for its outcome. Each call
 * waits for a promise of its own, because workerd runs what follows a promise in the request that made the promise.
 */
type Flight = Set<(outcome: Outcome) => void>;

/**
 * Sends requests with the same key once while they run at the same time, in Cloudflare's workers. There the calls may belong
 * to different requests of the worker, and each of these may end before the others:
 *
 * - The call that sends the request reads the whole body if other calls wait for it, and each of them gets a copy.
 * - If that call is aborted or its request ends, one of the waiting calls sends the request anew.
 *
 * @param keyOf - returns `undefined` for a request that is not shared
 */
export function shareRequests(
  next: Handler,
  keyOf: (request: ConnectorRequest) => string | undefined,
): Handler {
  const flights = new Map<string, Flight>();
  return async (request) => {
    const key = keyOf(request);
    if (key === undefined) return next(request);
    const lifetime = lifetimeOf(request);
    for (;;) {
      if (lifetime.isAborted) throw lifetime.reason;
      const flight = flights.get(key);
      if (!flight) return sendShared(next, request, key, flights);
      const outcome = await new Promise<Outcome>((resolve, reject) => {
        flight.add(resolve);
        lifetime.onAbort({aborted: reject});
      });
      if (!outcome) continue;
      if ('error' in outcome) throw outcome.error;
      lifetime.attempts = outcome.answer.attempts;
      return responseOf(outcome.answer);
    }
  };
}

async function sendShared(
  next: Handler,
  request: ConnectorRequest,
  key: string,
  flights: Map<string, Flight>,
): Promise<Response> {
  const lifetime = lifetimeOf(request);
  const flight: Flight = new Set();
  flights.set(key, flight);
  // The key may be that of another flight by now.
  const forget = () => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  const listener = {
    aborted() {
      forget();
      settle(flight, undefined);
    },
  };
  lifetime.onAbort(listener);
  try {
    const response = await callNext(next, request);
    forget();
    if (flight.size === 0) return response;
    const {url, redirected, type, status, statusText} = response;
    const answer: Answer = {
      head: {url, redirected, type, status, statusText, method: request.method},
      headers: [...response.headers],
      body: response.body && (await response.arrayBuffer()),
      attempts: lifetime.attempts,
    };
    settle(flight, {answer});
    return responseOf(answer);
  } catch (error) {
    forget();
    // Without effect after an abort, because the listener has settled the flight.
    settle(flight, {error});
    throw error;
  } finally {
    lifetime.offAbort(listener);
  }
}

function settle(flight: Flight, outcome: Outcome): void {
  for (const resolve of flight) resolve(outcome);
  flight.clear();
}

function responseOf({head, headers, body}: Answer): Response {
  return new CopiedResponse(body && new Response(body).body, head, new Headers(headers));
}
