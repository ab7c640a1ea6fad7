import type {TraceListener} from '../core/trace.ts';
import {errorType} from '../errors/error-code.ts';
import {assertOption, checkKnown, checkNumber, isObject} from '../utils/check-options.ts';
import {allPhases} from './stopwatch.ts';
import type {CallTimings} from './timings.ts';
import {recordTimings} from './timings.ts';

/** What a call is logged with beside its line. */
export interface CallLog {
  readonly method: string;
  /** Without credentials and query values. */
  readonly url: string;
  readonly status: number | undefined;
  /** From the call to the end of its body, in ms. */
  readonly duration: number;
  /** How many attempts were made. */
  readonly attempts: number;
  /** For a slot, for the rate limit and between attempts, in ms. */
  readonly waited: number;
  /** The phases of the duration, in ms; those that took no time are left out. */
  readonly phases: Readonly<Record<string, number>>;
  /** What it failed with; under the name that pino serialises errors by. */
  readonly err?: unknown;
}

/** What {@link logCalls} needs of a logger: pino's methods, bunyan's, and those of whatever takes an object and a message. */
export interface CallLogger {
  info(fields: CallLog, message: string): void;
  warn(fields: CallLog, message: string): void;
  error(fields: CallLog, message: string): void;
}

/** Which calls are logged. */
export interface LogCallsOptions {
  /**
   * Only calls that took at least so long, in ms, and those that failed or were answered with a status from 400.
   *
   * @default 0
   */
  readonly slowerThan?: number | undefined;
}

/**
 * A listener that logs each call when it is over: `GET api.example.com/users 200 34 ms, attempt 2, waited 12 ms`. A function is
 * given the line; a logger the line and the same in fields, by `info`, from status 400 by `warn`, and by `error` when the call
 * has failed.
 *
 * @throws InvalidOptionError for what can't be
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
  assertOption(typeof log === 'function' || isLogger, 'logCalls', log, 'a function, or a logger as pino is');
  checkKnown('logCalls', options, ['slowerThan']);
  const slowerThan = checkNumber('logCalls.slowerThan', options.slowerThan, 0);
  return recordTimings((timings) => {
    const {total, status, error} = timings;
    const isBad = error !== undefined || (status !== undefined && status >= 400);
    if (total < slowerThan && !isBad) return;
    const line = describe(timings);
    if (typeof log === 'function') log(line);
    else log[error !== undefined ? 'error' : isBad ? 'warn' : 'info'](fieldsOf(timings), line);
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

/** To µs: more than that, clocks don't tell. */
function round(duration: number): number {
  return Math.round(duration * 1_000) / 1_000;
}
