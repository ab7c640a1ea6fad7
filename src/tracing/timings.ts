import type {TraceCall, TraceEvent, TraceListener, TraceSignals} from '../core/trace.ts';
import type {Phase, PhaseTimings} from './stopwatch.ts';
import {allPhases, phases, Stopwatch} from './stopwatch.ts';

export type {PhaseTimings} from './stopwatch.ts';

/** One attempt, its redirects included: the phases add up to `total`. */
export interface AttemptTimings extends PhaseTimings {
  /** Which one it is, from 1. */
  readonly attempt: number;
  /** When it began, on the clock of `performance.now()`. */
  readonly startTime: number;
  readonly total: number;
  /** It was, at last, sent on a connection that was open. */
  readonly reused: boolean;
  /** How many redirects it followed. */
  readonly redirects: number;
  /** Of its response; `undefined` if there was none. */
  readonly status: number | undefined;
  /** What it failed with. */
  readonly error: unknown;
}

/**
 * One call: the phases of its attempts and the time between them, which add up to `total`. At any moment the call is in
 * the phase of the attempt begun last of those under way.
 */
export interface CallTimings extends PhaseTimings {
  readonly call: TraceCall;
  /** When it began, on the clock of `performance.now()`. */
  readonly startTime: number;
  readonly total: number;
  /** For the rate limit. */
  readonly rateLimited: number;
  /** Between a failed attempt and the next. */
  readonly backoff: number;
  /** The rest: policies, credentials, hooks. */
  readonly other: number;
  readonly attempts: readonly AttemptTimings[];
  /** Whether it is over, its body included; until then the last phase is still growing. */
  readonly ended: boolean;
  /** Of the response that the caller got. */
  readonly status: number | undefined;
  /** What it failed with. */
  readonly error: unknown;
}

/** The one that each signal between attempts begins. */
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
      // Of those whose end nobody has told, or that go on for others.
      for (const attempt of this.attempts) attempt.end ??= time;
    }
    const running = this.attempts.findLast(({end}) => end === undefined);
    // A pause for others is no gap of this call, nor is anything that comes in one.
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

/** Of responses, and of errors that are one call's only. */
const records = new WeakMap<object, CallRecord>();

/**
 * A listener that measures calls, so that {@link timings} knows them.
 *
 * @param report - called with each call's timings when it is over
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
    // What goes on after the call, as an attempt that others wait for, is no part of it.
    if (!record) return;
    const isOver = record.hear(event);
    if (response && type === 'responseStart') records.set(response, record);
    if (type === 'requestError' && typeof event.error === 'object' && event.error) {
      records.set(event.error, record);
    }
    if (!isOver) return;
    running.delete(call);
    report?.(record.read());
  };
}

/**
 * How long a call took, by phase, and its attempts: of a response of a session that has {@link recordTimings} among its
 * listeners, or of the error that the call failed with. Asked before the body has ended, it tells what is known by then.
 *
 * @returns `undefined` when nothing was measured, or the response is another than the session gave, as a clone is
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
