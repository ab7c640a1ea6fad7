import type {Lifetime} from '../core/call-lifetime.ts';
import {LinkedList} from '../utils/linked-list.ts';

/**
 * The calls of a session that are under way, and those of its child sessions: whatever closes or aborts the parent
 * does so for all of them.
 */
export class Calls {
  readonly #parent: Calls | undefined;
  readonly #own = new LinkedList<Lifetime>();
  /** Children with something under way; the others need not be held on to. */
  readonly #busy = new Set<Calls>();
  #closed = false;
  #whenIdle: Array<() => void> = [];

  constructor(parent?: Calls) {
    this.#parent = parent;
  }

  /** No more calls are taken: here, or by a session that this one descends from. */
  get closed(): boolean {
    return this.#closed || (this.#parent?.closed ?? false);
  }

  close(): void {
    this.#closed = true;
  }

  add(lifetime: Lifetime): void {
    this.#own.append(lifetime);
    if (this.#own.size === 1) this.#tellParent();
  }

  /** Called when one that was added has ended. */
  checkIdle(): void {
    if (this.#own.size > 0 || this.#busy.size > 0) return;
    const parent = this.#parent;
    if (parent) {
      parent.#busy.delete(this);
      parent.checkIdle();
    }
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      this.checkIdle();
    });
  }

  abort(reason: unknown): void {
    // A copy: what listens to one may end another. The last first: those may be waiting for the slots of the others.
    for (const lifetime of [...this].reverse()) lifetime.abort(reason);
  }

  *[Symbol.iterator](): Generator<Lifetime> {
    yield* this.#own;
    for (const child of this.#busy) yield* child;
  }

  #tellParent(): void {
    const parent = this.#parent;
    if (!parent) return;
    parent.#busy.add(this);
    parent.#tellParent();
  }
}
