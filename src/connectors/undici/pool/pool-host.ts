import type {AbortListener, Lifetime} from '../../../core/call-lifetime.ts';
import type {TraceSignals} from '../../../core/trace.ts';
import type {Phase} from '../../../errors/index.ts';
import type {Linked} from '../../../utils/linked-list.ts';
import {addressOf} from '../../../utils/url-parts.ts';
import type {Waiter} from '../../limits/limits.ts';
import {HostSlots} from '../../limits/limits.ts';
import type {Holder} from '../../limits/watch-queues.ts';
import {isBlockedPort} from '../blocked-ports.ts';
import type {ChooseProxy, ProxyServer} from '../dial/proxy.ts';
import type {SharedDial} from '../dial/shared-dial.ts';
import type {Connection} from '../http1/connection.ts';
import type {Http2Connection} from '../http2/connection.ts';
import {initialMaxStreams} from '../http2/connection.ts';
import type {Http2Stream} from '../http2/stream.ts';

/** What a request is sent over: an HTTP/1.1 connection, or a stream of an HTTP/2 connection. */
export type PoolConnection = Connection<PoolHost> | Http2Stream<Http2Connection<PoolHost>>;

/** One origin: its slots and its idle and shared connections. */
export class PoolHost extends HostSlots {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Whether the Fetch standard blocks the port. */
  readonly isBlocked: boolean;
  /** How many sockets are open, being opened or being closed. */
  open = 0;
  /** Idle HTTP/1.1 connections. The one used last is at the end and is taken first, so that surplus ones expire. */
  readonly idle: Array<Connection<PoolHost>> = [];
  /** HTTP/2 connections that take further requests, idle ones included. */
  readonly shared: Array<Http2Connection<PoolHost>> = [];
  /** Whether the server has asked for HTTP/1.1 on a connection of HTTP/2. Kept as long as the host has a socket. */
  onlyHttp1 = false;
  /** The dial that all requests of the host wait for, while it may lead to a connection that they can share. */
  dial: SharedDial<DialRequest> | undefined = undefined;
  /** Whether connections of the host can be shared, as far as is known. */
  sharing: boolean;
  /** How many requests a shared connection takes at the same time, as far as is known. */
  maxStreams = initialMaxStreams;
  readonly proxy: ProxyServer | undefined;
  /** The prefix of a request's path when it is sent to a proxy itself (RFC 9112, section 3.2.2: absolute-form). */
  readonly prefix: string;

  /** How many connections are idle. */
  get idleCount(): number {
    return this.idle.length + this.shared.filter(({active}) => active === 0).length;
  }

  /** Whether the server allows no streams for the moment, on a connection that is alive (RFC 9113, section 6.5.2). */
  get isStalled(): boolean {
    return this.maxStreams === 0 && this.shared.some(({isUsable}) => isUsable);
  }

  constructor(origin: string, chooseProxy: ChooseProxy | undefined, sharing: boolean) {
    super(origin);
    const url = new URL(origin);
    this.secure = url.protocol === 'https:';
    const {hostname, port} = addressOf(url);
    this.hostname = hostname;
    this.port = port;
    this.isBlocked = isBlockedPort(port);
    this.sharing = sharing && this.secure;
    this.proxy = chooseProxy?.(this);
    this.prefix = this.proxy?.kind === 'http' && !this.secure ? origin : '';
  }

  requireHttp1(): void {
    if (this.onlyHttp1) return;
    this.onlyHttp1 = true;
    this.sharing = false;
    for (const connection of [...this.shared]) connection.retire();
  }
}

/** Waits for a connection, and is notified of how the dial ended. */
export interface DialRequest extends Linked {
  readonly host: PoolHost;
  readonly connectTimeout: number | undefined;
  /** Calls a function in the async context of the request. */
  inContext?(step: () => void): void;
  /** Emits a trace signal. */
  emit<Type extends keyof TraceSignals>(type: Type, detail: TraceSignals[Type]): void;
  connected(connection: PoolConnection): void;
  dialFailed(error: Error, phase: Phase): void;
  /** @param cause - a failure that happened before the time ran out, if there was one */
  dialTimedOut(limit: number, cause: Error | undefined): void;
}

/** A user of the pool: it waits for a slot or a connection, or uses a connection. */
export interface PoolMember extends Waiter, DialRequest, AbortListener, Holder<PoolHost> {
  readonly host: PoolHost;
  readonly lifetime: Lifetime;
}
