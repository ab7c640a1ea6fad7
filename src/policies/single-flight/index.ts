import type {AbortListener} from '../../core/call-lifetime.ts';
import {Lifetime} from '../../core/call-lifetime.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {checkFunction, checkKnown} from '../../utils/check-options.ts';
import {send} from '../call-next.ts';
import {sharedResponse} from './shared-response.ts';

/** Which requests are the same. */
export interface SingleFlightOptions {
  /**
   * Requests that it gives the same key are the same; those it gives `undefined` are not shared.
   *
   * @default for GETs: the URL, all headers, and what the Fetch standard has beside them
   */
  readonly key?: ((request: ConnectorRequest) => string | undefined) | undefined;
}

/**
 * Sends a request once that several callers of a session want at the same time, and gives each a Response of its own. A
 * caller that is aborted leaves the others alone; when the last one leaves, the request is aborted. Callers that come
 * when the head of the response is already in begin anew. A body is kept for the slowest of its readers. Limits of time
 * are each caller's own for `total`, and those of the first for the rest.
 *
 * @throws InvalidOptionError for what can't be
 *
 * @example
 * ```ts
 * import {createSession, singleFlightPolicy} from 'aiofetch';
 *
 * await using session = createSession({policies: [singleFlightPolicy()]});
 * const url = 'https://api.example.com/rates';
 * const [first, second] = await Promise.all([session.get(url).json(), session.get(url).json()]);
 * ```
 */
export function singleFlightPolicy(options: SingleFlightOptions = {}): PolicyDefinition {
  checkKnown('singleFlight', options, ['key']);
  const keyOf = checkFunction('singleFlight.key', options.key) ?? defaultKey;
  // Each session has flights of its own: what is further in, credentials above all, is different in another.
  return {name: 'singleFlight', rejectsOnAbort: true, wrap: (next) => shareIn(next, keyOf, new Map())};
}

function shareIn(
  next: Handler,
  keyOf: (request: ConnectorRequest) => string | undefined,
  flights: Map<string, Flight>,
): Handler {
  return (request) => {
    const key = keyOf(request);
    if (key === undefined) return next(request);
    return new Promise((resolve, reject) => {
      const lifetime = lifetimeOf(request);
      if (lifetime.isAborted) throw lifetime.reason;
      let flight = flights.get(key);
      if (flight) {
        flight.join(lifetime, resolve, reject);
        return;
      }
      flight = new Flight(lifetime, () => flights.delete(key));
      flights.set(key, flight);
      flight.join(lifetime, resolve, reject);
      flight.start(send(next, request.with({headers: request.headers.copy(), lifetime: flight})));
    });
  };
}

function defaultKey(request: ConnectorRequest): string | undefined {
  const {method, url, redirect, headers, native, body, transfer} = request;
  if (method !== 'GET' || body !== null || transfer?.onDownloadProgress) return undefined;
  // A line each, since none of them has a line break in it.
  return [
    url,
    redirect,
    native ? JSON.stringify(native) : '',
    transfer?.maxResponseSize,
    ...headers.flat,
  ].join('\n');
}

const nobodyLeft = () => new DOMException('Nobody waits for it any more', 'AbortError');

/** One who waits for a flight's response. */
class Caller implements AbortListener {
  readonly lifetime: Lifetime;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
  readonly #flight: Flight;

  constructor(
    flight: Flight,
    lifetime: Lifetime,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#flight = flight;
    this.lifetime = lifetime;
    this.resolve = resolve;
    this.reject = reject;
  }

  aborted(reason: unknown): void {
    this.reject(reason);
    this.#flight.leave(this);
  }
}

/** A request under way for several callers: a life of its own, which ends with the last of theirs. */
class Flight extends Lifetime implements AbortListener {
  readonly #callers = new Set<Caller>();
  readonly #closeDoors: () => void;
  /** The one caller it has turned out to be for: its body is theirs. */
  #only: Lifetime | undefined = undefined;
  #isOpen = false;

  constructor({cameFrom, trace}: Lifetime, closeDoors: () => void) {
    super();
    this.cameFrom = cameFrom;
    // What is sent is told to those who listen to the first of its callers.
    this.trace = trace;
    this.#closeDoors = closeDoors;
  }

  join(lifetime: Lifetime, resolve: (response: Response) => void, reject: (error: unknown) => void): void {
    const caller = new Caller(this, lifetime, resolve, reject);
    this.#callers.add(caller);
    lifetime.onAbort(caller);
  }

  leave(caller: Caller): void {
    this.#callers.delete(caller);
    if (this.#callers.size > 0) return;
    this.#closeDoors();
    this.abort(nobodyLeft());
  }

  start(answered: Promise<Response>): void {
    answered.then(
      (response) => this.#land(response),
      (error) => {
        for (const {reject} of this.#disembark()) reject(error);
      },
    );
  }

  #land(response: Response): void {
    const callers = this.#disembark();
    const [first] = callers;
    if (!first) {
      discard(response);
      return;
    }
    if (callers.length === 1) {
      this.#only = first.lifetime;
      if (this.#isOpen) first.lifetime.bodyOpened();
      first.lifetime.onAbort(this);
      first.resolve(response);
      return;
    }
    let left = callers.length;
    const leave = () => {
      if (--left === 0) this.abort(nobodyLeft());
    };
    // Each gets a clone, the first what is cloned.
    for (const caller of callers.reverse()) {
      const own = caller === first ? response : response.clone();
      caller.resolve(sharedResponse(own, caller.lifetime, leave));
    }
  }

  #disembark(): Caller[] {
    const callers = [...this.#callers];
    this.#callers.clear();
    // When there is nobody, they were closed before, and may be another's by now.
    if (callers.length > 0) this.#closeDoors();
    for (const caller of callers) {
      caller.lifetime.offAbort(caller);
      caller.lifetime.attempts = this.attempts;
    }
    return callers;
  }

  aborted(reason: unknown): void {
    this.abort(reason);
  }

  override bodyOpened(): void {
    this.#isOpen = true;
    this.#only?.bodyOpened();
  }

  override bodyReadStarted(): void {
    this.#only?.bodyReadStarted();
  }

  override bodyClosed(failed = false, error?: unknown): void {
    this.#isOpen = false;
    this.#only?.bodyClosed(failed, error);
  }
}
