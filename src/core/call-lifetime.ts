import type {Linked, LinkedList} from '../utils/linked-list.ts';
import {discard} from './discard-response.ts';
import {afterNotifications} from './notify.ts';
import type {Trace} from './trace.ts';

/**
 * Notified when its call is aborted. An object rather than a function, so that a waiting request can register itself
 * without allocating a closure.
 */
export interface AbortListener {
  aborted(reason: unknown): void;
}

/** The life of one call, as policies see it: from the start of the call to the end of the response's body. */
export interface CallLifetime {
  /** The caller's signal, the `total` timeout or the session has ended the call. */
  readonly isAborted: boolean;
  /** What the call was aborted with. */
  readonly reason: unknown;
  /** Aborted with the call. Made when it is first read: prefer {@link onAbort} on the path of every request. */
  readonly signal: AbortSignal;
  /** The listeners of the call, if there are any. */
  readonly trace: Trace | undefined;
  /** How much of `timeout.total` is left, in ms; `Infinity` without that timeout. */
  timeLeft(): number;
  /** Notifies a listener of the abort, until {@link offAbort}. One that is added after the abort is not notified. */
  onAbort(listener: AbortListener): void;
  offAbort(listener: AbortListener): void;
  /** Rejects when the call is aborted. For work that can't listen; for one wait at a time. */
  whenAborted(): Promise<never>;
  /** Gives up a response that the caller won't get, so that its connection is free for another request. */
  discard(response: Response | undefined): void;
  /**
   * Keeps a response whose body the policy doesn't read yet. Until the returned function is called, a session that
   * closes doesn't take that body for one that the caller has forgotten.
   */
  hold(): () => void;
}

/** A life that a policy began itself. */
export interface BegunLifetime extends CallLifetime {
  abort(reason: unknown): void;
  /** Ends it: the session no longer waits for it. */
  end(): void;
}

/**
 * The life of one call, from `session.fetch` to the end of the last body. It does the work of an `AbortController`
 * without the cost of one: the caller's signal, the `total` timeout and `session.destroy` abort it; connectors and
 * policies that wait register a listener. An `AbortSignal` is made only when somebody asks for one.
 */
export class Lifetime implements Linked, BegunLifetime {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  isAborted = false;
  /** What the call was aborted with, or failed with. */
  reason: unknown = undefined;
  trace: Trace | undefined = undefined;
  /** The caller has a response whose body is arriving, and nobody has begun to read that body. */
  hasUnreadBody = false;
  /** When `timeout.total` ends, on the clock of `performance`. */
  deadline = Infinity;
  /** Called once, when the call is over. */
  atEnd: ((lifetime: Lifetime) => void) | undefined = undefined;
  /** The call ended in an error. An abort is one. */
  failed = false;
  /** How many attempts were made so far. */
  attempts = 0;
  /** The connector whose request has led to this call through the global `fetch`. */
  cameFrom: unknown = undefined;

  /** Rejects the promise that the caller has. */
  #reject: ((reason: unknown) => void) | undefined = undefined;
  #listener: AbortListener | undefined = undefined;
  #moreListeners: Set<AbortListener> | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #open = 0;
  #delivered = false;
  #ended = false;
  #followed: AbortSignal | undefined = undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.isAborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  timeLeft(): number {
    return this.deadline === Infinity ? Infinity : this.deadline - performance.now();
  }

  /** Itself, so that a list of calls and a list of exchanges can be searched for unread bodies in the same way. */
  get lifetime(): this {
    return this;
  }

  /** Aborts with `signal`. The listener is removed when the call ends, because signals outlive calls. */
  follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.abort(signal.reason);
      return;
    }
    this.#followed = signal;
    signal.addEventListener('abort', this);
  }

  /** The lifetime is the signal's event listener itself, which saves a closure. */
  handleEvent(): void {
    this.abort(this.#followed?.reason);
  }

  whenAborted(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.isAborted) reject(this.reason);
      else this.onAbort({aborted: reject});
    });
  }

  /**
   * Rejects when the call is aborted before its response is delivered. For the one promise that the caller has: a
   * listener would hold the response until its body ends, and nobody could see the response collected.
   */
  abortedBeforeDelivery(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.isAborted) reject(this.reason);
      else this.#reject = reject;
    });
  }

  onAbort(listener: AbortListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else if (this.#moreListeners) this.#moreListeners.add(listener);
    else this.#moreListeners = new Set([listener]);
  }

  offAbort(listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#moreListeners?.delete(listener);
  }

  /** Ends the call and notifies everything that waits for it. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.isAborted || this.#ended) return;
    this.isAborted = true;
    this.failed = true;
    this.reason = reason;
    afterNotifications(() => this.#notifyAborted(reason));
  }

  #notifyAborted(reason: unknown): void {
    const first = this.#listener;
    const others = this.#moreListeners;
    this.#listener = undefined;
    this.#moreListeners = undefined;
    this.#reject?.(reason);
    first?.aborted(reason);
    if (others) for (const listener of others) listener.aborted(reason);
    this.#controller?.abort(reason);
    // The caller has its rejection, even if a policy is still waiting for something.
    if (!this.#delivered) this.end();
  }

  /** The head of a response is handed on, and its body is still arriving. */
  bodyOpened(): void {
    this.#open++;
    this.hasUnreadBody = true;
  }

  /** Somebody has begun to read the body. */
  bodyReadStarted(): void {
    this.hasUnreadBody = false;
  }

  discard(response: Response | undefined): void {
    discard(response);
    this.bodyReadStarted();
  }

  hold(): () => void {
    this.bodyReadStarted();
    return () => this.bodyHandedOn();
  }

  /** A held response is handed on to the caller. */
  bodyHandedOn(): void {
    this.hasUnreadBody = this.#open > 0;
  }

  /** A body that {@link bodyOpened} announced has ended. When it broke off, `failed` is true and `error` tells why. */
  bodyClosed(failed = false, error?: unknown): void {
    this.#open--;
    // A call may go on after a response without a body, or after a discarded one. Then no body can be unread.
    if (this.#open === 0) this.hasUnreadBody = false;
    if (failed && this.#delivered) {
      this.failed = true;
      this.reason ??= error;
    }
    if (this.#delivered && this.#open === 0) this.end();
  }

  /** The caller has its response. From now on the call lasts as long as the response's body. */
  deliver(): void {
    this.#delivered = true;
    // Through its promise, this function holds the response: nobody could see the response collected.
    this.#reject = undefined;
    if (this.#open === 0) this.end();
  }

  /** Ends the call with an error. */
  fail(error: unknown): void {
    this.failed = true;
    this.reason ??= error;
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener = undefined;
    this.#moreListeners = undefined;
    this.hasUnreadBody = false;
    this.#reject = undefined;
    this.#followed?.removeEventListener('abort', this);
    this.list?.remove(this);
    this.atEnd?.(this);
  }
}
