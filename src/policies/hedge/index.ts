import {isReplayable} from '../../core/body.ts';
import {discard} from '../../core/discard-response.ts';
import type {Handler, PolicyDefinition} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {isIdempotent, lifetimeOf} from '../../core/request.ts';
import {checkKnown, checkNumber, longestDelay} from '../../utils/check-options.ts';
import {KeyedState} from '../../utils/keyed-state.ts';
import {urlParts} from '../../utils/url-parts.ts';
import type {BudgetOptions} from '../budget.ts';
import {createBudget} from '../budget.ts';
import {send} from '../call-next.ts';
import {ChildLifetime} from './attempt-lifetime.ts';
import {Latencies} from './latencies.ts';

/** When a second attempt is sent after a slow first. */
export interface HedgeOptions {
  /**
   * How long the first attempt has for its answer, in ms. Without `percentile` it is that; with it, the least, and what
   * holds while too few latencies are known.
   *
   * @default undefined
   */
  readonly delay?: number | undefined;
  /**
   * The first attempt has as long as this share of the host's last answers took; 0 to 1.
   *
   * @default 0.95, if there is no delay
   */
  readonly percentile?: number | undefined;
  /** Extra load that second attempts may put on a host; `false`: any. */
  readonly budget?: BudgetOptions | false | undefined;
}

/**
 * Sends a second attempt when the first is slow to answer, takes the better answer and cancels the other: what cuts off
 * the slow end of the latencies, at the price of some more load. Only for requests that are idempotent, with bodies that
 * can be sent twice. The first answer wins; one with a status of 429 or from 500, or an error, only if the other attempt
 * does no better. A browser holds back a second GET of a URL until the first is answered, as long as its cache might
 * serve both: there, hedged GETs need `cache: 'no-store'`.
 *
 * @throws InvalidOptionError for what can't be
 *
 * @example
 * ```ts
 * import {createSession, hedgePolicy} from 'aiofetch';
 *
 * await using session = createSession({policies: [hedgePolicy({percentile: 0.95, budget: {ratio: 0.05}})]});
 * ```
 */
export function hedgePolicy(options: HedgeOptions = {}): PolicyDefinition {
  checkKnown('hedge', options, ['delay', 'percentile', 'budget']);
  const {delay, percentile = delay === undefined ? 0.95 : undefined, budget: budgetOptions = {}} = options;
  const least = checkNumber('hedge.delay', delay, 0, {max: longestDelay});
  const share = checkNumber('hedge.percentile', percentile, 0, {max: 1});
  const budget =
    budgetOptions === false
      ? undefined
      : createBudget('hedge.budget', budgetOptions, {ratio: 0.1, minimum: 10, window: 10_000});
  const hosts = percentile === undefined ? undefined : new KeyedState((key) => new Latencies(key, share));

  const wrap =
    (next: Handler): Handler =>
    (request) => {
      if (!isReplayable(request.body) || !isIdempotent(request)) return next(request);
      const host = urlParts(request.url).origin;
      budget?.count(host);
      const latencies = hosts?.get(host);
      const observed = latencies?.percentile;
      const wait = observed === undefined ? delay : Math.max(observed, least);
      return race(next, request, wait, () => budget?.take(host) !== false, latencies);
    };
  return {name: 'hedge', rejectsOnAbort: true, wrap};
}

const lost = () => new DOMException('The other attempt did better', 'AbortError');

function race(
  next: Handler,
  request: ConnectorRequest,
  wait: number | undefined,
  mayHedge: () => boolean,
  latencies: Latencies | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const running = new Set<ChildLifetime>();
    let first: ChildLifetime | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    /** An answer that is none to be glad of, kept while there may be a better one, and its attempt. */
    let poor: Response | undefined;
    let poorLifetime: ChildLifetime | undefined;
    let release: (() => void) | undefined;

    function attempt(): void {
      const lifetime = new ChildLifetime(lifetimeOf(request));
      first ??= lifetime;
      running.add(lifetime);
      // Each has its own headers: policies further in may set some in place.
      send(next, request.with({headers: request.headers.copy(), lifetime})).then(
        (response) => settle(lifetime, response, undefined),
        (error) => settle(lifetime, undefined, error),
      );
    }

    function settle(lifetime: ChildLifetime, response: Response | undefined, error: unknown): void {
      const now = performance.now();
      running.delete(lifetime);
      // It came too late, or its abort was not obeyed.
      if (isOver) {
        discard(response);
        return;
      }
      const isGood = response !== undefined && response.status < 500 && response.status !== 429;
      if (isGood && lifetime === first) latencies?.add(now - began, now);
      if (!isGood && running.size > 0) {
        poor = response;
        poorLifetime = lifetime;
        release = request.lifetime.hold();
        return;
      }
      isOver = true;
      clearTimeout(timer);
      for (const other of running) {
        // Of the first attempt it's known at least how long it wasn't answered; without those, only fast ones would count.
        if (other === first) latencies?.add(now - began, now);
        other.leave(lost());
      }
      const answer = response ?? poor;
      if (answer !== poor) {
        poorLifetime?.leave(lost());
        discard(poor);
      }
      release?.();
      if (answer) resolve(answer);
      else reject(error);
    }

    attempt();
    if (wait === undefined) return;
    timer = setTimeout(() => {
      if (!request.lifetime.isAborted && mayHedge()) attempt();
    }, wait);
  });
}
