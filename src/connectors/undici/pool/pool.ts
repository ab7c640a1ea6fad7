import type {Socket} from 'node:net';
import type {AdaptiveLimit} from '../../../core/host-limit.ts';
import {LinkedList} from '../../../utils/linked-list.ts';
import {Limits} from '../../limits/limits.ts';
import {watchQueues} from '../../limits/watch-queues.ts';
import type {DialOptions} from '../dial/dial.ts';
import {Dial} from '../dial/dial.ts';
import type {ChooseProxy} from '../dial/proxy.ts';
import {SharedDial} from '../dial/shared-dial.ts';
import {Connection} from '../http1/connection.ts';
import {Http2Connection, initialMaxStreams} from '../http2/connection.ts';
import {Http2Stream} from '../http2/stream.ts';
import type {Lifespan} from '../lifespan.ts';
import type {DialRequest, PoolConnection, PoolMember} from './pool-host.ts';
import {PoolHost} from './pool-host.ts';
import {StalledRequests} from './stalled-requests.ts';

/** A connection with a socket of its own. */
type PoolSocket = Connection<PoolHost> | Http2Connection<PoolHost>;

export interface PoolOptions {
  readonly limit: number;
  readonly limitPerHost: number | AdaptiveLimit;
  readonly unreadTimeout: number | false | undefined;
  readonly connectTimeout: number | undefined;
  readonly life: Lifespan;
  /** How many bytes the names and values of a response's headers may have. */
  readonly maxHeaderSize: number;
  /** Whether responses make entries of `performance`. */
  readonly resourceTiming: boolean;
  readonly dial: DialOptions;
  readonly proxies: ChooseProxy | undefined;
}

/**
 * The sockets of a connector. A slot decides that a request may have a connection, and the pool decides which: an idle one,
 * or a new one. Before a new one is opened at the limit, an idle connection of another host is closed, so that there are
 * never more than `limit` sockets.
 *
 * The class is long because all of it keeps one count: sockets that are open, being opened and being closed.
 */
export class Pool {
  readonly options: PoolOptions;
  readonly limits: Limits<PoolHost>;
  /** The members that hold a slot and aren't dialling. */
  readonly running = new LinkedList<PoolMember>();
  readonly totals = {sent: 0, reused: 0, opened: 0, bytesSent: 0, bytesReceived: 0};
  closed = false;

