import type {AttemptResult, ErrorRecord, Phase, PoolSample, RunEvent} from './events.ts';
import {phases} from './events.ts';

/** The time that an attempt spent in a phase; times are in ms since the run began. */
export interface Span {
  readonly phase: Phase;
  readonly attempt: number;
  readonly start: number;
  /** `undefined` while the attempt is in the phase. */
  end: number | undefined;
}

export type RequestState = 'running' | 'done' | 'failed';

/** One request of a burst, with everything known about it so far. */
export interface RequestRecord {
  readonly index: number;
  readonly host: number;
  readonly start: number;
  end: number | undefined;
  state: RequestState;
  status: number | undefined;
  error: ErrorRecord | undefined;
  bytes: number;
  readonly spans: Span[];
  readonly attempts: Array<AttemptResult & {readonly attempt: number; readonly time: number}>;
}

/** A run as the page sees it. Only {@link applyEvent} changes it. */
export interface Run {
  readonly total: number;
  readonly hosts: readonly string[];
  /** By index; a gap where a request hasn't begun. */
  readonly requests: RequestRecord[];
  /** When the run began, on its own clock. */
  beganAt: number | undefined;
  /** The time of the last event, in ms since the run began. */
  latest: number;
  started: number;
  done: number;
  failed: number;
  /** Attempts that have ended. */
  attempts: number;
  retries: number;
  /** Requests that were sent, including those that a connector sent again by itself. */
  sent: number;
  bytes: number;
  /** How many attempts are in each phase now. */
  readonly inPhase: Record<Phase, number>;
  /** How long all attempts together have been in each phase, including attempts that have ended. */
  readonly phaseTimes: Record<Phase, number>;
  /** The settled calls, in the order in which they settled. */
  readonly settled: RequestRecord[];
  pool: PoolSample | undefined;
  /** The most active slots by origin, and over all origins (''). */
  readonly peaks: Record<string, number>;
  isOver: boolean;
}

export function createRun(total: number, hosts: readonly string[]): Run {
  return {
    total,
    hosts,
    requests: [],
    beganAt: undefined,
    latest: 0,
    started: 0,
    done: 0,
    failed: 0,
    attempts: 0,
    retries: 0,
    sent: 0,
    bytes: 0,
    inPhase: eachPhase(),
    phaseTimes: eachPhase(),
    settled: [],
    pool: undefined,
    peaks: {},
    isOver: false,
  };
}

const eachPhase = () => Object.fromEntries(phases.map((phase) => [phase, 0])) as Record<Phase, number>;

export function applyEvent(run: Run, event: RunEvent): void {
  const [type, at] = event;
  run.beganAt ??= at;
  const time = Math.max(0, at - run.beganAt);
  run.latest = Math.max(run.latest, time);
  switch (type) {
    case 'start': {
      const index = event[2];
      run.started++;
      run.requests[index] = {
        index,
        host: index % run.hosts.length,
        start: time,
        end: undefined,
        state: 'running',
        status: undefined,
        error: undefined,
        bytes: 0,
        spans: [],
        attempts: [],
      };
      return;
    }
    case 'phase': {
      const request = run.requests[event[2]];
      if (request) enterPhase(run, request, time, event[3], event[4]);
      return;
    }
    case 'attempt': {
      const request = run.requests[event[2]];
      if (request) endAttempt(run, request, time, event[3], event[4]);
      return;
    }
    case 'settled': {
      const request = run.requests[event[2]];
      if (!request || request.end !== undefined) return;
      for (const span of request.spans) closeSpan(run, span, time);
      request.end = time;
      const {status, error} = event[3];
      request.status = status ?? request.status;
      request.error = error;
      request.state = error ? 'failed' : 'done';
      if (error) run.failed++;
      else run.done++;
      run.settled.push(request);
      return;
    }
    case 'pool': {
      const sample = event[2];
      run.pool = sample;
      run.peaks[''] = Math.max(run.peaks[''] ?? 0, sample.active);
      for (const [origin, {active}] of Object.entries(sample.hosts)) {
        run.peaks[origin] = Math.max(run.peaks[origin] ?? 0, active);
      }
      return;
    }
    case 'end':
      run.isOver = true;
  }
}

function enterPhase(
  run: Run,
  request: RequestRecord,
  time: number,
  attempt: number,
  phase: Phase | null,
): void {
  const {spans} = request;
  for (let index = spans.length - 1; index >= 0; index--) {
    const span = spans[index] as Span;
    // The wait for an attempt ends when the attempt begins.
    const isBefore = span.attempt === attempt || span.phase === 'backing-off' || span.phase === 'paused';
    if (span.end !== undefined || !isBefore) continue;
    closeSpan(run, span, time);
    // A phase without a duration isn't shown.
    if (span.start === time) spans.splice(index, 1);
  }
  if (phase === null || request.end !== undefined) return;
  spans.push({phase, attempt, start: time, end: undefined});
  run.inPhase[phase]++;
}

function closeSpan(run: Run, span: Span, time: number): void {
  if (span.end !== undefined) return;
  span.end = time;
  run.inPhase[span.phase]--;
  run.phaseTimes[span.phase] += time - span.start;
}

function endAttempt(
  run: Run,
  request: RequestRecord,
  time: number,
  attempt: number,
  result: AttemptResult,
): void {
  for (const span of request.spans) if (span.attempt === attempt) closeSpan(run, span, time);
  request.attempts.push({...result, attempt, time});
  request.bytes += result.bytes;
  run.bytes += result.bytes;
  run.attempts++;
  if (attempt > 1) run.retries++;
  if (result.isSent) run.sent += 1 + (result.resent ?? 0);
  if (result.status !== undefined) request.status = result.status;
}

/** The phase that a request is in, or how it ended. */
export function stateOf(request: RequestRecord): Phase | RequestState {
  if (request.state !== 'running') return request.state;
  return request.spans.findLast(({end}) => end === undefined)?.phase ?? 'running';
}

/** How long a request took, or has taken so far. */
export function durationOf(request: RequestRecord, now: number): number {
  return (request.end ?? now) - request.start;
}
