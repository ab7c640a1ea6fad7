import type {ClientHttp2Session, ClientHttp2Stream} from 'node:http2';
import {connect, constants} from 'node:http2';
import type {Socket} from 'node:net';
import type {Linked, LinkedList} from '../../../utils/linked-list.ts';
import type {HostSlots} from '../../limits/limits.ts';
import type {Lifespan} from '../lifespan.ts';
import {closeGrace, longIdle} from '../lifespan.ts';
import {Http1RequiredError, UnprocessedError} from './errors.ts';
import type {StreamOwner} from './stream.ts';
import {Http2Stream} from './stream.ts';

/** A host whose connections carry several requests at the same time. */
export interface SharedHost extends HostSlots {
  /** How many streams the server allows on one connection, as it last announced. */
  maxStreams: number;
  /** Lets further requests use HTTP/1.1, as the server wants it. */
  requireHttp1(): void;
}

/** The events of a connection that its pool handles. */
export interface Http2Events<Host extends SharedHost> {
  /** The connection has no streams and can serve further requests. */
  onIdle(connection: Http2Connection<Host>): void;
  /** The server has announced that it allows streams. */
  onRoom(connection: Http2Connection<Host>): void;
  /** The connection takes no further request. Its streams go on. */
  onRetired(connection: Http2Connection<Host>): void;
  /** The socket of the connection is closed. */
  onClosed(connection: Http2Connection<Host>): void;
}

/** The connection was closed while streams were open. */
class ConnectionGoneError extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The server closed the connection');
  }
}

// How many streams a server is assumed to allow until its settings arrive. RFC 9113, section 6.5.2, recommends that servers
// allow no fewer than 100.
export const initialMaxStreams = 100;

// How many unread bytes of one body the server may send. The window of the whole connection is as large as possible: a small
// one would let a few unread bodies block all other streams.
const streamWindow = 256 * 1024;
const connectionWindow = 2 ** 31 - 1;

const maxHeaderListPairs = 2_000;

const sessionOptions = {
  // In MB. This limit is never the one that counts: the pool limits the streams, and the windows limit the buffers.
  maxSessionMemory: 1_000,
  maxHeaderListPairs,
};

/**
 * An HTTP/2 connection, which carries several requests, on `node:http2`. undici's own HTTP/2 isn't used: it ends all
 * requests under way on GOAWAY, and sends nothing in parallel with a POST or a streamed body.
 *
 * The class has many members because the socket, the session and the streams each end on their own. Each member is short.
 */
export class Http2Connection<Host extends SharedHost = SharedHost> implements Linked, StreamOwner {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: Host;
  readonly authority: string;
  /** The IP address of the server or proxy. */
  readonly address: string | undefined;
  /** How many bytes the names and values of a head may have. */
  readonly maxHeaderSize: number;
  /** How many requests were sent on the connection, or are about to be. */
  sent = 0;
  /** Whether the server has answered a request yet. */
  answered = false;
  /** When data last came from the server, on the clock of `performance`. */
  lastReceivedAt = 0;
  /** Whether the connection was idle and is being closed, to make room or because the pool closes. */
  closing = false;
  /** Whether the connection takes no further request. */
  isRetired = false;
  /** When the connection last became idle, on the clock of `performance`. */
  idleSince = 0;

  readonly #socket: Socket;
  /** The TCP socket under {@link #socket}. */
  readonly #raw: Socket;
  readonly #session: ClientHttp2Session;
  readonly #life: Lifespan;
  readonly #expires: number;
  readonly #events: Http2Events<Host>;
  /** The open streams, in the order in which they were opened. */
  readonly #streams = new Set<Http2Stream<this>>();
  /** How many streams wait for the readers of their bodies. */
  #paused = 0;
  #idleTimer: NodeJS.Timeout | undefined = undefined;
  /**
   * How many streams the server allows on this connection (RFC 9113, section 6.5.2). Servers behind one address may differ: Node
   * keeps further streams back until their requests time out.
   */
  #maxStreams: number;
  /** The last stream that the server processes, as its GOAWAY announced. */
  #lastStream = Infinity;
  #error: Error | undefined = undefined;
  /** Whether the server's GOAWAY asked for HTTP/1.1. */
  #needsHttp1 = false;
  #isClosing = false;

