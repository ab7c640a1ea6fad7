import type {ClientHttp2Session, ClientHttp2Stream} from 'node:http2';
import {connect, constants} from 'node:http2';
import type {Socket} from 'node:net';
import type {Linked, LinkedList} from '../../../utils/linked-list.ts';
import type {HostSlots} from '../../limits/limits.ts';
import type {Lifespan} from '../lifespan.ts';
import {closeGrace, longIdle} from '../lifespan.ts';
import {UnprocessedError} from './errors.ts';
import type {StreamOwner} from './stream.ts';
import {Http2Stream} from './stream.ts';

/** A host whose connections carry several requests at a time. */
export interface SharedHost extends HostSlots {
  /** How many, as the server last said. */
  maxStreams: number;
}

/** What a connection that carries several requests at a time tells its pool. */
export interface Http2Events<Host extends SharedHost> {
  /** Nothing uses it any more, and it can serve others. */
  onIdle(connection: Http2Connection<Host>): void;
  /** It takes no further request; what runs on it goes on. */
  onRetired(connection: Http2Connection<Host>): void;
  /** Its socket is closed for good. */
  onClosed(connection: Http2Connection<Host>): void;
}

/** The connection is gone, and with it what ran on it. */
class ConnectionGoneError extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The server closed the connection');
  }
}

// RFC 9113, section 6.5.2: until a server has said how many streams it takes, it is assumed to take as many.
export const initialMaxStreams = 100;

// How much of a body may be under way before it is read, in bytes. The connection as a whole sets no limit: a few bodies
// that nobody reads would hold up all the others.
const streamWindow = 256 * 1024;
const connectionWindow = 2 ** 31 - 1;

const sessionOptions = {
  settings: {enablePush: false, initialWindowSize: streamWindow},
  // In MB; what is open is bounded by the pool's limits, and what is buffered by the windows.
  maxSessionMemory: 1_000,
  maxHeaderListPairs: 2_000,
};

/**
 * One connection that speaks HTTP/2 and carries several requests, on `node:http2`. undici's own cuts all that is under
 * way on GOAWAY, and lets nothing run beside a POST or a streamed body.
 */
export class Http2Connection<Host extends SharedHost = SharedHost> implements Linked, StreamOwner {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly host: Host;
  readonly authority: string;
  /** The address at the other end. */
  readonly address: string | undefined;
  /** How many requests were sent on it. */
  sent = 0;
  /** Whether the server has answered anything yet. */
  answered = false;
  /** When something last came from the server, on the clock of `performance`. */
  lastReceivedAt = 0;
  /** It was idle and is on its way out, to make room or because the pool closes. */
  closing = false;
  /** It is to take no further request. */
  isRetired = false;
  /** When it was last put to rest, on the clock of `performance`. */
  idleSince = 0;

  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #life: Lifespan;
  readonly #expires: number;
  readonly #events: Http2Events<Host>;
  /** Those that are open, in the order they were opened. */
  readonly #streams = new Set<Http2Stream<this>>();
  #idleTimer: NodeJS.Timeout | undefined = undefined;
  /** The last stream that a server that says goodbye has looked at. */
  #lastStream = Infinity;
  #error: Error | undefined = undefined;
  #isClosing = false;

  /** @param raw - what is under `socket`, and the last to close */
  constructor(host: Host, socket: Socket, raw: Socket, life: Lifespan, events: Http2Events<Host>) {
    this.host = host;
    this.authority = new URL(host.key).host;
    this.address = raw.remoteAddress;
    this.#socket = socket;
    this.#life = life;
    this.#expires = life.maxAge === Infinity ? Infinity : performance.now() + life.maxAge;
    this.#events = events;
    const session = connect(host.key, {...sessionOptions, createConnection: () => socket});
    this.#session = session;
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(connectionWindow);
    });
    session.on('remoteSettings', ({maxConcurrentStreams = Infinity}) => {
      host.maxStreams = maxConcurrentStreams;
      this.#makeRoom(this.active - maxConcurrentStreams);
    });
    // Node sees to it that no new stream begins, and that those under way go on.
    session.on('goaway', (_code, lastStream) => {
      this.#lastStream = lastStream;
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

  /** Whether it can serve others after those it served. */
  get isExhausted(): boolean {
    return this.isExpired;
  }

  /** Whether it can serve one request more beside those it serves. */
  get hasRoom(): boolean {
    return this.active < this.host.maxStreams && this.isUsable && !this.isExpired;
  }

  get wasIdle(): boolean {
    return this.answered || this.idleSince > 0;
  }

  get wasIdleLong(): boolean {
    return this.active === 1 && this.idleSince > 0 && performance.now() - this.idleSince > longIdle;
  }

  /** A stream for one request. */
  open(): Http2Stream<this> {
    clearTimeout(this.#idleTimer);
    if (this.active === 0) this.#socket.ref();
    this.sent++;
    const stream = new Http2Stream(this, this.#session);
    this.#streams.add(stream);
    if (this.sent >= this.#life.maxRequests) this.retire();
    return stream;
  }

  finished(stream: Http2Stream<this>): void {
    this.#streams.delete(stream);
    if (this.active > 0) return;
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

  /** It takes no further request, and closes when what runs on it is over. */
  retire(): void {
    this.#markRetired();
    if (this.active === 0) this.close();
  }

  failureOf(stream: ClientHttp2Stream): Error | undefined {
    const {id, rstCode} = stream;
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id === undefined || id > this.#lastStream) {
      return new UnprocessedError();
    }
    if (this.#error) return this.#error;
    return this.#socket.destroyed || this.#session.destroyed ? new ConnectionGoneError() : undefined;
  }

  /** Closes it, with nothing running on it: says goodbye, and cuts it when no answer comes. */
  close(): void {
    this.#markRetired();
    if (this.#isClosing || this.#socket.destroyed) return;
    this.#isClosing = true;
    this.#socket.ref();
    const timer = setTimeout(() => this.destroy(), closeGrace);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#session.close();
  }

  /** Cuts the connection, and all that runs on it, at once. */
  destroy(): void {
    this.#markRetired();
    this.#session.destroy();
    this.#socket.destroy();
  }

  // The server takes fewer than it was given before it said so: what didn't leave yet had better leave elsewhere.
  #makeRoom(surplus: number): void {
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
