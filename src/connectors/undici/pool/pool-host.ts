import type {AbortListener, Lifetime} from '../../../core/call-lifetime.ts';
import type {TraceSignals} from '../../../core/trace.ts';
import type {Phase} from '../../../errors/index.ts';
import type {Linked} from '../../../utils/linked-list.ts';
import {addressOf} from '../../../utils/url-parts.ts';
import type {Waiter} from '../../limits/limits.ts';
import {HostSlots} from '../../limits/limits.ts';
import type {DialSignal} from '../dial/dial.ts';
import type {ChooseProxy, ProxyServer} from '../dial/proxy.ts';
import type {SharedDial} from '../dial/shared-dial.ts';
import type {Connection} from '../http1/connection.ts';
import type {Http2Connection} from '../http2/connection.ts';
import {initialMaxStreams} from '../http2/connection.ts';
import type {Http2Stream} from '../http2/stream.ts';

/** What an exchange is sent over: a connection, or one of the streams of one that carries several. */
export type PoolConnection = Connection<PoolHost> | Http2Stream<Http2Connection<PoolHost>>;

/** One origin: its slots, and its connections that nothing uses. */
export class PoolHost extends HostSlots {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Sockets open, being opened or being closed. */
  open = 0;
  /** The one used last is at the end, and is taken first: the others then age, and go. */
  readonly idle: Array<Connection<PoolHost>> = [];
  /** Those that carry several requests and take others; idle ones too, which aren't in `idle`. */
  readonly shared: Array<Http2Connection<PoolHost>> = [];
  /** The one dial that all wait for, as long as it may lead to a connection they can share. */
  dial: SharedDial<DialRequest> | undefined = undefined;
  /** Whether its connections can be shared, as far as is known. */
  sharing: boolean;
  /** How many requests one of its connections takes at a time, as far as is known. */
  maxStreams = initialMaxStreams;
  readonly proxy: ProxyServer | undefined;
  /** What goes before a request's path when it is sent to a proxy itself (RFC 9112, section 3.2.2: absolute-form). */
  readonly prefix: string;

  /** How many connections nothing uses. */
  get idleCount(): number {
    return this.idle.length + this.shared.filter(({active}) => active === 0).length;
  }

  constructor(origin: string, chooseProxy: ChooseProxy | undefined, sharing: boolean) {
    super(origin);
    const url = new URL(origin);
    this.secure = url.protocol === 'https:';
    const {hostname, port} = addressOf(url);
    this.hostname = hostname;
    this.port = port;
    this.sharing = sharing && this.secure;
    this.proxy = chooseProxy?.(this);
    this.prefix = this.proxy?.kind === 'http' && !this.secure ? origin : '';
  }
}

/** Told how the connection it asked for came about. */
export interface DialRequest extends Linked {
  readonly host: PoolHost;
  readonly connectTimeout: number | undefined;
  /** What there is to tell until then; not asked of all. */
  emitDialSignal?<Type extends DialSignal>(type: Type, detail: TraceSignals[Type]): void;
  connected(connection: PoolConnection): void;
  dialFailed(error: Error, phase: Phase): void;
  /** @param cause - what went wrong until then, if something did */
  dialTimedOut(limit: number, cause: Error | undefined): void;
}

/** What a pool has running: it waits for a connection, or uses one. */
export interface PoolMember extends Waiter, DialRequest, AbortListener {
  readonly lifetime: Lifetime;
}
