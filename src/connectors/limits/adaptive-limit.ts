import type {AdaptiveLimit, HostLimit, HostLimits, LimitSample} from '../../core/host-limit.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import {checkKnown, checkNumber} from '../../utils/check-options.ts';
import type {KeyedEntry} from '../../utils/keyed-state.ts';
import {KeyedState} from '../../utils/keyed-state.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';

/** Between which bounds a limit moves, and how soon. */
export interface AdaptiveLimitOptions {
  /**
   * Slots that a host has whatever happens; a whole number from 1.
   *
   * @default 1
   */
  readonly min?: number | undefined;
  /**
   * Slots that a host has at most.
   *
   * @default 100
   */
  readonly max?: number | undefined;
  /**
   * Slots for a host that nothing is known of.
   *
   * @default 10, or the nearest that `min` and `max` allow
   */
  readonly initial?: number | undefined;
  /**
   * How many times as long as without load a host may take to answer before the limit goes down; from 1. What answers
   * requests that have little in common needs more than what always takes the same time.
   *
   * @default 1.5
   */
  readonly tolerance?: number | undefined;
}

/** Answers looked at before the limit moves, at least; and for how long, in ms. */
const leastSamples = 10;
const leastWindow = 100;
/** How often most of the load is taken off to see what the host then does, in ms; soon for the first time: it began with some. */
const probeInterval = 30_000;
const firstProbe = 3_000;
/** The usual latency follows a longer one in as long, in ms. */
const drift = 120_000;
/** What is no difference between two latencies, on their logarithms. */
const hardlyFaster = 0.2;
/** How long a refusal is remembered, in ms: as long, the limit grows by one at a time. */
const caution = 30_000;
/** After as long without a request, in ms, nothing is known any more. */
const idleAfter = 60_000;
/** What is left of a limit that was too much (RFC 9438, section 4.6: beta of CUBIC). */
const cut = 0.7;

/**
 * A `limitPerHost` that each host's answers set: it grows while the host answers as fast as ever, and goes down when
 * answers take longer, which is when requests begin to queue there, or when the host refuses. What doesn't fit waits in
 * the connector's queue, which is fair, can be aborted and is known to `stats()`.
 *
 * The algorithm is the gradient of Netflix's concurrency-limits and of Envoy's adaptive concurrency: after each round of
 * requests the limit becomes `limit × min(1, tolerance × usual latency / latency) + √limit`, the root being what a queue
 * may hold. It needs no latency to aim at and finds the capacity from below, where additive increase and multiplicative
 * decrease (AIMD, as in Finagle) would have to make the host fail, again and again, to know it. A 429 or 503 is answered
 * by AIMD all the same: `× 0.7` once a round, and growth by one a round for half a minute. Connections that break, and
 * silence, happen without any load as well: they bring the limit down by half their share of a round. What differs from
 * both:
 *
 * - Latencies are averaged by their logarithms: a host that slows down moves the average by as much whatever the mix of
 *   fast and slow requests, and one that hangs doesn't spoil it. Below 1 ms it is the clock and not the host that is measured.
 * - Only requests sent since the last move count for the next: the others tell of a limit of before.
 * - The usual latency follows downward soon and upward hardly, or a queue would become usual (as in Netflix's gradient2).
 *   So it is measured again, first after 3 s and then every 30, with a limit of `√limit` for some ten requests; while half
 *   of the limit or less is in use no such probe is needed. And where half the limit has made nothing faster, the cause
 *   isn't our load, and the limit goes up again.
 * - A limit that was not reached says nothing of what lies beyond, and doesn't grow. After a minute without requests all
 *   is forgotten.
 *
 * @throws InvalidOptionError for what can't be
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
  checkKnown('adaptiveLimit', options, ['min', 'max', 'initial', 'tolerance']);
  const min = checkNumber('adaptiveLimit.min', options.min, 1, {min: 1, max: 1e9, whole: true});
  const max = checkNumber('adaptiveLimit.max', options.max, Math.max(100, min), {min, max: 1e9, whole: true});
  const initial = checkNumber('adaptiveLimit.initial', options.initial, Math.max(min, Math.min(max, 10)), {
    min,
    max,
    whole: true,
  });
  const tolerance = checkNumber('adaptiveLimit.tolerance', options.tolerance, 1.5, {min: 1});
  const bounds = {min, max, initial, tolerance};
  return {max, hosts: () => hostLimits(bounds)};
}

type Bounds = {readonly [name in keyof AdaptiveLimitOptions]-?: number};

function hostLimits(bounds: Bounds): HostLimits {
  const hosts = new KeyedState((key) => new GradientLimit(key, bounds, performance.now()));
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
 * `refused`: the host says itself that it is too much; `failed`: it broke the connection, or was silent for too long;
 * `cut`: the call's total time was up before it was answered. `undefined` where nothing is said of the load: an abort, a
 * name that doesn't resolve, a certificate.
 */
