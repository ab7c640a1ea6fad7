import type {AbortListener} from '../../core/call-lifetime.ts';
import {Lifetime} from '../../core/call-lifetime.ts';

/**
 * The lifetime of one of several attempts that run at the same time. It ends with its call or before it. The body that
 * the attempt receives counts as a body of the call.
 */
export class AttemptLifetime extends Lifetime implements AbortListener {
  readonly #parent: Lifetime;

  constructor(parent: Lifetime) {
    super();
    this.#parent = parent;
    this.deadline = parent.deadline;
    this.cameFrom = parent.cameFrom;
    this.trace = parent.trace;
    this.sender = parent.sender;
    // The connector adds one to the count when it begins this attempt.
    this.attempts = parent.attempts++;
    if (parent.isAborted) this.abort(parent.reason);
    else parent.onAbort(this);
  }

  aborted(reason: unknown): void {
    this.abort(reason);
  }

  /** Aborts this attempt, but not the call. */
  abortAttempt(reason: unknown): void {
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
