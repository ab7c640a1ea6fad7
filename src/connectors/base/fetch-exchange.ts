import {isSmall} from '../../core/body.ts';
import type {AbortListener, Lifetime} from '../../core/call-lifetime.ts';
import {discard} from '../../core/discard-response.ts';
import type {ConnectorRequest, TransferMonitor} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import type {TraceSignals} from '../../core/trace.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';
import type {HostSlots, Limits, Waiter} from '../limits/limits.ts';
import type {Holder, watchQueues} from '../limits/watch-queues.ts';
import type {ConnectorDefinition, UploadProgress} from './definition.ts';
import type {BodyTracker, TrackResponse} from './tracked-response.ts';
import {trackedResponse} from './tracked-response.ts';

/** Turns the error that a `fetch` rejected with into a typed error. `otherwise` is the phase, if the error doesn't show one. */
type ToError = (error: unknown, request: ConnectorRequest, otherwise: 'send' | 'receive') => unknown;

type Timer = ReturnType<typeof setTimeout> | number;

/** The functions that settle the promise of an exchange. */
export interface Settle {
  resolve(response: Response): void;
  reject(error: unknown): void;
}

/** What connectors over different runtimes do differently. */
export interface ConnectorTraits {
  /** Turns the errors of the definition's `send` into typed errors. */
  readonly toError: ToError;
  /** Watches the queues, and takes the option `unreadTimeout`. Pages go without it, for the size of their bundles. */
  readonly watchQueues?: typeof watchQueues | undefined;
  /**
   * Makes the responses that callers get.
   *
   * @default `trackedResponse`, which takes responses of any kind
   */
  readonly track?: TrackResponse | undefined;
}

/** The state that all exchanges of a connector share. */
export interface ConnectorState {
  readonly definition: ConnectorDefinition & ConnectorTraits;
  readonly limits: Limits;
  readonly running: LinkedList<FetchExchange>;
  readonly totals: {sent: number; reused: number; opened: number; bytesSent: number; bytesReceived: number};
  closed: boolean;
  disposed: boolean;
  whenEmpty: Array<() => void>;
}

/** Called after each exchange. After the last one of a closed connector, it disposes of the connector and resolves `close()`. */
export function checkEmpty(state: ConnectorState): void {
  const {active, queued} = state.limits;
  if (!state.closed || active + queued > 0) return;
  if (!state.disposed) {
    state.disposed = true;
    state.definition.dispose?.();
  }
  for (const resolve of state.whenEmpty.splice(0)) resolve();
}

/**
 * One request: it waits for a slot, is sent, and holds the slot until the body of the response has ended.
 *
 * The class is long because the queue, the abort, the timers, the upload and the body each report to the same request. Each
 * member is short.
 */
export class FetchExchange implements Waiter, Holder, AbortListener, BodyTracker, UploadProgress {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  readonly #state: ConnectorState;
  readonly #request: ConnectorRequest;
  readonly host: HostSlots;
  readonly lifetime: Lifetime;
  readonly #controller = new AbortController();
  // Dropped once one was called: through its promise, `resolve` holds the response, which could then never be collected.
  #settle: Settle | undefined;
  #wake: (() => void) | undefined;

  #stage: 'queued' | 'granted' | 'sent' | 'receiving' | 'done' = 'queued';
  #timer: Timer | undefined;
  #attemptTimer: Timer | undefined;
  /** When the request was sent, or its body was, for an adaptive limit. */
  #sentAt = 0;
  #failBody: ((error: unknown) => void) | undefined;
  #status: number | undefined;
  readonly monitor: TransferMonitor | undefined;
  failure: {readonly error: unknown} | undefined;

  constructor(state: ConnectorState, request: ConnectorRequest, settle: Settle) {
    this.#state = state;
    this.#request = request;
    this.lifetime = lifetimeOf(request);
    this.monitor = request.transfer?.monitor(request);
    this.host = state.limits.host(new URL(request.url).origin);
    this.#settle = settle;
  }

  emit<Type extends keyof TraceSignals>(type: Type, detail?: TraceSignals[Type], response?: Response): void {
    this.lifetime.trace?.emit(type, this.#request, detail, response);
  }

  start(): void {
    this.lifetime.onAbort(this);
    if (this.#state.limits.acquire(this.host, this)) {
      this.#state.running.append(this);
      this.#send();
      return;
    }
    this.#timer = this.#limit('pool', this.#request.timeouts.pool);
    this.emit('connectionQueuedStart');
    // A promise goes on in the async context of this call, whatever call frees the slot. And one signal may abort many
    // requests, of which the first frees this slot: all others are aborted before any is sent.
    void new Promise<void>((resolve) => {
      this.#wake = resolve;
    }).then(() => {
      // Not in `granted`, which the call of another request may run: a worker's request can't stop the timer of another.
      this.#clearTimer();
      if (this.#stage !== 'granted') return;
      this.emit('connectionQueuedEnd');
      // A trace listener may have aborted the call. This exchange is notified later, after the listener has returned.
      if (!this.lifetime.isAborted) this.#send();
    });
  }

  granted(): void {
    this.#stage = 'granted';
    this.#state.running.append(this);
    this.#wake?.();
  }

  #send(): void {
    this.#stage = 'sent';
    this.#state.totals.sent++;
    const {body, timeouts} = this.#request;
    this.#sentAt = performance.now();
    this.#attemptTimer = this.#limit('attempt', timeouts.attempt);
    // The read timeout must not run during an upload, and some runtimes don't show when the upload is over.
    if (body === null || isSmall(body)) this.#awaitHead();
    this.#call().then(
      (response) => this.#answered(response),
      (error) => this.#fail(this.#toTyped(error, 'send'), error),
    );
  }

