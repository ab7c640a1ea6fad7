import type {Socket} from 'node:net';
import type {Phase} from '../../errors.ts';
import type {AbortListener, Lifetime} from '../../lifetime.ts';
import type {Linked} from '../../linked-list.ts';
import {LinkedList} from '../../linked-list.ts';
import type {Waiter} from '../limits.ts';
import {HostSlots, Limits} from '../limits.ts';
import {Connection} from './connection.ts';
import type {TlsSessions, TlsSettings} from './dial.ts';
import {dial} from './dial.ts';

/** A connection of a pool. */
export type PoolConnection = Connection<PoolHost>;

/** One origin: its slots, and its connections that nothing uses. */
export class PoolHost extends HostSlots {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Sockets open, being opened or being closed. */
  open = 0;
  /** The one used last is at the end, and is taken first: the others then age, and go. */
  readonly idle: PoolConnection[] = [];

  constructor(origin: string) {
    super(origin);
    const url = new URL(origin);
    this.secure = url.protocol === 'https:';
    // An IPv6 address comes in brackets.
    this.hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.port = url.port === '' ? (this.secure ? 443 : 80) : Number(url.port);
  }
}

export interface PoolOptions {
  readonly limit: number;
  readonly limitPerHost: number;
  readonly keepAliveTimeout: number;
  readonly forceClose: boolean;
  readonly connectTimeout: number | undefined;
  readonly tls: TlsSettings;
}

/** Told how the connection it asked for came about. */
export interface DialRequest extends Linked {
  readonly host: PoolHost;
  readonly connectTimeout: number | undefined;
  connected(connection: PoolConnection): void;
  dialFailed(error: Error, phase: Phase): void;
  dialTimedOut(limit: number): void;
}

/** What a pool has running: it waits for a connection, or uses one. */
export interface PoolMember extends Waiter, DialRequest, AbortListener {
  readonly lifetime: Lifetime;
}

/**
 * The sockets of a connector. Slots say who may have one; this says which: one that is idle, or a new one, for which
 * another host's idle one is closed, and gone, first, so that there are never more than `limit`.
 */
export class Pool {
  readonly options: PoolOptions;
  readonly limits: Limits<PoolHost>;
  /** Those that hold a slot and aren't dialling. */
  readonly running = new LinkedList<PoolMember>();
  readonly totals = {sent: 0, reused: 0, opened: 0, bytesSent: 0, bytesReceived: 0};
  closed = false;