  /** @param raw - the TCP socket under `socket`, which closes last */
  constructor(
    host: Host,
    socket: Socket,
    raw: Socket,
    life: Lifespan,
    maxHeaderSize: number,
    events: Http2Events<Host>,
  ) {
    this.host = host;
    this.authority = new URL(host.key).host;
    this.address = raw.remoteAddress;
    this.#maxStreams = host.maxStreams;
    this.#socket = socket;
    this.#raw = raw;
    this.#life = life;
    this.#expires = life.maxAge === Infinity ? Infinity : performance.now() + life.maxAge;
    this.maxHeaderSize = maxHeaderSize;
    this.#events = events;
    const session = connect(host.key, {
      ...sessionOptions,
      settings: {
        enablePush: false,
        initialWindowSize: streamWindow,
        // nghttp2 resets a stream with a larger head, without telling why. Up to this size, the stream itself refuses it.
        // RFC 9113, section 6.5.2: a field counts 32 bytes more than its name and value.
        maxHeaderListSize: maxHeaderSize + 32 * maxHeaderListPairs,
      },
      createConnection: () => socket,
    });
    this.#session = session;
    // For an error, Node would destroy the streams at once, also those with a write under way, see `linkSockets`.
    const {destroy} = session;
    session.destroy = (error, code) => {
      if (!(error instanceof Error)) return destroy.call(session, error, code);
      this.#error ??= error;
      this.destroy();
    };
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(connectionWindow);
    });
    session.on('remoteSettings', ({maxConcurrentStreams = Infinity}) => {
      host.maxStreams = maxConcurrentStreams;
      this.#maxStreams = maxConcurrentStreams;
      this.#withdrawStreams(this.active - maxConcurrentStreams);
      if (maxConcurrentStreams > 0) events.onRoom(this);
    });
    // Node itself starts no new stream after GOAWAY, and lets open streams go on.
    session.on('goaway', (code, lastStream) => {
      this.#lastStream = lastStream;
      if (code === constants.NGHTTP2_HTTP_1_1_REQUIRED) {
        this.#needsHttp1 = true;
        host.requireHttp1();
      }
      this.retire();
    });
    session.on('error', (error) => {
      this.#error ??= error;
    });
    session.once('close', () => socket.destroy());
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    raw.once('close', () => {
      this.#markRetired();
      clearTimeout(this.#idleTimer);
      events.onClosed(this);
    });
  }

  /** How many streams are open. */
  get active(): number {
    return this.#streams.size;
  }

  get isUsable(): boolean {
    const session = this.#session;
    const socket = this.#socket;
    return (
      !this.isRetired &&
      !session.closed &&
      !session.destroyed &&
      !socket.destroyed &&
      socket.writable &&
      !socket.readableEnded
    );
  }

  get isExpired(): boolean {
    return this.#expires !== Infinity && this.#expires <= performance.now();
  }

  /** Whether the connection has reached its maximum age. */
  get isExhausted(): boolean {
    return this.isExpired;
  }

  /** Whether the connection can take one more request now. */
  get hasRoom(): boolean {
    return this.active < this.#maxStreams && this.isUsable && !this.isExpired;
  }

  get wasIdle(): boolean {
    return this.answered || this.idleSince > 0;
  }

  get wasIdleLong(): boolean {
    return this.active === 1 && this.idleSince > 0 && performance.now() - this.idleSince > longIdle;
  }

  /** Opens a stream for one request. */
  open(): Http2Stream<this> {
    clearTimeout(this.#idleTimer);
    if (this.active === this.#paused) this.#socket.ref();
    this.sent++;
    const stream = new Http2Stream(this, this.#session);
    this.#streams.add(stream);
    if (this.sent >= this.#life.maxRequests) this.retire();
    return stream;
  }

  // A script that leaves bodies unread may end. A socket that still waits for data would keep its process alive.
  streamPaused(isPaused: boolean): void {
    this.#paused += isPaused ? 1 : -1;
    if (this.#paused === this.active) this.#socket.unref();
    else this.#socket.ref();
  }

  finished(stream: Http2Stream<this>): void {
    this.#streams.delete(stream);
    if (this.active > 0) {
      if (this.#paused === this.active) this.#socket.unref();
      return;
    }
    if (!this.isUsable || this.isExpired) {
      this.close();
      return;
    }
    this.#socket.unref();
    this.idleSince = performance.now();
    this.#idleTimer = setTimeout(() => this.close(), this.#life.keepAliveTimeout);
    this.#idleTimer.unref();
    this.#events.onIdle(this);
  }

  /** Lets the connection take no further request, and closes it when its streams are over. */
  retire(): void {
    this.#markRetired();
    if (this.active === 0) this.close();
  }

  failureOf(stream: ClientHttp2Stream): Error | undefined {
    const {id, rstCode} = stream;
    if (this.#needsHttp1 || rstCode === constants.NGHTTP2_HTTP_1_1_REQUIRED) {
      this.host.requireHttp1();
      return new Http1RequiredError();
    }
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id === undefined || id > this.#lastStream) {
      return new UnprocessedError();
    }
    if (this.#error) return this.#error;
    return this.#socket.destroyed || this.#session.destroyed ? new ConnectionGoneError() : undefined;
  }

  /** Closes a connection without streams. Destroys it if the server doesn't close it within {@link closeGrace}. */
  close(): void {
    this.#markRetired();
    if (this.#isClosing || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.#socket.ref();
    const timer = setTimeout(() => this.destroy(), closeGrace);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#session.close();
  }

  /** Destroys the connection and its streams at once. */
  destroy(): void {
    this.#markRetired();
    // The sockets above it follow when the writes under way have ended, see `linkSockets`.
    this.#raw.destroy();
  }

  // The server allows fewer streams than were opened before its settings arrived. Streams of which nothing was sent yet are
  // withdrawn, so that their requests go over other connections.
  #withdrawStreams(surplus: number): void {
    let left = surplus;
    for (const stream of [...this.#streams].reverse()) {
      if (left <= 0) return;
      if (stream.withdraw()) left--;
    }
  }

  #markRetired(): void {
    if (this.isRetired) return;
    this.isRetired = true;
    this.#events.onRetired(this);
  }
}
