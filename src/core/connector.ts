import type {AdaptiveLimit} from './host-limit.ts';
import type {ConnectorRequest} from './request.ts';
import type {TraceListener} from './trace.ts';

/** What a connector can do, for those who have to know before they ask it. */
export interface ConnectorCapabilities {
  /** It owns its sockets: `limit` counts open ones, idle ones included, and `stats` tells idle, reused and opened. */
  readonly sockets: boolean;
  /** It can bound the time of dialling (`timeout.connect`). */
  readonly connectTimeout: boolean;
  /** It sends streams and async iterables as they come; without, they are refused. */
  readonly requestStreams: boolean;
  /**
   * It checks the body against `integrity`; without, that is refused.
   *
   * @default false
   */
  readonly integrity?: boolean | undefined;
  /**
   * It stops the body of a response at `maxResponseSize`, counted after decompression; without, that is refused.
   *
   * @default false
   */
  readonly maxResponseSize?: boolean | undefined;
  /**
   * It tells `onDownloadProgress` how far the body of a response has come; without, that is refused.
   *
   * @default false
   */
  readonly downloadProgress?: boolean | undefined;
  /**
   * It tells `onUploadProgress` how far the body of a request has come; without, that is refused.
   *
   * @default false
   */
  readonly uploadProgress?: boolean | undefined;
  /**
   * It can hold a body back until the server asks for it (`expectContinue`); without, that is refused.
   *
   * @default false
   */
  readonly expectContinue?: boolean | undefined;
  /** `redirect: 'manual'` gives the redirect itself, status and headers; without, an opaque response. */
  readonly manualRedirect: boolean;
}

/** Options every connector takes. */
export interface ConnectorOptions {
  /**
   * How many connections at most, over all hosts; 0 or `Infinity`: no limit.
   *
   * @default 100
   */
  readonly limit?: number | undefined;
  /**
   * How many connections at most to one host (scheme, name and port); 0 or `Infinity`: no limit. With `adaptiveLimit()`
   * it is as many as the host is found to bear.
   *
   * @default 0
   */
  readonly limitPerHost?: number | AdaptiveLimit | undefined;
}

/** One host's share of {@link ConnectorStats}. */
export interface HostStats {
  /** Slots in use. */
  readonly active: number;
  /** Requests waiting for one. */
  readonly queued: number;
  /** Open connections that nothing uses. */
  readonly idle: number;
  /** Slots it may have at this moment, where `limitPerHost` is an `adaptiveLimit()`. */
  readonly limit?: number | undefined;
}

/** What a connector has at this moment, and what it did so far. */
export interface ConnectorStats {
  readonly limit: number;
  /** Of one that adapts, the most it may be. */
  readonly limitPerHost: number;
  readonly active: number;
  readonly queued: number;
  readonly idle: number;
  /** By origin; hosts with nothing active, queued, idle or learned are left out. */
  readonly hosts: Readonly<Record<string, HostStats>>;
  readonly totals: {
    /** Requests sent, redirects counted each. */
    readonly sent: number;
    /** Requests sent on a connection that had served another before. */
    readonly reused: number;
    /** Connections opened. */
    readonly opened: number;
    /** Bytes of request bodies sent. */
    readonly bytesSent: number;
    /** Bytes of response bodies received: as they came over the wire where the connector sees that. */
    readonly bytesReceived: number;
  };
}

/**
 * Sends requests and owns what they are sent over: the adapter between a session and a runtime.
 *
 * The promise of `fetch` settles with the head of the response. Its slot lasts until the body has ended, failed, been
 * cancelled or been collected. Between head and end the connector has `request.lifetime` know: `bodyOpened()` before
 * it hands on a response whose body is under way, `bodyClosed()` when that body has come to its end, `bodyClosed(true, error)`
 * when it broke off. When the lifetime is aborted it rejects (or fails the body) at once, with the reason as it is. What it
 * sees of a request it may tell with `request.lifetime.trace?.emit(…)`; one that doesn't has the session tell the rest. `createConnector` does all that for
 * anything shaped like a fetch.
 */
export interface Connector {
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  fetch(request: ConnectorRequest): Promise<Response>;
  stats(): ConnectorStats;
  /**
   * Listeners of its own, asked for at each call: on Node, what publishes to `diagnostics_channel` while somebody has
   * subscribed.
   */
  listeners?(): readonly TraceListener[] | undefined;
  /** Refuses new requests, lets those under way and queued finish, closes idle connections. Resolves when all is closed. */
  close(): Promise<void>;
  /** Aborts everything at once; requests reject with `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
