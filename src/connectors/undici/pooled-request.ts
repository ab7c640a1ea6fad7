import type {Lifetime} from '../../core/call-lifetime.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import type {ConnectionDetail, TraceSignals} from '../../core/trace.ts';
import type {Phase} from '../../errors/index.ts';
import type {Linked, LinkedList} from '../../utils/linked-list.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {blockedPortError} from './blocked-ports.ts';
import type {EmitTrace} from './call-context.ts';
import {CallContext, isObserved, noCallContext} from './call-context.ts';
import {connectionError, timeoutError} from './exchange-error.ts';
import {waitsForContinue} from './follow-up.ts';
import {Connection} from './http1/connection.ts';
import type {Pool} from './pool/pool.ts';
import type {PoolConnection, PoolHost, PoolMember} from './pool/pool-host.ts';
import {realQueueMicrotask} from './real-timers.ts';

type State =
  /** The request waits for a slot. */
  | 'queued'
  /** The request has a slot and waits for a connection. */
  | 'dialling'
  /** The request was handed to its connection, and no response head has arrived. */
  | 'sent'
  /** The caller has the response, and its body is arriving. */
  | 'receiving'
  /** A follow-up is due. The rest of the body is read only so that the connection can be used again. */
  | 'discarding'
  /** The request is over, and its slot is given back or about to be. */
  | 'done';

/**
 * A request's way to a connection and back: it waits for a slot, takes an idle connection or dials, and gives both back.
 * `Exchange` adds what happens on the connection. It is a base class rather than a part, so that a request costs one object
 * and no closures: the queue, the dial and the abort all report to that object.
 */
export abstract class PooledRequest implements PoolMember {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: PoolHost;
  readonly lifetime: Lifetime;
  protected readonly pool: Pool;
  protected readonly request: ConnectorRequest;
  protected readonly path: string;
  protected readonly trace: EmitTrace | undefined;
  /** Made when the request begins to wait for others, or when somebody looks at the context that it is sent in. */
  #context: CallContext | undefined = undefined;
  protected state: State = 'queued';
  protected connection: PoolConnection | undefined = undefined;
  /** Whether the connection had carried another request before. */
  protected isReused = false;
  /** When the request last began to dial or to be sent. Only set where the limit adapts. */
  protected sentAt = 0;
  /** When the attempt's time is up, on the clock of `performance`. Redirects share this time. */
  protected attemptEnd: number | undefined;
  /** The pool timeout while queued, the time for discarding later. */
  protected timer: NodeJS.Timeout | undefined = undefined;
  #attemptTimer: NodeJS.Timeout | undefined = undefined;

  constructor(pool: Pool, request: ConnectorRequest, attemptEnd: number | undefined) {
    const {origin, path} = urlParts(request.url);
    this.lifetime = lifetimeOf(request);
    this.pool = pool;
    this.request = request;
    this.path = path;
    const {trace} = this.lifetime;
    if (trace || isObserved()) this.#context = new CallContext();
    this.trace = trace && this.#context?.trace(trace);
    this.attemptEnd = attemptEnd;
    this.host = pool.limits.host(origin);
    if (this.host.isBlocked) throw blockedPortError(request, this.host.port);
  }

  /** Sends the request on a connection. */
  protected abstract dispatch(connection: PoolConnection): void;

  /** Ends the request at once, whatever its state. The caller gets `reason` itself. */
  protected abstract fail(reason: unknown): void;

  get connectTimeout(): number | undefined {
    return this.request.timeouts.connect;
  }

  // The wait for a slot

  start(): void {
    this.lifetime.onAbort(this);
    if (this.attemptEnd !== undefined) this.#startAttemptTimer();
    if (this.pool.limits.acquire(this.host, this)) {
      this.#connect();
      return;
    }
    this.#context ??= new CallContext();
    this.trace?.emit('connectionQueuedStart', this.request);
    const {pool} = this.request.timeouts;
    if (pool !== undefined) this.timer = setTimeout(() => this.timeOut('pool', pool), pool);
  }

  granted(): void {
    this.inContext(this.#leaveQueue);
  }

  #leaveQueue(): void {
    this.clearTimer();
    this.trace?.emit('connectionQueuedEnd', this.request);
    this.#connect();
  }

