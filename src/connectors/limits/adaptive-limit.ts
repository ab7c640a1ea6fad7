import type {AdaptiveLimit, HostLimit, HostLimits, LimitSample} from '../../core/host-limit.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import {checkKnown, checkNumber} from '../../utils/check-options.ts';
import type {KeyedEntry} from '../../utils/keyed-state.ts';
import {checkMaxKeys, KeyedState} from '../../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';

/** Options of {@link adaptiveLimit}. */
export interface AdaptiveLimitOptions {
  /**
   * The fewest slots of a host; a whole number from 1.
   *
   * @default 1
   */
  readonly min?: number | undefined;
  /**
   * The most slots of a host.
   *
   * @default 100
   */
  readonly max?: number | undefined;
  /**
   * The slots of a host before its first response.
   *
   * @default 10, or the nearest that `min` and `max` allow
   */
  readonly initial?: number | undefined;
  /**
   * How many times the latency without load a host may take to answer before the limit decreases; from 1. A host whose
   * requests differ much in latency needs a higher value than a host that always takes the same time.
   *
   * @default 1.5
   */
  readonly tolerance?: number | undefined;
  /**
   * How many hosts' limits are kept. Beyond that, the limit that has been unused for longest is forgotten: the host begins
   * with `initial` again, unless connections to it are still open.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
}

/** The fewest responses before the limit changes, and the shortest time, in ms. */
const leastSamples = 10;
const leastWindow = 100;
/**
 * How often the load is reduced to measure the latency without load, in ms. The first probe comes sooner, because the
 * first measurement was made under load.
 */
const probeInterval = 30_000;
const firstProbe = 3_000;
/** The time that the usual latency takes to follow an increase, in ms. */
const drift = 120_000;
/** A difference between the logarithms of two latencies that doesn't count as faster. */
const smallDifference = 0.2;
/** For this time after a refusal, in ms, the limit grows by one a round. */
const cautiousTime = 30_000;
/** After this time without a request, in ms, everything learned about a host is forgotten. */
const idleAfter = 60_000;
/** The factor by which a refusal reduces the limit (RFC 9438, section 4.6: beta of CUBIC). */
const decrease = 0.7;

/**
 * Makes a `limitPerHost` that adapts to each host. The limit grows while the host answers as fast as usual. It decreases
 * when responses take longer, which shows that requests queue at the host, or when the host refuses requests. Requests
 * beyond the limit wait in the connector's queue, which is fair, can be aborted and is counted in `stats()`.
 *
 * The algorithm is the gradient of Netflix's concurrency-limits and of Envoy's adaptive concurrency: after each round of
 * requests the limit becomes `limit × min(1, tolerance × usual latency / latency) + √limit`, where the root is the queue
 * that is allowed. It needs no target latency, and it finds the capacity from below. Additive increase and multiplicative
 * decrease (AIMD, as in Finagle) would have to make the host fail again and again to find it. A 429 or 503 is handled by
 * AIMD all the same: `× 0.7` once a round, and growth by one a round for half a minute. Broken connections and timeouts
 * also happen without load, so they reduce the limit by half their share of a round. The differences from both:
 *
 * - The average is that of the logarithms of latencies. A host that slows down changes this average by the same amount for
 *   any mix of fast and slow requests, and one request that hangs changes it little. A latency below 1 ms counts as 1 ms,
 *   because it measures the clock rather than the host.
 * - Only requests sent since the last change of the limit count for the next change. Earlier requests were sent under
 *   another limit.
 * - The usual latency follows a decrease soon and an increase slowly, because a queue must not become usual (as in
 *   Netflix's gradient2). So it is measured again, first after 3 s and then every 30 s, with a limit of `√limit` for about
 *   ten requests. No such probe is needed while half of the limit or less is in use. If half the limit has made nothing
 *   faster, the cause isn't our load, and the limit is restored.
 * - A limit that was not reached doesn't grow, because nothing shows that the host could serve more. After a minute without
 *   requests, everything learned is forgotten.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {adaptiveLimit, createSession} from 'aiofetch';
 *
 * await using session = createSession({connector: {limitPerHost: adaptiveLimit({min: 2, max: 50})}});
 * await session.get('https://example.com/').text();
 * console.log(session.stats().hosts['https://example.com']?.limit);
 * ```
 */
export function adaptiveLimit(options: AdaptiveLimitOptions = {}): AdaptiveLimit {
  checkKnown('adaptiveLimit', options, ['min', 'max', 'initial', 'tolerance', 'maxKeys']);
  const min = checkNumber('adaptiveLimit.min', options.min, 1, {min: 1, max: 1e9, whole: true});
  const max = checkNumber('adaptiveLimit.max', options.max, Math.max(100, min), {min, max: 1e9, whole: true});
  const initial = checkNumber('adaptiveLimit.initial', options.initial, Math.max(min, Math.min(max, 10)), {
    min,
    max,
    whole: true,
  });
  const tolerance = checkNumber('adaptiveLimit.tolerance', options.tolerance, 1.5, {min: 1});
  const bounds = {min, max, initial, tolerance};
  const maxKeys = checkMaxKeys('adaptiveLimit', options);
  return {max, hosts: () => hostLimits(bounds, maxKeys)};
}

type Bounds = {readonly [name in 'min' | 'max' | 'initial' | 'tolerance']: number};

function hostLimits(bounds: Bounds, maxKeys: number): HostLimits {
  const hosts = new KeyedState((key) => new GradientLimit(key, bounds, performance.now()), maxKeys);
  return {
    of(origin) {
      const host = hosts.get(origin);
      const now = performance.now();
      if (host.isIdle(now)) host.restart(now);
      return host;
    },
    stats() {
      const now = performance.now();
      const known = [...hosts.all].filter((host) => !host.isIdle(now));
      return Object.fromEntries(known.map(({key, limit}) => [key, {active: 0, queued: 0, idle: 0, limit}]));
    },
  };
}

/**
 * `refused`: the host answered that it has too many requests. `failed`: the host broke the connection or sent nothing for
 * too long. `cutOff`: the call's total timeout ended before the response. `undefined` if the outcome says nothing about the
 * load: an abort, a name that doesn't resolve, a certificate.
 */
function outcomeOf(
  status: number | undefined,
  error: unknown,
): 'answered' | 'refused' | 'failed' | 'cutOff' | undefined {
  if (status !== undefined) return status === 429 || status === 503 ? 'refused' : 'answered';
  if (error instanceof TimeoutError) return error.phase === 'total' ? 'cutOff' : 'failed';
  if (!(error instanceof ConnectionError)) return undefined;
  return error.phase === 'dns' || error.phase === 'tls' ? undefined : 'failed';
}

/**
 * The limit of one host, and what was learned of its latencies. The algorithm is that of {@link adaptiveLimit}.
 *
 * The class is long because each response changes all of it at once: the round, the averages, the probe and the limit.
 */
class GradientLimit implements KeyedEntry, HostLimit {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly #bounds: Bounds;
  limit = 0;
  /** The limit before it is rounded down. */
  #exact = 0;
  /** The logarithm of the usual latency. `NaN` until it was measured. */
  #usual = Number.NaN;
  #lastAt = 0;

