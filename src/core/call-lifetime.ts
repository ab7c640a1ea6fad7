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

/** The life of one call, as policies and connectors see it: from the start of the call to the end of the response's body. */
export interface CallLifetime {
  /** Whether the caller's signal, the `total` timeout or the session has aborted the call. */
  readonly isAborted: boolean;
  /** The reason that the call was aborted with. Reject with it as it is. */
  readonly reason: unknown;
  /** Aborted when the call is aborted. The signal is made when it is first read, so prefer {@link onAbort} on the path of every request. */
  readonly signal: AbortSignal;
  /** Emits trace events to the call's listeners. `undefined` for a call without listeners. */
  readonly trace: Trace | undefined;
  /** The rest of `timeout.total`, in ms; `Infinity` without that timeout. */
  timeLeft(): number;
  /** Registers a listener for the abort. After the abort, a new listener is not notified: check `isAborted` first. */
  onAbort(listener: AbortListener): void;
  /** Removes a listener that {@link onAbort} registered. */
  offAbort(listener: AbortListener): void;
  /**
   * Rejects when the call is aborted. For a wait that can't register a listener. Each call of this method adds a listener
   * that stays until the end of the call.
   */
  whenAborted(): Promise<never>;
  /** Cancels a response that the caller won't get, so that its connection is free for another request. */
  discard(response: Response | undefined): void;
  /**
   * Keeps a response whose body the policy doesn't read yet. Until the returned function is called, a session that
   * closes doesn't treat that body as one that the caller has abandoned.
   */
  hold(): () => void;
}

/** The life of work that a policy began itself, with `begin()` of its context. */
export interface BegunLifetime extends CallLifetime {
  /** Aborts the work and notifies its listeners. */
  abort(reason: unknown): void;
  /** Ends the work. The session no longer waits for it. */
  end(): void;
}

/**
 * The life of one call, from `session.fetch` to the end of the last body. It does the work of an `AbortController`
 * without the cost of one: the caller's signal, the `total` timeout and `session.destroy` abort it; connectors and
 * policies that wait register a listener. An `AbortSignal` is made only when it is first read.
 *
 * The class has many members because one object a call does the work of a signal, a list of listeners and a counter of open
 * bodies. Each member is short.
 */
export class Lifetime implements Linked, BegunLifetime {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  isAborted = false;
  /** The reason of the abort, or the error of the failure. */
  reason: unknown = undefined;
  trace: Trace | undefined;
  /** A response's body is arriving, and neither the caller nor a policy has begun to read it. */
  hasUnreadBody = false;
  /** When `timeout.total` ends, on the clock of `performance`. */
  deadline = Infinity;
  /** The timer of `timeout.total`. A connector on Node lets it not keep the process alive while a body waits for its reader. */
  declare totalTimer: {ref?(): unknown; unref?(): unknown} | undefined;
  /**
   * Sends the requests of this call in place of the connector's `fetch`. A policy sets it that has to see each request of a
   * redirect, such as a cookie jar.
   */
  declare sender: {fetch(request: object): Promise<Response>} | undefined;
  /** Called once, when the call is over. */
  atEnd: ((lifetime: Lifetime) => void) | undefined;
  /** The call ended with an error or an abort. */
  failed = false;
  /** The number of attempts so far. */
  attempts = 0;
  /** The connector whose request led to this call through the global `fetch`. */
  cameFrom: unknown = undefined;
  /** The call is of a verb, which retries by default. A call of `session.fetch` does so only if it is asked to. */
  isOfVerb = false;
  /** The caller's signal. It may be aborted after the end of the call. */
  followed: AbortSignal | undefined;

  /** Rejects the caller's promise. */
  #reject: ((reason: unknown) => void) | undefined;
  #listener: AbortListener | undefined;
  #moreListeners: Set<AbortListener> | undefined;
  #controller: AbortController | undefined;
  #open = 0;
  #delivered = false;
  #ended = false;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.isAborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  timeLeft(): number {
    return this.deadline - performance.now();
  }

  /** Returns itself, so that `abortUnread` takes a list of calls and a list of exchanges alike. */
  get lifetime(): this {
    return this;
  }

  /** Aborts with `signal`. The listener is removed when the call ends, because signals outlive calls. */
  follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.abort(signal.reason);
      return;
    }
    this.followed = signal;
    signal.addEventListener('abort', this);
  }

  /** The lifetime is the signal's event listener itself, which saves a closure. */
  handleEvent(): void {
    this.abort(this.followed?.reason);
  }

  whenAborted(): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (this.isAborted) reject(this.reason);
      else this.onAbort({aborted: reject});
    });
  }

  /**
   * Rejects when the call is aborted before its response is delivered. Only for the caller's promise: a listener would
   * hold the response until its body ends, so that an abandoned response could never be collected.
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

  /** Aborts the call and notifies its listeners. Only the first reason counts. */
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

  /** A connector returns the head of a response whose body is still arriving. */
  bodyOpened(): void {
    this.#open++;
    this.hasUnreadBody = true;
  }

  /** The caller or a policy has begun to read the body. */
  bodyReadStarted(): void {
    this.hasUnreadBody = false;
  }

  discard(response: Response | undefined): void {
    discard(response);
    this.bodyReadStarted();
  }

  hold(): () => void {
    this.bodyReadStarted();
    return () => {
      this.hasUnreadBody = this.#open > 0;
    };
  }

  /** A body that {@link bodyOpened} announced has ended. If it broke off, `failed` is true and `error` is the cause. */
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
    // Through its promise, this function holds the response, which could then never be collected.
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
    this.followed?.removeEventListener('abort', this);
    this.list?.remove(this);
    this.atEnd?.(this);
  }
}
