import type {Linked, LinkedList} from '../utils/linked-list.ts';
import {afterNotifications} from './notify.ts';
import type {Trace} from './trace.ts';

/** Told when the call it belongs to is aborted. An object rather than a function: what waits listens itself, without a closure. */
export interface AbortListener {
  aborted(reason: unknown): void;
}

/**
 * The life of one call, from `session.fetch` to the end of the last body: what an `AbortController` is for, without
 * the cost of one. The caller's signal, the `total` timeout and `session.destroy` end here; connectors and policies
 * that wait for something listen here. An `AbortSignal` is made only for who asks.
 */
export class Lifetime implements Linked {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  isAborted = false;
  /** What it was aborted with, or failed with. */
  reason: unknown = undefined;
  /** Tells what becomes of the call to those who listen, if any do. */
  trace: Trace | undefined = undefined;
  /** The caller has a response whose body is under way, and nobody has begun to read it. */
  hasUnreadBody = false;
  /** When the call's `total` is up, on the clock of `performance`. */
  deadline = Infinity;
  /** Called once, when the call is over. */
  atEnd: ((lifetime: Lifetime) => void) | undefined = undefined;
  /** It ended in an error; an abort is one. */
  failed = false;
  /** How many attempts were made so far. */
  attempts = 0;
  /** The connector whose call, through the global `fetch`, has led to this one. */
  cameFrom: unknown = undefined;

  /** Rejects what the caller waits for. */
  #reject: ((reason: unknown) => void) | undefined = undefined;
  #listener: AbortListener | undefined = undefined;
  #moreListeners: Set<AbortListener> | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #open = 0;
  #delivered = false;
  #ended = false;
  #followed: AbortSignal | undefined = undefined;

  /** For whoever needs a standard signal, as another `fetch` does. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.isAborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  /** How much of its `total` the call has left, in ms. */
  timeLeft(): number {
    return this.deadline === Infinity ? Infinity : this.deadline - performance.now();
  }

  /** Itself: what is running is looked at by its lifetime. */
  get lifetime(): this {
    return this;
  }

  /** Aborts with `signal`, and takes its listener off that when it ends: signals outlive calls. */
  follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.abort(signal.reason);
      return;
    }
    this.#followed = signal;
    signal.addEventListener('abort', this);
  }

  /** As an event listener itself, it needs no closure. */
  handleEvent(): void {
    this.abort(this.#followed?.reason);
  }

  /** Rejects when the call is aborted, for who waits for something that doesn't listen. One at a time. */
  whenAborted(): Promise<never> {
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

  /** Ends the call: whoever is waiting for it lets go at once. Only the first reason counts. */
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
    // Nobody waits for it any more, whatever a policy may still be waiting for.
    if (!this.#delivered) this.end();
  }

  /** A response's body is still under way when its head is handed on. */
  bodyOpened(): void {
    this.#open++;
    this.hasUnreadBody = true;
  }

  /** Somebody has begun to read the body. */
  bodyReadStarted(): void {
    this.hasUnreadBody = false;
  }

  /** What a policy kept, and had {@link bodyReadStarted} for that, is handed on after all. */
  bodyHandedOn(): void {
    this.hasUnreadBody = this.#open > 0;
  }

  /** A body that was {@link bodyOpened} came to its end, whichever; `failed`: it broke off, with `error`. */
  bodyClosed(failed = false, error?: unknown): void {
    this.#open--;
    // A call that goes on after an answer without a body, or one that was discarded, has nothing that could be read.
    if (this.#open === 0) this.hasUnreadBody = false;
    if (failed && this.#delivered) {
      this.failed = true;
      this.reason ??= error;
    }
    if (this.#delivered && this.#open === 0) this.end();
  }

  /** The caller has its response: from now on the call lasts as long as that body. */
  deliver(): void {
    this.#delivered = true;
    // Through its promise it holds the response, which then nobody could see collected.
    this.#reject = undefined;
    if (this.#open === 0) this.end();
  }

  /** The call is over, with an error. */
  fail(error: unknown): void {
    this.failed = true;
    this.reason ??= error;
    this.end();
  }

  /** The call is over: nothing of it is left waiting. */
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
