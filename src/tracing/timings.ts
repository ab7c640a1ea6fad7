import type {TraceCall, TraceEvent, TraceListener, TraceSignals} from '../core/trace.ts';
import type {Phase, PhaseTimings} from './stopwatch.ts';
import {allPhases, phases, Stopwatch} from './stopwatch.ts';

export type {PhaseTimings} from './stopwatch.ts';

/** The timings of one attempt, including its redirects. The phases add up to `total`. */
export interface AttemptTimings extends PhaseTimings {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** When it began, on the clock of `performance.now()`. */
  readonly startTime: number;
  /** The duration of the attempt, in ms. */
  readonly total: number;
  /** Whether the request was finally sent on a connection that was already open. */
  readonly reused: boolean;
  /** The number of redirects that it followed. */
  readonly redirects: number;
  /** The status of its response; `undefined` if there was none. */
  readonly status: number | undefined;
  /** What it failed with. */
  readonly error: unknown;
}

/**
 * The timings of one call: the phases of its attempts and the time between them, which add up to `total`. If several
 * attempts run at once, the call is in the phase of the attempt that began last.
 */
export interface CallTimings extends PhaseTimings {
  /** The call, as trace events name it. */
  readonly call: TraceCall;
  /** When it began, on the clock of `performance.now()`. */
  readonly startTime: number;
  /** The duration of the call, in ms. */
  readonly total: number;
  /** Waiting for the rate limit. */
  readonly rateLimited: number;
  /** Waiting between a failed attempt and the next one. */
  readonly backoff: number;
  /** The rest: policies, credentials and hooks. */
  readonly other: number;
  /** The timings of its attempts. */
  readonly attempts: readonly AttemptTimings[];
  /** Whether the call and its body have ended. Until then the last phase is still growing. */
  readonly ended: boolean;
  /** The status of the response that the caller got. */
  readonly status: number | undefined;
  /** What it failed with. */
  readonly error: unknown;
}

/** The phase that each signal between attempts begins. */
const beginsGap: {readonly [Type in keyof TraceSignals]?: Phase} = {
  rateLimitWaitStart: 'rateLimited',
  rateLimitWaitEnd: 'other',
  retryScheduled: 'backoff',
};

class AttemptRecord {
  readonly attempt: number;
  readonly watch: Stopwatch;
  end: number | undefined = undefined;
  reused = false;
  redirects = 0;
  status: number | undefined = undefined;
  error: unknown = undefined;

  constructor({attempt, time}: TraceEvent) {
    this.attempt = attempt;
    this.watch = new Stopwatch(time, 'wait');
  }

  hear(event: TraceEvent): void {
    const {type, time} = event;
    this.watch.hear(event);
    switch (type) {
      case 'connectionReuse':
        this.reused = true;
        break;
      case 'connectionCreateStart':
        this.reused = false;
        break;
      case 'requestRedirect':
        this.redirects++;
        this.status = undefined;
        break;
      case 'responseHeadersReceived':
        this.status = event.status;
        break;
      case 'attemptEnd':
        this.end = time;
        this.status = event.status ?? this.status;
        this.error = event.error;
        break;
    }
  }

  read(now: number): AttemptTimings {
    const {attempt, watch, reused, redirects, status, error} = this;
    const time = this.end ?? now;
    const {startTime} = watch;
    const total = time - startTime;
    return {attempt, startTime, total, ...watch.read(phases, time), reused, redirects, status, error};
  }
}

class CallRecord {
  readonly call: TraceCall;
  readonly attempts: AttemptRecord[] = [];
  readonly #watch: Stopwatch;
  #end: number | undefined = undefined;
  #status: number | undefined = undefined;
  #error: unknown = undefined;

  constructor({call, time}: TraceEvent) {
    this.call = call;
    this.#watch = new Stopwatch(time, 'other');
  }

  /** @returns whether it is over */
  hear(event: TraceEvent): boolean {
    const {type, time} = event;
    let gap: Phase = beginsGap[type] ?? 'other';
    if (type === 'attemptStart') this.attempts.push(new AttemptRecord(event));
    const isGap = type in beginsGap;
    if (!isGap) this.attempts.findLast(({attempt}) => attempt === event.attempt)?.hear(event);
    if (type === 'responseStart') this.#status = event.status;
    if (type === 'requestError') this.#error = event.error;
    const isOver = type === 'requestEnd' || type === 'requestError';
    if (isOver) {
      this.#end = time;
      // Attempts without an attemptEnd, and attempts that go on for other calls, end with the call here.
      for (const attempt of this.attempts) attempt.end ??= time;
    }
    const running = this.attempts.findLast(({end}) => end === undefined);
    // While other calls share an attempt, its pauses and the signals during them don't change this call's phase.
    if (!running && !isGap && type !== 'attemptEnd') gap = this.#watch.phase;
    this.#watch.enter(running ? running.watch.phase : gap, time);
    return isOver;
  }

  read(): CallTimings {
    const {call} = this;
    const time = this.#end ?? performance.now();
    const {startTime} = this.#watch;
    return {
      call,
      startTime,
      total: time - startTime,
      ...this.#watch.read(allPhases, time),
      attempts: this.attempts.map((attempt) => attempt.read(time)),
      ended: this.#end !== undefined,
      status: this.#status,
      error: this.#error,
    };
  }
}

/** The records by response, or by the error of the call. */
const records = new WeakMap<object, CallRecord>();

/**
 * Creates a trace listener that measures calls, for {@link timings}.
 *
 * @param report - called with the timings of each call when the call is over
 *
 * @example
 * ```ts
 * import {createSession, recordTimings} from 'aiofetch';
 *
 * const slow = recordTimings(({call, total, queued}) => {
 *   if (total > 1_000) console.log(`${call.method} ${call.url}: ${total} ms, ${queued} of it in the queue`);
 * });
 * await using session = createSession({trace: [slow]});
 * await session.get('https://example.com/').text();
 * ```
 */
export function recordTimings(report?: (timings: CallTimings) => void): TraceListener {
  const running = new Map<TraceCall, CallRecord>();
  return (event, {response}) => {
    const {type, call} = event;
    if (type === 'requestStart') {
      running.set(call, new CallRecord(event));
      return;
    }
    const record = running.get(call);
    // An attempt that goes on after the call, for other calls that wait for it, is no part of the call.
    if (!record) return;
    const isOver = record.hear(event);
    if (response && type === 'responseStart') records.set(response, record);
    if (type === 'requestError' && typeof event.error === 'object' && event.error) {
      records.set(event.error, record);
    }
    if (!isOver) return;
    running.delete(call);
    // Returned, because a report may return a promise that rejects.
    return report?.(record.read());
  };
}

/**
 * Returns the timings of a call and of its attempts, by phase. The session has to have {@link recordTimings} among its
 * listeners. Before the end of the body, the timings are those so far.
 *
 * @param response - The response of the call, or the error that the call failed with.
 * @returns `undefined` if the call was not measured, or if the response is a clone
 *
 * @example
 * ```ts
 * import {createSession, recordTimings, timings} from 'aiofetch';
 *
 * await using session = createSession({trace: [recordTimings()]});
 * const response = await session.get('https://example.com/');
 * await response.text();
 * const {dns = 0, connect = 0, wait = 0, total, attempts} = timings(response) ?? {};
 * console.log(dns, connect, wait, total, attempts?.length);
 * ```
 */
export function timings(response: Response | Error): CallTimings | undefined {
  return records.get(response)?.read();
}
