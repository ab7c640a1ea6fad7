import {discard} from '../core/discard-response.ts';
import type {Handler, PolicyDefinition} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {CircuitOpenError, ConnectionError, TimeoutError} from '../errors/index.ts';
import {checkFunction, checkKnown, checkNumber} from '../utils/check-options.ts';
import type {KeyedEntry} from '../utils/keyed-state.ts';
import {KeyedState} from '../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../utils/linked-list.ts';
import {urlParts} from '../utils/url-parts.ts';
import {WindowCounts} from './budget.ts';

/** `closed`: requests go through; `open`: they are refused; `half-open`: a few go through, to see how it is. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** What `onStateChange` is told. */
export interface CircuitChange {
  /** The host (scheme, name and port), or the key by `scope`. */
  readonly key: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** What a request ended with: one of these. */
export interface CircuitOutcome {
  readonly response?: Response;
  readonly error?: unknown;
}

/** When a circuit opens, and when it closes again. */
export interface CircuitBreakerOptions {
  /**
   * It opens when this share of the requests in the window has failed; 0 to 1.
   *
   * @default 0.5
   */
  readonly failures?: number | undefined;
  /**
   * But not before there were as many requests in the window.
   *
   * @default 20
   */
  readonly minimum?: number | undefined;
  /**
   * What is looked back on, in ms.
   *
   * @default 10_000
   */
  readonly window?: number | undefined;
  /**
   * How long nothing is sent then, in ms.
   *
   * @default 30_000
   */
  readonly openFor?: number | undefined;
  /**
   * How many requests have to succeed after that to close it again. No more are sent at once, and the first to fail
   * opens it anew.
   *
   * @default 1
   */
  readonly probes?: number | undefined;
  /**
   * What shares a circuit: each host (scheme, name and port), or all that a function gives the same key.
   *
   * @default 'host'
   */
  readonly scope?: 'host' | ((request: ConnectorRequest) => string) | undefined;
  /**
   * Whether a request failed, `undefined` for neither: it isn't counted.
   *
   * @default a status from 500, a ConnectionError, and a TimeoutError other than of the wait for a slot; other errors,
   * aborts among them, are neither
   */
  readonly isFailure?: ((outcome: CircuitOutcome) => boolean | undefined) | undefined;
  /** Told of each change, when a request brings it about. What it throws ends that request. */
  readonly onStateChange?: ((change: CircuitChange) => void) | undefined;
}

class Circuit implements KeyedEntry {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly counts: WindowCounts;
  state: CircuitState = 'closed';
  /** Counts changes: what a request ends with that began before the last says nothing any more. */
  era = 0;
  openUntil = 0;
  inFlight = 0;
  /** Of the half-open state: requests under way, and those that succeeded. */
  probing = 0;
  succeeded = 0;

  constructor(key: string, window: number) {
    this.key = key;
    this.counts = new WindowCounts(key, window);
  }

  isIdle(now: number): boolean {
    return this.inFlight === 0 && this.openUntil < now && this.counts.isIdle(now);
  }
}

/**
 * Leaves a host alone that fails too often: while its circuit is open, requests are refused at once with a
 * CircuitOpenError, whose `retryAfter` says when the next is let through.
 *
 * @throws InvalidOptionError for what can't be; for a request CircuitOpenError
 *
 * @example
 * ```ts
 * import {circuitBreakerPolicy, createSession} from 'aiofetch';
 *
 * const breaker = circuitBreakerPolicy({
 *   failures: 0.5,
 *   openFor: 10_000,
 *   onStateChange: ({key, to}) => console.log(`${key} is ${to}`),
 * });
 * await using session = createSession({policies: [breaker]});
 * ```
 */
export function circuitBreakerPolicy(options: CircuitBreakerOptions = {}): PolicyDefinition {
  checkKnown('circuitBreaker', options, [
    'failures',
    'minimum',
    'window',
    'openFor',
    'probes',
    'scope',
    'isFailure',
    'onStateChange',
  ]);
  const failures = checkNumber('circuitBreaker.failures', options.failures, 0.5, {max: 1});
  const minimum = checkNumber('circuitBreaker.minimum', options.minimum, 20, {min: 1});
  const window = checkNumber('circuitBreaker.window', options.window, 10_000, {min: 1});
  const openFor = checkNumber('circuitBreaker.openFor', options.openFor, 30_000, {min: 1});
  const probes = checkNumber('circuitBreaker.probes', options.probes, 1, {min: 1, whole: true});
  const {scope = 'host'} = options;
  const keyOf =
    scope === 'host'
      ? ({url}: ConnectorRequest) => urlParts(url).origin
      : checkFunction('circuitBreaker.scope', scope);
  const isFailure = checkFunction('circuitBreaker.isFailure', options.isFailure) ?? isServerFailure;
  const onStateChange = checkFunction('circuitBreaker.onStateChange', options.onStateChange);
  const circuits = new KeyedState((key) => new Circuit(key, window));

  function change(circuit: Circuit, to: CircuitState, now: number): void {
    const from = circuit.state;
    circuit.state = to;
    circuit.era++;
    circuit.probing = 0;
    circuit.succeeded = 0;
    circuit.counts.clear();
    if (to === 'open') circuit.openUntil = now + openFor;
    onStateChange?.({key: circuit.key, from, to});
  }

  /** Lets a request through, or throws. */
  function enter(circuit: Circuit, request: ConnectorRequest): void {
    const {state, openUntil} = circuit;
    if (state === 'closed') return;
    const now = performance.now();
    const refused = now < openUntil || circuit.probing + circuit.succeeded >= probes;
    if (refused) {
      const retryAfter = Math.max(0, openUntil - now);
      throw new CircuitOpenError(retryAfter, {request, attempts: request.attempt});
    }
    if (state === 'open') change(circuit, 'half-open', now);
    circuit.probing++;
  }

  function leave(circuit: Circuit, failed: boolean | undefined): void {
    if (circuit.state === 'half-open') circuit.probing--;
    if (failed === undefined) return;
    const now = performance.now();
    if (circuit.state === 'half-open') {
      if (failed) change(circuit, 'open', now);
      else if (++circuit.succeeded === probes) change(circuit, 'closed', now);
      return;
    }
    const {counts} = circuit;
    counts.forget(now);
    counts.add(1, failed ? 1 : 0);
    if (failed && counts.all >= minimum && counts.marked >= failures * counts.all)
      change(circuit, 'open', now);
  }

  // Whoever is asked and throws has said nothing, but the request is over: a probe must make room for the next.
  function settle(circuit: Circuit, outcome: CircuitOutcome): void {
    let failed: boolean | undefined;
    try {
      failed = isFailure(outcome);
    } finally {
      leave(circuit, failed);
    }
  }

  const wrap =
    (next: Handler): Handler =>
    async (request) => {
      const circuit = circuits.get(keyOf(request));
      enter(circuit, request);
      const {era} = circuit;
      circuit.inFlight++;
      let response: Response | undefined;
      let error: unknown;
      try {
        response = await next(request);
      } catch (thrown) {
        error = thrown;
      }
      circuit.inFlight--;
      try {
        if (circuit.era === era) settle(circuit, response ? {response} : {error});
      } catch (thrown) {
        discard(response);
        throw thrown;
      }
      if (response) return response;
      throw error;
    };
  return {name: 'circuitBreaker', rejectsOnAbort: true, wrap};
}

function isServerFailure({response, error}: CircuitOutcome): boolean | undefined {
  if (response) return response.status >= 500;
  return (
    error instanceof ConnectionError || (error instanceof TimeoutError && error.phase !== 'pool') || undefined
  );
}
