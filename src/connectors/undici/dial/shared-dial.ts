import type {Socket} from 'node:net';
import type {TraceSignals} from '../../../core/trace.ts';
import type {Phase} from '../../../errors/index.ts';
import type {DialOptions, DialSignal, DialTarget} from './dial.ts';
import {Dial} from './dial.ts';

/** How a shared dial ended, for those who waited for it to the end; and for each whose time was up before. */
export interface SharedOutcome<Member> {
  emit<Type extends DialSignal>(type: Type, detail: TraceSignals[Type], members: Iterable<Member>): void;
  connected(socket: Socket, raw: Socket, members: Member[]): void;
  failed(error: Error, phase: Phase, members: Member[]): void;
  timedOut(member: Member, limit: number, cause: Error | undefined): void;
  /** It did not connect, and by now its sockets are closed. */
  gone(): void;
}

/** One dial that several wait for, each as long as it will: who leaves ends it for nobody else. */
export class SharedDial<Member> {
  readonly #timers = new Map<Member, NodeJS.Timeout | undefined>();
  readonly #dial: Dial;
  readonly #outcome: SharedOutcome<Member>;

  constructor(target: DialTarget, options: DialOptions, outcome: SharedOutcome<Member>) {
    this.#outcome = outcome;
    this.#dial = new Dial(target, options, {
      emit: (type, detail) => outcome.emit(type, detail, this.members),
      connected: (socket, raw) => outcome.connected(socket, raw, this.#dismiss()),
      failed: (error, phase) => outcome.failed(error, phase, this.#dismiss()),
      // Each of those who wait has a time of its own.
      timedOut: () => undefined,
      gone: () => outcome.gone(),
    });
  }

  get members(): Iterable<Member> {
    return this.#timers.keys();
  }

  get size(): number {
    return this.#timers.size;
  }

  start(): void {
    this.#dial.start(undefined);
  }

  /** @param timeout - in ms; `undefined` or `Infinity`: none */
  join(member: Member, timeout: number | undefined): void {
    const timer =
      timeout === undefined || timeout === Infinity
        ? undefined
        : setTimeout(() => setImmediate(() => this.#onTimeout(member, timeout)), timeout);
    this.#timers.set(member, timer);
  }

  /** False when it isn't among those who wait. */
  leave(member: Member): boolean {
    if (!this.#timers.has(member)) return false;
    clearTimeout(this.#timers.get(member));
    return this.#timers.delete(member);
  }

  cancel(): void {
    this.#dial.cancel();
  }

  #onTimeout(member: Member, timeout: number): void {
    if (this.#timers.delete(member)) this.#outcome.timedOut(member, timeout, this.#dial.failure);
  }

  #dismiss(): Member[] {
    const members = [...this.#timers.keys()];
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    return members;
  }
}
