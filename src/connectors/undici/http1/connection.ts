import type {Socket} from 'node:net';
import type {Dispatcher} from 'undici';
import {Client} from 'undici';
import type {Linked, LinkedList} from '../../../utils/linked-list.ts';
import type {HostSlots} from '../../limits/limits.ts';
import type {Lifespan} from '../lifespan.ts';
import {closeGrace, longIdle} from '../lifespan.ts';
import {ReadTimer} from '../read-timer.ts';
import {keepEarlyResponse} from './early-response.ts';
import {dispatchExpectContinue} from './expect-continue.ts';

// How much earlier than a server's "Keep-Alive: timeout" an idle connection is given up, in ms: what is on its way
// when the server closes gets lost.
const keepAliveMargin = 1_000;

/** What `undici` is told when it wants a second socket for a client that is made for one. */
class SocketGoneError extends Error {
  readonly code = 'ERR_SOCKET_GONE';
}

/** One socket and undici's HTTP/1.1 over it: a `Client` that never dials again. */
export class Connection<Host extends HostSlots = HostSlots> extends ReadTimer implements Linked {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: Host;
  /** How many requests were sent on it. */
  sent = 0;
  /** It was idle and is on its way out, to make room or because the pool closes. */
  closing = false;
  /** It is to take no further request. */
  isRetired = false;
  /** What its socket failed with. */
  error: Error | undefined = undefined;
  /** When it was last put to rest, on the clock of `performance`. */
  idleSince = 0;

  readonly #socket: Socket;
  readonly #client: Client;
  readonly #life: Lifespan;
  readonly #expires: number;
  #stopWaiting: (() => void) | undefined = undefined;
  #keepsEarlyResponse = false;

  /**
   * @param raw - what is under `socket`, and the last to close
   * @param onClosed - called once, when that is closed for good
   */
  constructor(
    host: Host,
    socket: Socket,
    raw: Socket,
    life: Lifespan,
    onClosed: (connection: Connection<Host>) => void,
  ) {
    super();
    this.host = host;
    this.#socket = socket;
    this.#life = life;
    this.#expires = life.maxAge === Infinity ? Infinity : performance.now() + life.maxAge;
    let given = false;
    this.#client = new Client(host.key, {
      connect: (_options, callback) => {
        if (given) {
          callback(new SocketGoneError('The socket is gone'), null);
          return;
        }
        given = true;
        // Not at once: undici is in the middle of its own resume here, and would not go on after it.
        queueMicrotask(() => callback(null, socket));
      },
      // Keeps undici from writing before it has seen what an idle socket holds: a response nobody asked for, or its end.
      pipelining: 1,
      keepAliveTimeout: life.keepAliveTimeout,
      keepAliveMaxTimeout: life.keepAliveMaxTimeout,
      keepAliveTimeoutThreshold: keepAliveMargin,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // undici listens once it has a request, and of two errors keeps the second: of TLS's alert, that the other side closed.
    socket.on('error', (error) => {
      this.error ??= error;
    });
    raw.once('close', () => {
      this.isRetired = true;
      this.clearReadTimer();
      this.#stopWaiting?.();
      onClosed(this);
      this.#client.destroy().catch(() => undefined);
    });
  }

  /** The version of HTTP. */
  readonly protocol = '1.1';

  /** The address at the other end. */
  get address(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get isUsable(): boolean {
    const socket = this.#socket;
    return !this.isRetired && !socket.destroyed && socket.writable && !socket.readableEnded;
  }

  /** All that was written has left: nothing of an earlier request lies in the way of the next. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  get isExpired(): boolean {
    return this.#expires !== Infinity && this.#expires <= performance.now();
  }

  /** Whether it was idle before its present request: the server may have closed it meanwhile. */
  get wasIdle(): boolean {
    return this.sent > 1 || this.#stopWaiting !== undefined;
  }

  /** Whether the next request is the last it may serve. */
  get isLast(): boolean {
    return this.sent + 1 >= this.#life.maxRequests;
  }

  /** Whether it can serve others after those it served. */
  get isExhausted(): boolean {
    return this.sent >= this.#life.maxRequests || this.isExpired;
  }

  /**
   * Sees to a socket on which nothing was sent yet: undici does only from its first request on. What a server says
   * unasked, or its end, ends the connection.
   */
  awaitFirstRequest(): void {
    const socket = this.#socket;
    const onReadable = () => {
      if (socket.read() !== null) this.destroy();
    };
    const timer = setTimeout(() => this.close(), this.#life.keepAliveTimeout);
    timer.unref();
    socket.on('readable', onReadable);
    socket.unref();
    this.#stopWaiting = () => {
      clearTimeout(timer);
      socket.off('readable', onReadable);
      socket.ref();
    };
  }

  /** @param isOnce - whether a connection that dies on the request would be its end, so that one that has died must be told */
  dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    isUnrepeatable: boolean,
  ): void {
    if (this.sent++ === 0 && this.#stopWaiting) this.#stopWaiting();
    if (isUnrepeatable && this.wasIdle && performance.now() - this.idleSince > longIdle) {
      // undici waits for the end of the loop's turn as well: two of them, and all that has arrived was looked at.
      setImmediate(() => this.#client.dispatch(options, handler));
    } else {
      this.#client.dispatch(options, handler);
    }
  }

  /** Whether a request can be sent that waits for the server's word: undici has no hold on the socket yet. */
  get canExpectContinue(): boolean {
    return this.sent === 0;
  }

  /** As `dispatch`, of a request that waits for the server's word before its body; it's the last. */
  dispatchExpectContinue(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.sent++;
    this.#stopWaiting?.();
    dispatchExpectContinue(this.#socket, new URL(this.host.key).host, options, handler);
  }

  /** What the server answers before it hangs up on a body is to be read, though sending has failed. */
  keepEarlyResponse(): void {
    if (this.#keepsEarlyResponse) return;
    this.#keepsEarlyResponse = true;
    keepEarlyResponse(this.#socket, (error) => {
      this.error ??= error;
    });
  }

  /** Closes an idle connection: says goodbye, and cuts it when no answer comes. */
  close(): void {
    this.isRetired = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    // Holds the process until then: an idle socket doesn't, and somebody may be waiting for this one to be gone.
    const timer = setTimeout(() => this.destroy(), closeGrace);
    socket.once('close', () => clearTimeout(timer));
    socket.end();
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.isRetired = true;
    this.#client.destroy().catch(() => undefined);
    this.#socket.destroy();
  }
}
