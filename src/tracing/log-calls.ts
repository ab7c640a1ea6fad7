import type {TraceListener} from '../core/trace.ts';
import {errorType} from '../errors/error-code.ts';
import {assertOption, checkKnown, checkNumber, isObject} from '../utils/check-options.ts';
import {allPhases} from './stopwatch.ts';
import type {CallTimings} from './timings.ts';
import {recordTimings} from './timings.ts';

/** The fields that a logger gets for a call. */
export interface CallLog {
  /** The request's method. */
  readonly method: string;
  /** The request's URL, without credentials and query values. */
  readonly url: string;
  /** The status of the response; `undefined` if there was none. */
  readonly status: number | undefined;
  /** The time from the call to the end of the response's body, in ms. */
  readonly duration: number;
  /** The number of attempts. */
  readonly attempts: number;
  /** The time spent waiting for a slot, for the rate limit and between attempts, in ms. */
  readonly waited: number;
  /** The duration of each phase, in ms. Phases that took no time are left out. */
  readonly phases: Readonly<Record<string, number>>;
  /** The error of a failed call. pino serialises errors under this name. */
  readonly err?: unknown;
}

/** The methods of a logger that {@link logCalls} uses. pino, bunyan and other loggers that take an object and a message have them. */
export interface CallLogger {
  info(fields: CallLog, message: string): void;
  warn(fields: CallLog, message: string): void;
  error(fields: CallLog, message: string): void;
}

/** Options of {@link logCalls}. */
export interface LogCallsOptions {
  /**
   * Logs only calls that took at least this long, in ms. Failed calls and statuses from 400 on are always logged.
   *
   * @default 0
   */
  readonly slowerThan?: number | undefined;
}

/**
 * Creates a trace listener that logs each call when it is over:
 * `GET api.example.com/users 200 34 ms, attempt 2, waited 12 ms`. A function gets the line. A logger gets the line and its
 * fields: by `error` if the call failed, by `warn` for a status from 400 on, else by `info`.
 *
 * @throws InvalidOptionError; UnsupportedOptionError
 *
 * @example
 * ```ts
 * import {createSession, logCalls} from 'aiofetch';
 *
 * await using session = createSession({trace: [logCalls(console.log)]}); // or logCalls(pino())
 * await session.get('https://example.com/').text();
 * ```
 */
export function logCalls(
  log: CallLogger | ((line: string) => void),
  options: LogCallsOptions = {},
): TraceListener {
  const isLogger = isObject(log) && typeof (log as Partial<CallLogger>).info === 'function';
  assertOption(
    typeof log === 'function' || isLogger,
    'logCalls',
    log,
    'a function, or a logger with info, warn and error, such as pino',
  );
  checkKnown('logCalls', options, ['slowerThan']);
  const slowerThan = checkNumber('logCalls.slowerThan', options.slowerThan, 0);
  return recordTimings((timings) => {
    const {total, status, error} = timings;
    const isBad = error !== undefined || (status !== undefined && status >= 400);
    if (total < slowerThan && !isBad) return;
    const line = describe(timings);
    // Returned, because the logger may return a promise that rejects.
    if (typeof log === 'function') return log(line);
    return log[error !== undefined ? 'error' : isBad ? 'warn' : 'info'](fieldsOf(timings), line);
  });
}

function describe(timings: CallTimings): string {
  const {call, status, error, total, attempts} = timings;
  const address = call.url.replace(/^https?:\/\//, '');
  const outcome = error === undefined ? (status ?? '-') : (errorType(error) ?? 'failed');
  const parts = [`${call.method} ${address} ${outcome} ${ms(total)}`];
  if (attempts.length > 1) parts.push(`attempt ${attempts.length}`);
  const waited = waitOf(timings);
  if (waited >= 1) parts.push(`waited ${ms(waited)}`);
  return parts.join(', ');
}

function fieldsOf(timings: CallTimings): CallLog {
  const {call, status, error, total, attempts} = timings;
  return {
    method: call.method,
    url: call.url,
    status,
    duration: round(total),
    attempts: attempts.length,
    waited: round(waitOf(timings)),
    phases: Object.fromEntries(
      allPhases.map((phase) => [phase, round(timings[phase])] as const).filter(([, spent]) => spent > 0),
    ),
    ...(error !== undefined && {err: error}),
  };
}

function waitOf({queued, rateLimited, backoff}: CallTimings): number {
  return queued + rateLimited + backoff;
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}

/** Rounds to µs: clocks are not more precise. */
function round(duration: number): number {
  return Math.round(duration * 1_000) / 1_000;
}