function outcomeOf(
  status: number | undefined,
  error: unknown,
): 'answered' | 'refused' | 'failed' | 'cut' | undefined {
  if (status !== undefined) return status === 429 || status === 503 ? 'refused' : 'answered';
  if (error instanceof TimeoutError) return error.phase === 'total' ? 'cut' : 'failed';
  if (!(error instanceof ConnectionError)) return undefined;
  return error.phase === 'dns' || error.phase === 'tls' ? undefined : 'failed';
}

class GradientLimit implements KeyedEntry, HostLimit {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  readonly #bounds: Bounds;
  limit = 0;
  /** The same, with what is left of one. */
  #exact = 0;
  /** The logarithm of the latency that is usual; unknown after a start. */
  #usual = Number.NaN;
  #lastAt = 0;

  // The window: what was sent since the limit moved.
  #since = 0;
  #samples = 0;
  #failures = 0;
  #sum = 0;
  #peak = 0;

  /** When the usual latency is to be measured again. */
  #probeAt = 0;
  /** The limit to go back to after that. */
  #before: number | undefined = undefined;
  /** The limit that a decline began at, and the latency there. */
  #declineFrom = 0;
  #declineLatency = 0;
  /** When it was last refused. */
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
    this.#forgetCourse();
    this.#refusedAt = -Infinity;
    // What is sent at this moment counts.
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
    // Sent under a limit of before.
    if (sentAt <= this.#since) return;
    if (outcome === 'refused') {
      this.#refusedAt = now;
      this.#move(this.#exact * cut, now);
      this.#forgetCourse();
      return;
    }
    if (outcome === 'failed') {
      this.#failures++;
    } else {
      const latency = Math.log(Math.max(1, now - sentAt));
      // Nobody knows how much longer it would have taken; what had less than the usual time shows nothing.
      if (outcome === 'cut' && !(latency > this.#usual)) return;
      this.#sum += latency;
      this.#samples++;
      if (active >= this.limit && this.#isCautious(now)) this.#grow(1 / this.#exact);
    }
    this.#peak = Math.max(this.#peak, active);
    const round = this.#samples + this.#failures;
    if (round < Math.max(leastSamples, this.limit) || now - this.#since < leastWindow) return;
    const share = this.#failures / round;
    // RFC 8257, section 3.3 (DCTCP): by how many failed, since some do without any load.
    this.#exact *= 1 - share / 2;
    if (this.#samples > 0) {
      this.#decide(this.#sum / this.#samples, now);
    } else {
      this.#move(this.#exact, now);
      this.#forgetCourse();
    }
  }

  #isCautious(now: number): boolean {
    return now - this.#refusedAt < caution;
  }

  /** After a round of requests. */
  #decide(latency: number, now: number): void {
    const exact = this.#exact;
    const before = this.#before;
    if (before !== undefined || this.#peak <= this.limit / 2 || Number.isNaN(this.#usual)) {
      this.#measured(latency, now);
    } else {
      // Upward as slowly in time, however soon one round follows on another.
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

  /** Down to half of where it began, and nothing is faster: then it isn't our load, and this is what is usual now. */
  #decline(target: number, latency: number, now: number): void {
    const from = this.#declineFrom;
    if (from === 0) {
      this.#declineFrom = this.#exact;
      this.#declineLatency = latency;
    } else if (this.#exact <= from / 2 && latency > this.#declineLatency - hardlyFaster) {
      this.#declineFrom = 0;
      this.#measured(latency, now, 1);
      this.#move(from, now);
      return;
    }
    this.#move(target, now);
  }

  /** A latency with no queue in it. One alone is believed by half only, unless it is far below. */
  #measured(latency: number, now: number, weight = 0.5): void {
    if (Number.isNaN(this.#usual)) {
      this.#usual = latency;
      return;
    }
    const isFarBelow = this.#usual - latency > 2 * Math.log(this.#bounds.tolerance);
    this.#usual += (isFarBelow ? 1 : weight) * (latency - this.#usual);
    this.#probeAt = now + probeInterval;
  }

  /** Neither measures nor declines any more. */
  #forgetCourse(): void {
    this.#before = undefined;
    this.#declineFrom = 0;
  }

  #grow(by: number): void {
    const {min, max} = this.#bounds;
    this.#exact = Math.max(min, Math.min(max, this.#exact + by));
    this.limit = Math.floor(this.#exact);
  }

  /** What was sent before says nothing from now on. */
  #move(limit: number, now: number): void {
    this.#grow(limit - this.#exact);
    this.#since = now;
    this.#samples = 0;
    this.#failures = 0;
    this.#sum = 0;
    this.#peak = 0;
  }
}