  // The window: the requests sent since the limit last changed.
  #since = 0;
  #samples = 0;
  #failures = 0;
  #sum = 0;
  #peak = 0;

  /** When the usual latency will be measured again. */
  #probeAt = 0;
  /** The limit to restore after that measurement. */
  #before: number | undefined = undefined;
  /** The limit at which a decline began, and the latency at that limit. */
  #declineFrom = 0;
  #declineLatency = 0;
  /** When the host last refused a request. */
  #refusedAt = 0;

  constructor(key: string, bounds: Bounds, now: number) {
    this.key = key;
    this.#bounds = bounds;
    this.restart(now);
  }

  restart(now: number): void {
    this.#usual = Number.NaN;
    this.#lastAt = now;
    this.#probeAt = now + firstProbe;
    this.#endPhases();
    this.#refusedAt = -Infinity;
    // `- 1`, so that a request sent at this moment counts.
    this.#move(this.#bounds.initial, now - 1);
  }

  isIdle(now: number): boolean {
    return now - this.#lastAt > idleAfter;
  }

  observe({status, error, sentAt, now, active}: LimitSample): void {
    const outcome = outcomeOf(status, error);
    if (outcome === undefined) return;
    if (this.isIdle(sentAt)) this.restart(sentAt);
    this.#lastAt = now;
    // The request was sent under an earlier limit.
    if (sentAt <= this.#since) return;
    if (outcome === 'refused') {
      this.#refusedAt = now;
      this.#move(this.#exact * decrease, now);
      this.#endPhases();
      return;
    }
    if (outcome === 'failed') {
      this.#failures++;
    } else {
      const latency = Math.log(Math.max(1, now - sentAt));
      // A request that was cut off would have taken longer, by an unknown time. If it had less than the usual time, it
      // shows nothing.
      if (outcome === 'cutOff' && !(latency > this.#usual)) return;
      this.#sum += latency;
      this.#samples++;
      if (active >= this.limit && this.#isCautious(now)) this.#grow(1 / this.#exact);
    }
    this.#peak = Math.max(this.#peak, active);
    const round = this.#samples + this.#failures;
    if (round < Math.max(leastSamples, this.limit) || now - this.#since < leastWindow) return;
    const share = this.#failures / round;
    // RFC 8257, section 3.3 (DCTCP): in proportion to the failures, since some requests fail without any load.
    this.#exact *= 1 - share / 2;
    if (this.#samples > 0) {
      this.#decide(this.#sum / this.#samples, now);
    } else {
      this.#move(this.#exact, now);
      this.#endPhases();
    }
  }

  #isCautious(now: number): boolean {
    return now - this.#refusedAt < cautiousTime;
  }

  /** Sets the limit after a round of requests. */
  #decide(latency: number, now: number): void {
    const exact = this.#exact;
    const before = this.#before;
    if (before !== undefined || this.#peak <= this.limit / 2 || Number.isNaN(this.#usual)) {
      this.#measured(latency, now);
    } else {
      // The weight of an increase depends on the time that the round took, not on the number of rounds.
      const weight = latency < this.#usual ? 0.1 : Math.min(0.5, (now - this.#since) / drift);
      this.#usual += weight * (latency - this.#usual);
    }
    if (before !== undefined) {
      this.#before = undefined;
      this.#move(before, now);
      return;
    }
    const gradient = Math.max(0.5, Math.min(1, this.#bounds.tolerance * Math.exp(this.#usual - latency)));
    const target = gradient * exact + Math.sqrt(exact);
    if (target < exact) {
      this.#decline(target, latency, now);
      return;
    }
    this.#declineFrom = 0;
    if (now >= this.#probeAt) {
      this.#before = exact;
      this.#move(Math.sqrt(exact), now);
    } else {
      this.#move(this.#peak < this.limit || this.#isCautious(now) ? exact : target, now);
    }
  }

  /** If half the limit has made nothing faster, our load isn't the cause: the present latency becomes the usual one. */
  #decline(target: number, latency: number, now: number): void {
    const from = this.#declineFrom;
    if (from === 0) {
      this.#declineFrom = this.#exact;
      this.#declineLatency = latency;
    } else if (this.#exact <= from / 2 && latency > this.#declineLatency - smallDifference) {
      this.#declineFrom = 0;
      this.#measured(latency, now, 1);
      this.#move(from, now);
      return;
    }
    this.#move(target, now);
  }

  /** Records a latency that was measured without a queue. One measurement counts by half, unless it is far below the usual. */
  #measured(latency: number, now: number, weight = 0.5): void {
    if (Number.isNaN(this.#usual)) {
      this.#usual = latency;
      return;
    }
    const isFarBelow = this.#usual - latency > 2 * Math.log(this.#bounds.tolerance);
    this.#usual += (isFarBelow ? 1 : weight) * (latency - this.#usual);
    this.#probeAt = now + probeInterval;
  }

  /** Ends a measurement or a decline that is under way. */
  #endPhases(): void {
    this.#before = undefined;
    this.#declineFrom = 0;
  }

  #grow(by: number): void {
    const {min, max} = this.#bounds;
    this.#exact = Math.max(min, Math.min(max, this.#exact + by));
    this.limit = Math.floor(this.#exact);
  }

  /** Sets the limit and begins a new window: requests sent before no longer count. */
  #move(limit: number, now: number): void {
    this.#grow(limit - this.#exact);
    this.#since = now;
    this.#samples = 0;
    this.#failures = 0;
    this.#sum = 0;
    this.#peak = 0;
  }
}
