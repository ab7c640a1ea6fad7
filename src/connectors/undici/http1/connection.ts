import type {Socket} from 'node:net';
import type {Dispatcher} from 'undici';
import {Client} from 'undici';
import type {Linked, LinkedList} from '../../../utils/linked-list.ts';
import type {HostSlots} from '../../limits/limits.ts';
import {isObserved} from '../call-context.ts';
import {HeadTooLargeError} from '../head-size.ts';
import type {Lifespan} from '../lifespan.ts';
import {closeGrace, longIdle} from '../lifespan.ts';
import {ReadTimer} from '../read-timer.ts';
import {hasFakeClock, inRealTime, realQueueMicrotask, realSetImmediate} from '../real-timers.ts';
import {keepEarlyResponse} from './early-response.ts';
import {dispatchExpectContinue} from './expect-continue.ts';
import {HeadLines} from './head-lines.ts';
import {dispatchWithOneTraceContext} from './one-trace-context.ts';

// How much earlier than the server's "Keep-Alive: timeout" an idle connection is closed, in ms. A request that is on its way
// when the server closes the connection would be lost.
const keepAliveMargin = 1_000;

/** The error for undici when it wants a second socket for a client that is made for one socket. */
class SocketGoneError extends Error {
  readonly code = 'ERR_SOCKET_GONE';
}

/**
 * One socket and undici's HTTP/1.1 over it: a `Client` that never opens another connection.
 *
 * The class has many members because undici, the pool and the exchange each look at the same socket. Each member is short.
 */
export class Connection<Host extends HostSlots = HostSlots> extends ReadTimer implements Linked {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: Host;
  /** How many requests were sent on the connection. */
  sent = 0;
  /** Whether the connection was idle and is being closed, to make room or because the pool closes. */
  closing = false;
  /** Whether the connection takes no further request. */
  isRetired = false;
  /** What the socket failed with. */
  error: Error | undefined = undefined;
  /** When the connection last became idle, on the clock of `performance`. */
  idleSince = 0;

  readonly #socket: Socket;
  readonly #client: Client;
  readonly #life: Lifespan;
  readonly #maxHeaderSize: number;
  readonly #expires: number;
  readonly #head: HeadLines;
  #stopWaiting: (() => void) | undefined = undefined;
  #keepsEarlyResponse = false;