  emit<Type extends keyof TraceSignals>(type: Type, detail: TraceSignals[Type]): void {
    this.trace?.emit(type, this.request, detail);
  }

  /** Calls a method of this request in the async context of its call, or in none if that isn't known. */
  inContext<Args extends unknown[]>(method: (...args: Args) => void, ...args: Args): void {
    (this.#context ?? noCallContext).runInAsyncScope(method, this, ...args);
  }

  // The wait for a connection

  #connect(): void {
    if (this.host.adaptive) this.sentAt = performance.now();
    this.pool.running.append(this);
    this.#startAttemptTimer();
    const connection = this.takeIdle();
    if (connection) this.reuse(connection);
    else this.dial();
  }

  /** Takes an idle connection that can carry the request, if there is one. */
  protected takeIdle(): PoolConnection | undefined {
    const connection = this.pool.take(this.host);
    if (!(connection instanceof Connection)) return connection;
    if (connection.canExpectContinue || !waitsForContinue(this.request)) return connection;
    // Closed rather than put back: the new connection needs the place that this one takes within the limit.
    connection.close();
    return undefined;
  }

  protected reuse(connection: PoolConnection): void {
    this.trace?.emit('connectionReuse', this.request, describeConnection(connection));
    this.dispatch(connection);
  }

  protected dial(): void {
    this.state = 'dialling';
    this.#context ??= new CallContext();
    this.trace?.emit('connectionCreateStart', this.request);
    // The pool keeps the request in a list of its own while the request waits to dial.
    this.pool.running.remove(this);
    this.pool.open(this);
  }

  connected(connection: PoolConnection): void {
    this.trace?.emit('connectionCreateEnd', this.request, describeConnection(connection));
    this.inContext(this.dispatch, connection);
  }

  dialFailed(error: Error, phase: Phase): void {
    this.fail(connectionError(this.request, error, phase));
  }

  dialTimedOut(limit: number, cause: Error | undefined): void {
    this.fail(timeoutError(this.request, 'connect', limit, cause));
  }

  // The end

  /** The call was aborted by its caller, a timeout or its session. */
  aborted(reason: unknown): void {
    this.fail(reason);
  }

  timeOut(phase: 'pool' | 'read' | 'unread' | 'attempt', limit: number): void {
    this.fail(timeoutError(this.request, phase, limit));
  }

  /** Marks the request as over, and takes it off all that could still notify it. */
  protected finish(): void {
    this.state = 'done';
    this.clearTimer();
    if (this.#attemptTimer) clearTimeout(this.#attemptTimer);
    this.connection?.stopReadTimer();
    this.lifetime.offAbort(this);
    if (this.list === this.pool.running) this.pool.running.remove(this);
  }

  /** Gives the slot back. Called last: a pool that is closing takes the last slot for its end. */
  protected releaseSlot(): void {
    this.pool.releaseSlot(this.host);
  }

  protected releaseConnection(connection: PoolConnection, isLast: boolean): void {
    if (!isLast) {
      this.pool.putBack(connection);
      return;
    }
    connection.isRetired = true;
    // undici closes most of these itself after it has handled the response. It must not lose the socket before that.
    realQueueMicrotask(() => connection.destroy());
  }

  /** Nothing of the request was written: a connection that served other requests before can serve more. */
  protected returnUnusedConnection(): void {
    const connection = this.connection as PoolConnection;
    this.connection = undefined;
    if (this.isReused) this.pool.putBack(connection);
    // undici watches a socket only from its first request on, so a new one can't be kept idle.
    else connection.destroy();
  }

  #startAttemptTimer(): void {
    const {attempt} = this.request.timeouts;
    if (attempt === undefined || this.#attemptTimer) return;
    const now = performance.now();
    this.attemptEnd ??= now + attempt;
    const left = Math.max(0, this.attemptEnd - now);
    this.#attemptTimer = setTimeout(() => this.timeOut('attempt', attempt), left);
    // The socket keeps the process alive, except for a body that nobody reads.
    this.#attemptTimer.unref();
  }

  protected clearTimer(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

function describeConnection({protocol, address}: PoolConnection): ConnectionDetail {
  return {protocol, address};
}
