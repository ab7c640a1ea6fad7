import type {Socket} from 'node:net';
import type {TraceSignals} from '../../../core/trace.ts';
import type {Phase} from '../../../errors/index.ts';
import {realSetImmediate} from '../real-timers.ts';
import type {DialOptions, DialSignal, DialTarget} from './dial.ts';
import {Dial} from './dial.ts';

/** The events of a shared dial. `timedOut` is called for each member whose time ran out; the others get one common outcome. */
export interface SharedOutcome<Member> {
  emit<Type extends DialSignal>(type: Type, detail: TraceSignals[Type], members: Iterable<Member>): void;
  connected(socket: Socket, raw: Socket, members: Member[]): void;
  failed(error: Error, phase: Phase, members: Member[]): void;
  timedOut(member: Member, limit: number, cause: Error | undefined): void;
  /** The dial did not connect, and all its sockets are closed now. */
  gone(): void;
}

/** One dial that several members wait for, each with a timeout of its own. The dial goes on when a member leaves. */
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
      // The dial itself has no timeout; each member has one.
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

  /**
   * Adds a member that waits for the dial.
   *
   * @param timeout - the member's limit, in ms; `undefined` or `Infinity` is no limit
   */
  join(member: Member, timeout: number | undefined): void {
    const timer =
      timeout === undefined || timeout === Infinity
        ? undefined
        : setTimeout(() => realSetImmediate(() => this.#onTimeout(member, timeout)), timeout);
    this.#timers.set(member, timer);
  }

  /** Removes a member. Returns false when it doesn't wait for this dial. */
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