  /** The idle connections of all hosts, the one that has been idle for longest first. */
  readonly #idle = new LinkedList<PoolSocket>();
  readonly #connections = new Set<PoolSocket>();
  readonly #waitingToDial = new LinkedList<DialRequest>();
  readonly #dials = new Map<DialRequest, Dial>();
  readonly #stalled = new StalledRequests();
  #open = 0;
  #closing = 0;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(options: PoolOptions) {
    this.options = options;
    const {limit, limitPerHost, unreadTimeout, proxies, dial, life} = options;
    const sharing = dial.http2 && life.maxRequests > 1;
    const createHost = (origin: string) => new PoolHost(origin, proxies, sharing);
    this.limits = new Limits(limit, limitPerHost, createHost);
    watchQueues(this.limits, this.running, unreadTimeout);
  }

  get idleCount(): number {
    return this.#idle.size;
  }

  /** Takes an idle connection of the host, or a stream of a shared one, if one seems to be alive. */
  take(host: PoolHost): PoolConnection | undefined {
    const stream = host.shared.length > 0 ? this.#takeStream(host) : undefined;
    if (stream) return stream;
    for (let connection = host.idle.pop(); connection; connection = host.idle.pop()) {
      this.#idle.remove(connection);
      if (!connection.isUsable) connection.destroy();
      else if (connection.isExpired) this.#startClosing(connection);
      else return connection;
    }
    return undefined;
  }

  #takeStream(host: PoolHost): PoolConnection | undefined {
    for (const connection of [...host.shared]) {
      if (connection.isExpired) {
        connection.retire();
      } else if (connection.hasRoom) {
        this.#leaveIdle(connection);
        return connection.open();
      }
    }
    return undefined;
  }

  /** Opens a new connection as soon as the limit allows it. */
  open(request: DialRequest): void {
    this.#waitingToDial.append(request);
    this.#dialWaiting();
  }

  /** Ends the wait of a request for a connection. A dial that no other request waits for is cancelled. */
  cancel(request: DialRequest): void {
    const {host} = request;
    if (this.#waitingToDial.remove(request) || this.#stalled.remove(request)) return;
    if (host.dial?.leave(request)) {
      if (host.dial.size === 0) this.#cancelSharedDial(host, host.dial);
      return;
    }
    const dial = this.#dials.get(request);
    if (!dial) return;
    this.#dialEnded(request);
    dial.cancel();
  }

  /** Takes back a connection that can serve another request. */
  putBack(connection: PoolConnection): void {
    if (connection instanceof Http2Stream) connection.release();
    else if (this.#keepIdle(connection)) connection.host.idle.push(connection);
  }

  /** Keeps an idle connection. Returns false when the connection is closed instead. */
  #keepIdle(connection: PoolSocket): boolean {
    if ((this.closed && this.limits.queued === 0) || connection.isExhausted) {
      this.#startClosing(connection);
      return false;
    }
    connection.idleSince = performance.now();
    this.#idle.append(connection);
    return true;
  }

  /** Gives back the slot of an exchange that has ended. */
  releaseSlot(host: PoolHost): void {
    this.limits.release(host);
    this.settle(host);
  }

  /** Called whenever an exchange has ended and holds no slot any more. */
  settle(host: PoolHost): void {
    this.#forget(host);
    if (this.closed) this.#checkEmpty();
  }

  /** All members: running, dialling and queued. */
  members(): PoolMember[] {
    const hosts = [...this.limits.hosts.values()];
    const sharing = hosts.flatMap(({dial}) => [...(dial?.members ?? [])]);
    const dialling = [
      ...this.#waitingToDial,
      ...this.#stalled,
      ...this.#dials.keys(),
      ...sharing,
    ] as PoolMember[];
    const queued = hosts.flatMap((host) => [...host.waiting] as PoolMember[]);
    return [...queued, ...dialling, ...this.running];
  }

  /** Closes idle connections. Resolves when all members have ended and every socket is closed. */
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

  /** Destroys every connection that is idle or being closed. Exchanges destroy their own. */
  destroyIdle(): void {
    for (const connection of [...this.#connections]) {
      if (connection.list !== undefined || connection.isRetired) this.#discardIdle(connection);
    }
  }

  #closeIdle(): void {
    for (let connection = this.#idle.first; connection; connection = this.#idle.first)
      this.#evict(connection);
  }

  #discardIdle(connection: PoolSocket): void {
    this.#leaveIdle(connection);
    connection.destroy();
  }

  #leaveIdle(connection: PoolSocket): void {
    if (!this.#idle.remove(connection) || !(connection instanceof Connection)) return;
    const {idle} = connection.host;
    const index = idle.lastIndexOf(connection);
    if (index !== -1) idle.splice(index, 1);
  }

  #evict(connection: PoolSocket): void {
    this.#leaveIdle(connection);
    this.#startClosing(connection);
  }

  #startClosing(connection: PoolSocket): void {
    if (connection.isRetired) return;
    this.#closing++;
    connection.closing = true;
    connection.close();
  }

  #dialWaiting(): void {
    const {limit, limitPerHost} = this.limits;
    const served: Array<[DialRequest, PoolConnection]> = [];
    for (const request of this.#waitingToDial) {
      const {host} = request;
      // A listener of the request before has made a call, which has run this loop for all the others.
      if (request.list === undefined) break;
      if (host.isStalled) {
        this.#waitingToDial.remove(request);
        this.#stalled.add(request, request.connectTimeout ?? this.options.connectTimeout);
        continue;
      }
      if (host.dial) {
        this.#waitingToDial.remove(request);
        host.dial.join(request, request.connectTimeout ?? this.options.connectTimeout);
        continue;
      }
      if (this.#open >= limit) {
        // A request further back may still join a shared dial.
        if (this.options.dial.http2) continue;
        break;
      }
      if (host.open >= limitPerHost) {
        // Where requests share a connection, fewer connections than slots are used, and the host's own may be idle.
        const stream = host.shared.length > 0 ? this.#takeStream(host) : undefined;
        if (!stream) continue;
        this.#waitingToDial.remove(request);
        served.push([request, stream]);
        continue;
      }
      this.#waitingToDial.remove(request);
      if (host.sharing) this.#dialShared(request);
      else this.#dial(request);
    }
    this.#makeRoom();
    for (const [request, stream] of served) request.connected(stream);
  }

  /** Lets stalled requests of the host go on: its server allows streams again, or its connection is over. */
  #resumeStalled(host: PoolHost): void {
    const stalled = this.#stalled.take(host);
    if (stalled.length === 0) return;
    const served: Array<[DialRequest, PoolConnection]> = [];
    for (const request of stalled) {
      const stream = this.#takeStream(host);
      if (stream) served.push([request, stream]);
      else this.#waitingToDial.append(request);
    }
    this.#dialWaiting();
    for (const [request, stream] of served) request.connected(stream);
  }

  // Each request that still waits needs another socket to close first: one that is closing already, or the one that has been
  // idle for longest.
  #makeRoom(): void {
    if (this.#open < this.limits.limit) return;
    let missing = this.#waitingToDial.size - this.#closing;
    for (let oldest = this.#idle.first; missing > 0 && oldest; oldest = this.#idle.first, missing--)
      this.#evict(oldest);
  }

  #dial(request: DialRequest): void {
    const {host} = request;
    this.#open++;
    host.open++;
    const dial = new Dial(host, this.options.dial, {
      emit: (type, detail) => request.emit(type, detail),
      connected: (socket, raw) => {
        this.#dials.delete(request);
        request.connected(this.#connect(host, socket, raw));
      },
      failed: (error, phase) => {
        this.#dialEnded(request);
        request.dialFailed(error, phase);
      },
      timedOut: (limit, cause) => {
        this.#dialEnded(request);
        request.dialTimedOut(limit, cause);
      },
      gone: () => {
        this.#closing--;
        this.#socketGone(host);
      },
    });
    this.#dials.set(request, dial);
    // Another request may have made room for this one.
    inContextOf(request, () => dial.start(request.connectTimeout ?? this.options.connectTimeout));
  }

  // Whether a connection can be shared is known only when it is open. Until then, all requests of the host wait for it.
  #dialShared(request: DialRequest): void {
    const {host} = request;
    this.#open++;
    host.open++;
    const shared = new SharedDial<DialRequest>(host, this.options.dial, {
      emit: (type, detail, members) => {
        for (const member of members) member.emit(type, detail);
      },
      connected: (socket, raw, members) => {
        host.dial = undefined;
        this.#share(host, this.#connect(host, socket, raw), members);
      },
      failed: (error, phase, members) => {
        host.dial = undefined;
        this.#closing++;
        for (const member of members) member.dialFailed(error, phase);
      },
      timedOut: (member, limit, cause) => {
        if (shared.size === 0) this.#cancelSharedDial(host, shared);
        member.dialTimedOut(limit, cause);
      },
      gone: () => {
        this.#closing--;
        this.#socketGone(host);
      },
    });
    host.dial = shared;
    shared.join(request, request.connectTimeout ?? this.options.connectTimeout);
    inContextOf(request, () => shared.start());
  }

  #cancelSharedDial(host: PoolHost, shared: SharedDial<DialRequest>): void {
    host.dial = undefined;
    this.#closing++;
    shared.cancel();
  }

  #share(host: PoolHost, connection: PoolConnection, members: DialRequest[]): void {
    const [first, ...others] = members as [DialRequest, ...DialRequest[]];
    // All members get their place before the first is notified, because a notified member may make further requests.
    const served: Array<[DialRequest, PoolConnection]> = [[first, connection]];
    for (const member of others) {
      const next = this.take(host);
      if (next) served.push([member, next]);
      else this.#waitingToDial.append(member);
    }
    this.#dialWaiting();
    for (const [member, place] of served) member.connected(place);
  }

  /** The dial has failed. Its sockets count until they are closed. */
  #dialEnded(request: DialRequest): void {
    this.#dials.delete(request);
    this.#closing++;
  }

  // A method of its own, so that the callbacks of the connection don't keep the request of `#dial` in memory.
  #connect(host: PoolHost, socket: Socket, raw: Socket): PoolConnection {
    this.totals.opened++;
    const {life, maxHeaderSize} = this.options;
    host.sharing = isHttp2(socket) && life.maxRequests > 1;
    if (isHttp2(socket)) {
      const connection = new Http2Connection(host, socket, raw, life, maxHeaderSize, {
        onIdle: (idle) => void this.#keepIdle(idle),
        onRoom: () => this.#resumeStalled(host),
        onRetired: (retired) => this.#stopSharing(retired),
        onClosed: (gone) => this.#onClosed(gone),
      });
      this.#connections.add(connection);
      host.shared.push(connection);
      return connection.open();
    }
    const connection = new Connection(host, socket, raw, life, maxHeaderSize, (gone) => this.#onClosed(gone));
    this.#connections.add(connection);
    return connection;
  }

  #stopSharing(connection: Http2Connection<PoolHost>): void {
    const {shared} = connection.host;
    const index = shared.indexOf(connection);
    if (index !== -1) shared.splice(index, 1);
    this.#leaveIdle(connection);
    // The next connection begins with the default, whatever the server of this one has announced.
    if (shared.length === 0) connection.host.maxStreams = initialMaxStreams;
    this.#resumeStalled(connection.host);
  }

  #onClosed(connection: PoolSocket): void {
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

function inContextOf(request: DialRequest, step: () => void): void {
  if (request.inContext) request.inContext(step);
  else step();
}

function isHttp2(socket: Socket): boolean {
  return (socket as {alpnProtocol?: unknown}).alpnProtocol === 'h2';
}
