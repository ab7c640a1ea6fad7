import type {AbortListener} from '../../core/call-lifetime.ts';
import {Lifetime} from '../../core/call-lifetime.ts';

/**
 * The life of one of several attempts at the same time: ends with its call, or alone. Its body, if it's that which the
 * caller gets, is the call's.
 */
export class ChildLifetime extends Lifetime implements AbortListener {
  readonly #parent: Lifetime;

  constructor(parent: Lifetime) {
    super();
    this.#parent = parent;
    this.deadline = parent.deadline;
    this.cameFrom = parent.cameFrom;
    this.trace = parent.trace;
    // The connector's side counts this attempt once more, from here.
    this.attempts = parent.attempts++;
    if (parent.isAborted) this.abort(parent.reason);
    else parent.onAbort(this);
  }

  aborted(reason: unknown): void {
    this.abort(reason);
  }

  /** Ends this attempt and not the call. */
  leave(reason: unknown): void {
    this.#parent.offAbort(this);
    this.abort(reason);
  }

  override bodyOpened(): void {
    this.#parent.bodyOpened();
  }

  override bodyReadStarted(): void {
    this.#parent.bodyReadStarted();
  }

  override bodyClosed(failed = false, error?: unknown): void {
    this.#parent.bodyClosed(failed && !this.isAborted, error);
  }
}