  /** Idle connections of all hosts, the one unused for longest first. */
  readonly #idle = new LinkedList<PoolConnection>();
  readonly #connections = new Set<PoolConnection>();
  readonly #sessions: TlsSessions = new Map();
  readonly #waitingToDial = new LinkedList<DialRequest>();
  readonly #cancelDial = new Map<DialRequest, () => void>();
  #open = 0;
  #closing = 0;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(options: PoolOptions) {
    this.options = options;
    this.limits = new Limits(options.limit, options.limitPerHost, (origin) => new PoolHost(origin));
  }

  get idleCount(): number {
    return this.#idle.size;
  }

  /** An idle connection of the host that still looks alive. */
  take(host: PoolHost): PoolConnection | undefined {
    for (let connection = host.idle.pop(); connection; connection = host.idle.pop()) {
      this.#idle.remove(connection);
      if (connection.isUsable) return connection;
      connection.destroy();
    }
    return undefined;
  }

  /** A new connection, as soon as there is room for one. */
  open(request: DialRequest): void {
    this.#waitingToDial.append(request);
    this.#dialWaiting();
  }

  /** Drops a dial that nobody waits for any more. */
  cancel(request: DialRequest): void {
    if (this.#waitingToDial.remove(request)) return;
    const cancel = this.#cancelDial.get(request);
    if (!cancel) return;
    this.#dialEnded(request);
    cancel();
  }

  /** Takes back a connection that can serve another request. */
  putBack(connection: PoolConnection): void {
    if (this.closed && this.limits.queued === 0) {
      this.#startClosing(connection);
      return;
    }
    connection.idleSince = performance.now();
    connection.host.idle.push(connection);
    this.#idle.append(connection);
  }

  /** Called whenever an exchange has ended and its slot was given back. */
  settle(host: PoolHost): void {
    this.#forget(host);
    if (this.closed) this.#checkEmpty();
  }

  /** All there are: running, dialling and queued. */
  members(): PoolMember[] {
    const dialling = [...this.#waitingToDial, ...this.#cancelDial.keys()] as PoolMember[];
    const queued = [...this.limits.hosts.values()].flatMap((host) => [...host.waiting] as PoolMember[]);
    return [...queued, ...dialling, ...this.running];
  }

  /** Closes what is idle; resolves when all that runs has ended and every socket is gone. */
  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve) => {
      const before = this.#whenEmpty;
      this.#whenEmpty = () => {
        before?.();
        resolve();
      };
      this.#closeIdle();
      this.#checkEmpty();
    });
  }

  /** Cuts every connection that is idle or being opened; exchanges cut their own. */
  destroyIdle(): void {
    for (const connection of [...this.#connections]) {
      if (connection.list !== undefined || connection.spent) this.#discardIdle(connection);
    }
  }

  #closeIdle(): void {
    for (let connection = this.#idle.first; connection; connection = this.#idle.first)
      this.#evict(connection);
  }

  #discardIdle(connection: PoolConnection): void {
    this.#leaveIdle(connection);
    connection.destroy();
  }

  #leaveIdle(connection: PoolConnection): void {
    if (!this.#idle.remove(connection)) return;
    const {idle} = connection.host;
    const index = idle.lastIndexOf(connection);
    if (index !== -1) idle.splice(index, 1);
  }

  #evict(connection: PoolConnection): void {
    this.#leaveIdle(connection);
    this.#startClosing(connection);
  }

  #startClosing(connection: PoolConnection): void {
    if (connection.spent) return;
    this.#closing++;
    connection.closing = true;
    connection.close();
  }

  #dialWaiting(): void {
    const {limit, limitPerHost} = this.limits;
    for (const request of this.#waitingToDial) {
      if (this.#open >= limit) break;
      if (request.host.open >= limitPerHost) continue;
      this.#waitingToDial.remove(request);
      this.#dial(request);
    }
    // Each that still waits needs a socket to go: one that is on its way out already, or the idle one unused for longest.
    if (this.#open < limit) return;
    let missing = this.#waitingToDial.size - this.#closing;
    for (let oldest = this.#idle.first; missing > 0 && oldest; oldest = this.#idle.first, missing--)
      this.#evict(oldest);
  }

  #dial(request: DialRequest): void {
    const {host} = request;
    this.#open++;
    host.open++;
    const timeout = request.connectTimeout ?? this.options.connectTimeout;
    const cancel = dial(host, this.options.tls, this.#sessions, timeout, {
      connected: (socket) => {
        this.#cancelDial.delete(request);
        request.connected(this.#connect(host, socket));
      },
      failed: (error, phase) => {
        this.#dialEnded(request);
        request.dialFailed(error, phase);
      },
      timedOut: (limit) => {
        this.#dialEnded(request);
        request.dialTimedOut(limit);
      },
      gone: () => {
        this.#closing--;
        this.#socketGone(host);
      },
    });
    this.#cancelDial.set(request, cancel);
  }

  /** It came to nothing; its socket counts until it is closed. */
  #dialEnded(request: DialRequest): void {
    this.#cancelDial.delete(request);
    this.#closing++;
  }

  // Apart from `#dial`, whose request the connection would hold on to through what it is given.
  #connect(host: PoolHost, socket: Socket): PoolConnection {
    this.totals.opened++;
    const connection = new Connection(host, socket, this.options.keepAliveTimeout, (gone) =>
      this.#onClosed(gone),
    );
    this.#connections.add(connection);
    return connection;
  }

  #onClosed(connection: PoolConnection): void {
    if (connection.closing) this.#closing--;
    this.#connections.delete(connection);
    this.#leaveIdle(connection);
    this.#socketGone(connection.host);
  }

  #socketGone(host: PoolHost): void {
    this.#open--;
    host.open--;
    this.#dialWaiting();
    this.#forget(host);
    if (this.closed) this.#checkEmpty();
  }

  #forget(host: PoolHost): void {
    if (host.open === 0) this.limits.forget(host);
  }

  #checkEmpty(): void {
    if (this.limits.active > 0 || this.limits.queued > 0) return;
    if (this.#idle.size > 0) this.#closeIdle();
    if (this.#open > 0) return;
    const done = this.#whenEmpty;
    this.#whenEmpty = undefined;
    done?.();
  }
}