  /**
   * @param raw - the TCP socket under `socket`, which closes last
   * @param maxHeaderSize - how many bytes the head of a response may have, and its trailers
   * @param onClosed - called once, when the TCP socket is closed
   */
  constructor(
    host: Host,
    socket: Socket,
    raw: Socket,
    life: Lifespan,
    maxHeaderSize: number,
    onClosed: (connection: Connection<Host>) => void,
  ) {
    super();
    this.host = host;
    this.#socket = socket;
    this.#life = life;
    this.#maxHeaderSize = maxHeaderSize;
    this.#expires = life.maxAge === Infinity ? Infinity : performance.now() + life.maxAge;
    this.#head = readThrough(socket, maxHeaderSize);
    let given = false;
    this.#client = new Client(host.key, {
      connect: (_options, callback) => {
        if (given) {
          callback(new SocketGoneError('The socket is gone'), null);
          return;
        }
        given = true;
        // Delayed, because undici is inside its own `resume` here and would not continue after it.
        realQueueMicrotask(() => callback(null, socket));
      },
      // With 1, undici reads an idle socket before it writes: the socket may have ended, or hold an unsolicited response.
      pipelining: 1,
      keepAliveTimeout: life.keepAliveTimeout,
      keepAliveMaxTimeout: life.keepAliveMaxTimeout,
      keepAliveTimeoutThreshold: keepAliveMargin,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize,
    });
    // undici listens for errors only from its first request on. Of two errors it keeps the second, which for a TLS alert is
    // only that the other side closed.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error ??=
        error.code === 'UND_ERR_HEADERS_OVERFLOW' ? HeadTooLargeError.ofHead(maxHeaderSize) : error;
    });
    // Node destroys the TCP socket under TLS itself, except where a tool such as msw has intercepted it.
    if (socket !== raw) socket.once('close', () => raw.destroy());
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

  /** The IP address of the server or proxy. */
  get address(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get isUsable(): boolean {
    const socket = this.#socket;
    return !this.isRetired && !socket.destroyed && socket.writable && !socket.readableEnded;
  }

  /** Whether everything that was written has left the socket, so that the next request can follow at once. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  get isExpired(): boolean {
    return this.#expires !== Infinity && this.#expires <= performance.now();
  }

  /** Whether the connection was idle before the current request, so that the server may have closed it meanwhile. */
  get wasIdle(): boolean {
    return this.sent > 1 || this.#stopWaiting !== undefined;
  }

  /** Whether the next request is the last that the connection may serve. */
  get isLast(): boolean {
    return this.sent + 1 >= this.#life.maxRequests;
  }

  /** Whether the connection has served its maximum number of requests or reached its maximum age. */
  get isExhausted(): boolean {
    return this.sent >= this.#life.maxRequests || this.isExpired;
  }

  /**
   * Watches a socket on which nothing was sent yet, since undici watches it only from its first request on. Unsolicited data
   * from the server, or the end of the socket, ends the connection.
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

  /**
   * Sends a request.
   *
   * @param isUnrepeatable - whether the request can't be sent again, so that a connection that is already dead must be
   *   noticed before it is sent
   */
  dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    isUnrepeatable: boolean,
  ): void {
    if (this.sent++ === 0 && this.#stopWaiting) this.#stopWaiting();
    this.#head.begin();
    if (isUnrepeatable && this.wasIdle && performance.now() - this.idleSince > longIdle) {
      // undici also waits for the end of the turn. After two turns, everything that has arrived was read.
      realSetImmediate(() => this.#dispatch(options, handler));
    } else {
      this.#dispatch(options, handler);
    }
  }

  #dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (hasFakeClock()) inRealTime(() => this.#handOver(options, handler));
    else this.#handOver(options, handler);
  }

  #handOver(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (isObserved()) dispatchWithOneTraceContext(this.#client, options, handler);
    else this.#client.dispatch(options, handler);
  }

  /** Whether the connection can send a request with `Expect: 100-continue`: only while undici doesn't use the socket yet. */
  get canExpectContinue(): boolean {
    return this.sent === 0;
  }

  /** Sends a request whose body waits for the server's 100 (Continue). It is the last request on the connection. */
  dispatchExpectContinue(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.sent++;
    this.#stopWaiting?.();
    dispatchExpectContinue(this.#socket, new URL(this.host.key).host, this.#maxHeaderSize, options, handler);
  }

  /** The reader of a body is slower than the server, or there is none: nothing happens on the connection until it reads. */
  paused(): void {
    this.stopReadTimer();
    // A script that leaves a body unread may end. A socket that still waits for data would keep its process alive.
    this.#socket.unref();
  }

  /** The reader of the body goes on. */
  resumed(): void {
    this.#socket.ref();
  }

  /** Makes sure that a response which the server sends before it closes on a body is read, though sending has failed. */
  keepEarlyResponse(): void {
    if (this.#keepsEarlyResponse) return;
    this.#keepsEarlyResponse = true;
    keepEarlyResponse(this.#socket, (error) => {
      this.error ??= error;
    });
  }

  /** Closes an idle connection: ends it, and destroys it if the server doesn't end it too within {@link closeGrace}. */
  close(): void {
    this.isRetired = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    // This timer keeps the process alive, which an idle socket doesn't: a caller may wait for the socket to be closed.
    const timer = setTimeout(() => this.destroy(), closeGrace);
    socket.once('close', () => clearTimeout(timer));
    socket.end();
  }

  /** Destroys the connection at once. */
  destroy(): void {
    this.isRetired = true;
    this.#client.destroy().catch(() => undefined);
    this.#socket.destroy();
  }
}

// A function of its own, so that the socket doesn't keep the connection in memory.
function readThrough(socket: Socket, maxHeaderSize: number): HeadLines {
  const head = new HeadLines(maxHeaderSize);
  const {read} = socket;
  socket.read = (size?: number): Buffer | null => {
    const chunk = read.call(socket, size) as Buffer | null;
    return chunk !== null && head.isReading ? head.take(chunk) : chunk;
  };
  return head;
}
