import type {TraceEvent} from 'aiofetch';
import type {Phase, RunEvent} from '../model/events.ts';

/** What is known about a running attempt. */
interface OpenAttempt {
  phase: Phase;
  bytes: number;
  reused?: boolean;
  resent: number;
}

/**
 * A trace listener of one call, which emits the phases of its attempts. It is a class, so that thousands of calls share
 * its methods.
 */
export class CallRecorder {
  readonly #index: number;
  readonly #emit: (event: RunEvent) => void;
  readonly #attempts = new Map<number, OpenAttempt>();

  constructor(index: number, emit: (event: RunEvent) => void) {
    this.#index = index;
    this.#emit = emit;
  }

  rateLimitWaitStart({time, attempt}: TraceEvent<'rateLimitWaitStart'>): void {
    this.#emit(['phase', time, this.#index, attempt, 'paused']);
  }

  rateLimitWaitEnd({time, attempt}: TraceEvent<'rateLimitWaitEnd'>): void {
    this.#emit(['phase', time, this.#index, attempt, null]);
  }

  retryScheduled({time, attempt}: TraceEvent<'retryScheduled'>): void {
    this.#emit(['phase', time, this.#index, attempt, 'backing-off']);
  }

  attemptStart({time, attempt}: TraceEvent<'attemptStart'>): void {
    this.#attempts.set(attempt, {phase: 'waiting', bytes: 0, resent: 0});
    this.#emit(['phase', time, this.#index, attempt, 'waiting']);
  }

  connectionQueuedStart(event: TraceEvent<'connectionQueuedStart'>): void {
    this.#enter(event, 'queued');
  }

  connectionQueuedEnd(event: TraceEvent<'connectionQueuedEnd'>): void {
    this.#enter(event, 'waiting');
  }

  connectionCreateStart(event: TraceEvent<'connectionCreateStart'>): void {
    this.#enter(event, 'connecting');
  }

  connectionCreateEnd(event: TraceEvent<'connectionCreateEnd'>): void {
    this.#enter(event, 'waiting');
    const open = this.#attempts.get(event.attempt);
    if (open) open.reused = false;
  }

  connectionReuse(event: TraceEvent<'connectionReuse'>): void {
    this.#enter(event, 'waiting');
    const open = this.#attempts.get(event.attempt);
    if (open) open.reused = true;
  }

  requestResent(event: TraceEvent<'requestResent'>): void {
    const open = this.#attempts.get(event.attempt);
    if (open) open.resent++;
  }

  responseHeadersReceived(event: TraceEvent<'responseHeadersReceived'>): void {
    this.#enter(event, 'receiving');
  }

  responseChunkReceived({attempt, bytes}: TraceEvent<'responseChunkReceived'>): void {
    const open = this.#attempts.get(attempt);
    if (open) open.bytes += bytes;
  }

  attemptEnd({time, attempt, status, error}: TraceEvent<'attemptEnd'>): void {
    const open = this.#attempts.get(attempt);
    if (!open) return;
    this.#attempts.delete(attempt);
    const {bytes, reused, resent, phase} = open;
    this.#emit([
      'attempt',
      time,
      this.#index,
      attempt,
      {
        status,
        bytes,
        ...(reused !== undefined && {reused}),
        ...(resent > 0 && {resent}),
        ...(error !== undefined && {
          error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        }),
        isSent: phase !== 'queued' && phase !== 'connecting',
      },
    ]);
  }

  #enter({time, attempt}: {readonly time: number; readonly attempt: number}, phase: Phase): void {
    const open = this.#attempts.get(attempt);
    if (!open || open.phase === phase) return;
    open.phase = phase;
    this.#emit(['phase', time, this.#index, attempt, phase]);
  }
}
