import {discard} from '../core/discard-response.ts';
import {notify} from '../core/notify.ts';
import type {Handler, PolicyDefinition} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {requestEnded} from '../core/request-ended.ts';
import {CircuitOpenError, ConnectionError, TimeoutError} from '../errors/index.ts';
import {checkFunction, checkKnown, checkNumber} from '../utils/check-options.ts';
import type {KeyedEntry} from '../utils/keyed-state.ts';
import {checkMaxKeys, KeyedState} from '../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../utils/linked-list.ts';
import {urlOrigin} from '../utils/url-parts.ts';
import {WindowCounts} from './window-counts.ts';

/** `closed`: requests are sent; `open`: requests are refused; `half-open`: a few requests are sent to test the host. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** A change of a circuit's state, as `onStateChange` gets it. */
export interface CircuitChange {
  /** The host (scheme, name and port), or the key that `scope` returned. */
  readonly key: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** The outcome of a request: either a response or an error. */
export interface CircuitOutcome {
  readonly response?: Response;
  readonly error?: unknown;
}

/** Options of {@link circuitBreakerPolicy}: when a circuit opens, and when it closes again. */
export interface CircuitBreakerOptions {
  /**
   * The share of failed requests in the window that opens the circuit; 0 to 1.
   *
   * @default 0.5
   */
  readonly failures?: number | undefined;
  /**
   * With fewer requests than this in the window, the circuit doesn't open.
   *
   * @default 20
   */
  readonly minimum?: number | undefined;
  /**
   * The length of the sliding window, in ms.
   *
   * @default 10_000
   */
  readonly window?: number | undefined;
  /**
   * How long an open circuit refuses all requests, in ms.
   *
   * @default 30_000
   */
  readonly openFor?: number | undefined;
  /**
   * How many requests have to succeed after that time before the circuit closes. Until then no more than this many
   * requests are sent. The first one that fails opens the circuit again.
   *
   * @default 1
   */
  readonly probes?: number | undefined;
  /**
   * Which requests share a circuit: those to the same host (scheme, name and port), or those for which a function returns
   * the same key.
   *
   * @default 'host'
   */
  readonly scope?: 'host' | ((request: ConnectorRequest) => string) | undefined;
  /**
   * How many circuits are kept. Beyond that, the circuit that has been unused for longest is forgotten, unless requests are
   * under way on it. The next request of its key gets a new circuit, which is closed. `onStateChange` is not called for that.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
  /**
   * Decides whether a request failed. A request for which it returns `undefined` isn't counted.
   *
   * @default a status from 500, a ConnectionError and a TimeoutError are failures; a timeout of the wait for a slot and
   * all other errors, such as an abort, aren't counted
   */
  readonly isFailure?: ((outcome: CircuitOutcome) => boolean | undefined) | undefined;
  /** Notified of each change of state. An error that it throws ends the request that caused the change. */
  readonly onStateChange?: ((change: CircuitChange) => void) | undefined;
}

class Circuit implements KeyedEntry {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly counts: WindowCounts;
  state: CircuitState = 'closed';
  /** Counts changes of state. The outcome of a request that began before the last change is ignored. */
  generation = 0;
  openUntil = 0;
  inFlight = 0;
  /** While half-open: the test requests under way. */
  probing = 0;
  /** While half-open: the test requests that succeeded. */
  succeeded = 0;

  constructor(key: string, window: number) {
    this.key = key;
    this.counts = new WindowCounts(window);
  }

  get isInUse(): boolean {
    return this.inFlight > 0;
  }

