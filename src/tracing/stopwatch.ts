import type {TraceEvent, TraceSignals} from '../core/trace.ts';

/** The duration of each phase of an attempt, in ms. `wait` includes the phases that the runtime doesn't report. */
export interface PhaseTimings {
  /** Waiting for a slot. */
  readonly queued: number;
  /** Looking up the host name. */
  readonly dns: number;
  /** Opening the connection, without DNS and TLS. */
  readonly connect: number;
  /** The TLS handshake. */
  readonly tls: number;
  /** Sending the request. */
  readonly send: number;
  /** Waiting for the head of the response. */
  readonly wait: number;
  /** Receiving the body of the response. */
  readonly receive: number;
}

/** The phases of an attempt. */
export const phases = ['queued', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;

/** The phases of a call: those of its attempts, and those between attempts. */
export const allPhases = [...phases, 'rateLimited', 'backoff', 'other'] as const;

export type Phase = (typeof allPhases)[number];

/** The phase that each signal of an attempt begins. */
const begins: {readonly [Type in keyof TraceSignals]?: keyof PhaseTimings} = {
  attemptStart: 'wait',
  connectionQueuedStart: 'queued',
  connectionQueuedEnd: 'wait',
  connectionCreateStart: 'connect',
  dnsResolveStart: 'dns',
  dnsResolveEnd: 'connect',
  tlsStart: 'tls',
  tlsEnd: 'connect',
  connectionCreateEnd: 'send',
  connectionReuse: 'send',
  requestSent: 'wait',
  requestResent: 'connect',
  responseHeadersReceived: 'receive',
  requestRedirect: 'wait',
};

/** Measures how long a call or an attempt is in each phase. */
export class Stopwatch {
  readonly startTime: number;
  #phase: Phase;
  #since: number;
  readonly #spent: Record<Phase, number> = {
    queued: 0,
    dns: 0,
    connect: 0,
    tls: 0,
    send: 0,
    wait: 0,
    receive: 0,
    rateLimited: 0,
    backoff: 0,
    other: 0,
  };

  constructor(time: number, phase: Phase) {
    this.startTime = time;
    this.#since = time;
    this.#phase = phase;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Enters the phase that a signal of an attempt begins. */
  hear({type, time}: TraceEvent): void {
    const phase = begins[type];
    // A server may answer before the end of an upload.
    const isLate = type === 'requestSent' && this.#phase === 'receive';
    if (phase && !isLate) this.enter(phase, time);
  }

  enter(phase: Phase, time: number): void {
    if (phase === this.#phase) return;
    this.#spent[this.#phase] += time - this.#since;
    this.#phase = phase;
    this.#since = time;
  }

  spent(phase: Phase, time: number): number {
    const before = this.#spent[phase];
    return phase === this.#phase ? before + time - this.#since : before;
  }

  read<Name extends Phase>(names: readonly Name[], time: number): Record<Name, number> {
    const read = {} as Record<Name, number>;
    for (const name of names) read[name] = this.spent(name, time);
    return read;
  }
}