  // Async, so that an error that `send` throws rejects the promise too.
  async #call(): Promise<Response> {
    return this.#state.definition.send(this.#request, this.#controller.signal, this);
  }

  #answered(response: Response): void {
    if (this.#stage === 'done') {
      // The exchange has failed before the response arrived.
      discard(response);
      return;
    }
    try {
      this.#state.limits.observe(this.host, this.#sentAt, response.status);
      this.#stage = 'receiving';
      this.lifetime.bodyOpened();
      this.#settle?.resolve(this.#tracked(response));
      this.#settle = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  #tracked(response: Response): Response {
    // Only a Response that a program made itself can be a network error, or can have been read. A fetch returns neither.
    const {type, bodyUsed, status} = response;
    const isError = type === 'error';
    if (isError || bodyUsed || (type === 'default' && response.body?.locked)) {
      const what = isError ? 'Response.error()' : 'a read Response';
      throw new ConnectionError(`The connector returned ${what}`, 'receive', {request: this.#request});
    }
    this.#status = status;
    this.emit('responseHeadersReceived', {status}, response);
    this.monitor?.responseStarted(response);
    return (this.#state.definition.track ?? trackedResponse)(response, this, this.#request);
  }

  // UploadProgress: the body of the request

  sent(bytes: number): void {
    this.#state.totals.bytesSent += bytes;
    this.emit('requestChunkSent', {bytes});
  }

  done(): void {
    if (this.#stage === 'sent') this.emit('requestSent');
    this.#awaitHead();
  }

  #awaitHead(): void {
    this.#sentAt = performance.now();
    if (this.#stage === 'sent') this.#timer ??= this.#limit('read', this.#request.timeouts.read);
  }

  // BodyTracker: the body of the response

  bodyFailsWith(fail: (error: unknown) => void): void {
    this.#failBody = fail;
  }

  readStarted(): void {
    this.lifetime.bodyReadStarted();
  }

  waitsForChunk(): void {
    this.#clearTimer();
    this.#timer = this.#limit('read', this.#request.timeouts.read);
  }

  received(chunk: Uint8Array): void {
    this.#clearTimer();
    this.#state.totals.bytesReceived += chunk.byteLength;
    this.emit('responseChunkReceived', {bytes: chunk.byteLength});
    this.monitor?.received(chunk);
  }

  ended(): void {
    this.#finish();
    this.monitor?.ended();
  }

  passedOn(): void {
    this.lifetime.followed?.addEventListener('abort', ({target}) =>
      this.#controller.abort((target as AbortSignal).reason),
    );
    this.#finish();
  }

  cancelled(reason: unknown): void {
    this.#finish();
    this.#controller.abort(reason);
  }

  brokeOff(error: unknown): unknown {
    const failure = this.#toTyped(error, 'receive');
    this.#fail(failure, failure);
    return (this.failure ?? {error: failure}).error;
  }

  // The end of the exchange

  aborted(reason: unknown): void {
    this.#fail(reason);
  }

  /**
   * @param thrown - the error as `send` threw it. When `error` is the same, it was typed before: it is the failure of a
   * body or of a redirect, and says nothing about the host's load.
   */
  #fail(error: unknown, thrown?: unknown): void {
    const stage = this.#stage;
    if (stage === 'done') return;
    if (stage === 'sent' && thrown !== error)
      this.#state.limits.observe(this.host, this.#sentAt, undefined, error);
    this.failure = {error};
    this.#finish(true);
    this.#settle?.reject(error);
    this.#failBody?.(error);
    this.#controller.abort(error);
  }

  #finish(failed = false): void {
    const stage = this.#stage;
    if (stage === 'done') return;
    this.#stage = 'done';
    this.#clearTimer();
    clearTimeout(this.#attemptTimer);
    this.lifetime.offAbort(this);
    const {limits, running} = this.#state;
    if (stage === 'queued') {
      limits.leave(this.host, this);
    } else {
      running.remove(this);
      limits.release(this.host);
    }
    limits.forget(this.host);
    this.emit('attemptEnd', {status: this.#status, ...(failed && this.failure)});
    if (stage === 'receiving') this.lifetime.bodyClosed(failed, this.failure?.error);
    checkEmpty(this.#state);
  }

  #limit(phase: 'pool' | 'read' | 'attempt', limit: number | undefined): Timer | undefined {
    return limit && setTimeout(() => this.timeOut(phase, limit), limit);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #toTyped(error: unknown, phase: 'send' | 'receive'): unknown {
    const {isNetworkError, toError} = this.#state.definition;
    const isOfNetwork = isNetworkError ? isNetworkError(error) : Object(error).name === 'TypeError';
    return isOfNetwork ? toError(error, this.#request, phase) : error;
  }

  timeOut(phase: 'pool' | 'read' | 'unread' | 'attempt', limit: number): void {
    this.#fail(new TimeoutError(phase, limit, {request: this.#request, attempts: this.#request.attempt}));
  }
}