  isIdle(now: number): boolean {
    return this.openUntil < now && this.counts.isIdle(now);
  }
}

/** The options, checked and complete. */
interface CircuitSettings {
  readonly failures: number;
  readonly minimum: number;
  readonly window: number;
  readonly openFor: number;
  readonly probes: number;
  readonly maxKeys: number;
  readonly keyOf: (request: ConnectorRequest) => string;
  readonly isFailure: NonNullable<CircuitBreakerOptions['isFailure']>;
  readonly onStateChange: CircuitBreakerOptions['onStateChange'];
}

function checkOptions(options: CircuitBreakerOptions): CircuitSettings {
  checkKnown('circuitBreaker', options, [
    'failures',
    'minimum',
    'window',
    'openFor',
    'probes',
    'scope',
    'maxKeys',
    'isFailure',
    'onStateChange',
  ]);
  const {scope = 'host'} = options;
  return {
    failures: checkNumber('circuitBreaker.failures', options.failures, 0.5, {max: 1}),
    minimum: checkNumber('circuitBreaker.minimum', options.minimum, 20, {min: 1}),
    window: checkNumber('circuitBreaker.window', options.window, 10_000, {min: 1}),
    openFor: checkNumber('circuitBreaker.openFor', options.openFor, 30_000, {min: 1}),
    probes: checkNumber('circuitBreaker.probes', options.probes, 1, {min: 1, whole: true}),
    maxKeys: checkMaxKeys('circuitBreaker', options),
    keyOf: scope === 'host' ? ({url}) => urlOrigin(url) : checkFunction('circuitBreaker.scope', scope),
    isFailure: checkFunction('circuitBreaker.isFailure', options.isFailure) ?? isServerFailure,
    onStateChange: checkFunction('circuitBreaker.onStateChange', options.onStateChange),
  };
}

/**
 * Stops sending requests to a host that fails too often. While the host's circuit is open, requests are refused at once
 * with a {@link CircuitOpenError}, whose `retryAfter` says when the next request is let through.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option; a request rejects with CircuitOpenError
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
  // The state machine of a circuit is kept in one place: its steps share the settings.
  const {failures, minimum, window, openFor, probes, maxKeys, keyOf, isFailure, onStateChange} =
    checkOptions(options);
  const circuits = new KeyedState((key) => new Circuit(key, window), maxKeys);

  function change(circuit: Circuit, to: CircuitState, now: number): void {
    const from = circuit.state;
    circuit.state = to;
    circuit.generation++;
    circuit.probing = 0;
    circuit.succeeded = 0;
    circuit.counts.clear();
    if (to === 'open') circuit.openUntil = now + openFor;
    if (onStateChange) notify(onStateChange, () => onStateChange({key: circuit.key, from, to}));
  }

  /** Counts a request that may be sent. Throws a CircuitOpenError for one that may not. */
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

  // If `isFailure` throws, the outcome isn't counted. The request is over nevertheless: another test request may follow.
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
      const {generation} = circuit;
      circuit.inFlight++;
      let isUnderWay = true;
      if (circuit.state === 'half-open') {
        // The promise of a worker's request that has ended settles no more. Its test request would keep the circuit half-open.
        request.lifetime.onAbort({
          aborted(reason) {
            if (reason !== requestEnded || !isUnderWay) return;
            isUnderWay = false;
            circuit.inFlight--;
            if (circuit.generation === generation) leave(circuit, undefined);
          },
        });
      }
      let response: Response | undefined;
      let error: unknown;
      try {
        response = await next(request);
      } catch (thrown) {
        error = thrown;
      }
      const isCounted = isUnderWay;
      isUnderWay = false;
      if (isCounted) circuit.inFlight--;
      try {
        if (isCounted && circuit.generation === generation) settle(circuit, response ? {response} : {error});
      } catch (thrown) {
        discard(response);
        throw thrown;
      }
      if (response) return response;
      throw error;
    };
  return {name: 'circuitBreaker', rejectsOnAbort: true, isShareable: true, wrap};
}

function isServerFailure({response, error}: CircuitOutcome): boolean | undefined {
  if (response) return response.status >= 500;
  return (
    error instanceof ConnectionError || (error instanceof TimeoutError && error.phase !== 'pool') || undefined
  );
}
