import type {Lifetime} from '../core/call-lifetime.ts';
import {LinkedList} from '../utils/linked-list.ts';

/**
 * The running calls of a session and of its child sessions. Closing or aborting the calls of the parent applies to the
 * calls of all children too.
 */
export class Calls {
  readonly #parent: Calls | undefined;
  readonly #own = new LinkedList<Lifetime>();
  /** Children with running calls. The other children aren't referenced, so that they can be collected. */
  readonly #busy = new Set<Calls>();
  #closed = false;
  #whenIdle: Array<() => void> = [];

  constructor(parent?: Calls) {
    this.#parent = parent;
  }

  /** Whether this session, or a session that it descends from, refuses new calls. */
  get closed(): boolean {
    return this.#closed || (this.#parent?.closed ?? false);
  }

  close(): void {
    this.#closed = true;
  }

  add(lifetime: Lifetime): void {
    this.#own.append(lifetime);
    if (this.#own.size === 1) this.#markBusy();
  }

  /** Called when a call has ended. Resolves `idle()` if no call is running. */
  checkIdle(): void {
    if (this.#own.size > 0 || this.#busy.size > 0) return;
    const parent = this.#parent;
    if (parent) {
      parent.#busy.delete(this);
      parent.checkIdle();
    }
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Resolves when no call is running. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      this.checkIdle();
    });
  }

  /** Aborts all calls, the newest first. */
  abort(reason: unknown): void {
    // A copy, because a listener of one call may end another. The last call first, because it may wait for a slot of an
    // earlier one.
    for (const lifetime of [...this].reverse()) lifetime.abort(reason);
  }

  *[Symbol.iterator](): Generator<Lifetime> {
    yield* this.#own;
    for (const child of this.#busy) yield* child;
  }

  #markBusy(): void {
    const parent = this.#parent;
    if (!parent) return;
    parent.#busy.add(this);
    parent.#markBusy();
  }
}
