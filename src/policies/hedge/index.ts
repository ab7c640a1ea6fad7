import {isReplayable} from '../../core/body.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isIdempotent, lifetimeOf} from '../../core/request.ts';
import {checkKnown, checkNumber, longestDelay} from '../../utils/check-options.ts';
import {checkMaxKeys, KeyedState} from '../../utils/keyed-state.ts';
import {urlOrigin} from '../../utils/url-parts.ts';
import type {BudgetOptions} from '../budget.ts';
import {createBudget} from '../budget.ts';
import {callNext} from '../call-next.ts';
import {AttemptLifetime} from './attempt-lifetime.ts';
import {Latencies} from './latencies.ts';

/** Options of {@link hedgePolicy}: how long the first attempt may take before a second one is sent. */
export interface HedgeOptions {
  /**
   * The time after which the second attempt is sent, in ms. With `percentile` it is the shortest such time, and the one
   * that is used while too few latencies of the host are known.
   *
   * @default undefined
   */
  readonly delay?: number | undefined;
  /**
   * Sends the second attempt after the time in which this share of the host's last responses arrived; 0 to 1.
   *
   * @default 0.95 if `delay` is not set, otherwise `delay` alone counts
   */
  readonly percentile?: number | undefined;
  /** Bounds the extra load that second attempts put on a host; `false` for no bound. */
  readonly budget?: BudgetOptions | false | undefined;
  /**
   * How many hosts' latencies are kept. Beyond that, those of the host that has been unused for longest are forgotten:
   * `delay` counts for that host until twenty new latencies are known.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
}

/**
 * Sends a second attempt when the first one is slow, returns the better response and cancels the other attempt. This
 * shortens the slowest calls, at the price of some more load. Only idempotent requests whose bodies can be sent twice are
 * hedged. The first response wins, unless it is an error or has a status of 429 or from 500: then the policy waits for
 * the other attempt. A browser delays a second GET of a URL until the first has its response, because its cache might
 * serve both: in browsers, hedged GETs need `cache: 'no-store'`.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, hedgePolicy} from 'aiofetch';
 *
 * await using session = createSession({policies: [hedgePolicy({percentile: 0.95, budget: {ratio: 0.05}})]});
 * ```
 */
export function hedgePolicy(options: HedgeOptions = {}): PolicyDefinition {
  checkKnown('hedge', options, ['delay', 'percentile', 'budget', 'maxKeys']);
  const {delay, percentile = delay === undefined ? 0.95 : undefined, budget: budgetOptions = {}} = options;
  const minimumDelay = checkNumber('hedge.delay', delay, 0, {max: longestDelay});
  const share = checkNumber('hedge.percentile', percentile, 0, {max: 1});
  const budget =
    budgetOptions === false
      ? undefined
      : createBudget('hedge.budget', budgetOptions, {ratio: 0.1, minimum: 10, window: 10_000});
  const maxKeys = checkMaxKeys('hedge', options);
  const hosts =
    percentile === undefined ? undefined : new KeyedState((key) => new Latencies(key, share), maxKeys);

  const wrap =
    (next: Handler): Handler =>
    (request) => {
      if (!isReplayable(request.body) || !isIdempotent(request)) return next(request);
      const host = urlOrigin(request.url);
      budget?.count(host);
      const latencies = hosts?.get(host);
      const observed = latencies?.percentile;
      const wait = observed === undefined ? delay : Math.max(observed, minimumDelay);
      return race(next, request, wait, () => budget?.take(host) !== false, latencies);
    };
  return {name: 'hedge', rejectsOnAbort: true, isShareable: true, wrap};
}

const outdone = () =>
  new DOMException(
    'This attempt was cancelled, because the other hedged attempt had a better result',
    'AbortError',
  );

function race(
  next: Handler,
  request: ConnectorRequest,
  wait: number | undefined,
  mayHedge: () => boolean,
  latencies: Latencies | undefined,
): Promise<Response> {
  // One function, because the attempts, the timer and the kept response end together.
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const running = new Set<AttemptLifetime>();
    let first: AttemptLifetime | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    /** A response with the status of a failure, kept while the other attempt may still get a better one. */
    let kept: Response | undefined;
    let keptLifetime: AttemptLifetime | undefined;
    let release: (() => void) | undefined;

    function attempt(): void {
      const lifetime = new AttemptLifetime(lifetimeOf(request));
      first ??= lifetime;
      running.add(lifetime);
      // Each attempt gets its own headers: policies further in may set headers in place.
      callNext(next, request.with({headers: request.headers.copy(), lifetime})).then(
        (response) => settle(lifetime, response, undefined),
        (error) => settle(lifetime, undefined, error),
      );
    }

    function settle(lifetime: AttemptLifetime, response: Response | undefined, error: unknown): void {
      const now = performance.now();
      running.delete(lifetime);
      // The other attempt has won, and this one finished before its abort took effect.
      if (isOver) {
        discard(response);
        return;
      }
      const isGood = response !== undefined && response.status < 500 && response.status !== 429;
      if (isGood && lifetime === first) latencies?.add(now - began, now);
      if (!isGood && running.size > 0) {
        kept = response;
        keptLifetime = lifetime;
        release = request.lifetime.hold();
        return;
      }
      isOver = true;
      clearTimeout(timer);
      for (const other of running) {
        // The first attempt took at least this long. Without such latencies only fast responses would be counted.
        if (other === first) latencies?.add(now - began, now);
        other.abortAttempt(outdone());
      }
      const result = response ?? kept;
      if (result !== kept) {
        keptLifetime?.abortAttempt(outdone());
        discard(kept);
      }
      release?.();
      if (result) resolve(result);
      else reject(error);
    }

    attempt();
    if (wait === undefined) return;
    timer = setTimeout(() => {
      if (!request.lifetime.isAborted && mayHedge()) attempt();
    }, wait);
  });
}
