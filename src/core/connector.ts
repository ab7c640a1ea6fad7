import type {AdaptiveLimit} from './host-limit.ts';
import type {ConnectorRequest} from './request.ts';
import type {TraceListener} from './trace.ts';

/** The abilities of a connector. An option that needs a missing ability is refused before the request is sent. */
export interface ConnectorCapabilities {
  /** The connector owns its sockets: `limit` counts open sockets, idle ones included, and `stats` has idle, reused and opened ones. */
  readonly sockets: boolean;
  /** The connector can limit the time to open a connection (`timeout.connect`). */
  readonly connectTimeout: boolean;
  /** The connector sends streams and async iterables while they are produced. Without this ability, they are refused. */
  readonly requestStreams: boolean;
  /**
   * The connector checks the body against `integrity`. Without this ability, the option is refused.
   *
   * @default false
   */
  readonly integrity?: boolean | undefined;
  /**
   * The connector fails a response larger than `maxResponseSize`, counted after decompression. Without this ability, the
   * option is refused.
   *
   * @default false
   */
  readonly maxResponseSize?: boolean | undefined;
  /**
   * The connector reports the progress of a response's body to `onDownloadProgress`. Without this ability, the option is
   * refused.
   *
   * @default false
   */
  readonly downloadProgress?: boolean | undefined;
  /**
   * The connector reports the progress of a request's body to `onUploadProgress`. Without this ability, the option is
   * refused.
   *
   * @default false
   */
  readonly uploadProgress?: boolean | undefined;
  /**
   * The connector can wait with a body until the server asks for it (`expectContinue`). Without this ability, the option is
   * refused.
   *
   * @default false
   */
  readonly expectContinue?: boolean | undefined;
  /** `redirect: 'manual'` returns the redirect itself, with status and headers. Without this ability, it returns an opaque response. */
  readonly manualRedirect: boolean;
}

/** Options that every connector takes. */
export interface ConnectorOptions {
  /**
   * The most connections to all hosts together. 0 and `Infinity` mean no limit.
   *
   * @default 100
   */
  readonly limit?: number | undefined;
  /**
   * The most connections to one host (scheme, name and port). 0 and `Infinity` mean no limit. `adaptiveLimit()` finds the
   * number that each host can serve.
   *
   * @default 0
   */
  readonly limitPerHost?: number | AdaptiveLimit | undefined;
  /**
   * How long nobody may begin to read a response's body while other requests wait for its slot, in ms. After that the body
   * is given up: it fails with a `TimeoutError` of the phase `unread`, and its connection is closed. The queue is checked each
   * half second. 0, `Infinity` and `false` mean no limit. The default connector of pages refuses
   * the option; `fetchConnector` takes it there too.
   *
   * @default 60_000
   */
  readonly unreadTimeout?: number | false | undefined;
}

/** One host's share of {@link ConnectorStats}. */
export interface HostStats {
  /** Slots in use. */
  readonly active: number;
  /** Requests that wait for a slot. */
  readonly queued: number;
  /** Open connections without a request. */
  readonly idle: number;
  /** The most slots at this moment, if `limitPerHost` is an `adaptiveLimit()`. */
  readonly limit?: number | undefined;
}

/** The state of a connector at this moment, and its totals so far. */
export interface ConnectorStats {
  /** The `limit` option. */
  readonly limit: number;
  /** The `limitPerHost` option. For an adaptive limit, its maximum. */
  readonly limitPerHost: number;
  /** Slots in use. */
  readonly active: number;
  /** Requests that wait for a slot. */
  readonly queued: number;
  /** Open connections without a request. */
  readonly idle: number;
  /** By origin. Hosts without active, queued or idle connections and without a learned limit are left out. */
  readonly hosts: Readonly<Record<string, HostStats>>;
  readonly totals: {
    /** Requests sent. Each redirect that is followed counts too. */
    readonly sent: number;
    /** Requests sent on a connection that had served another request before. */
    readonly reused: number;
    /** Connections opened. */
    readonly opened: number;
    /** Bytes of request bodies sent. */
    readonly bytesSent: number;
    /** Bytes of response bodies received. Counted before decoding, if the connector can see that. */
    readonly bytesReceived: number;
  };
}

/**
 * The adapter between a session and a runtime. A connector sends requests and owns their connections.
 *
 * To write a connector, prefer `createConnector`, which does all of the accounting: slots, queue, timeouts, aborts,
 * statistics, trace signals and closing. Its author only writes `send`. A connector that is written by hand keeps these
 * rules:
 *
 * - The promise of `fetch` settles with the head of the response.
 * - A request holds its slot until the body of the response has ended, failed, been cancelled or been collected.
 * - When `request.lifetime` is aborted, `fetch` rejects at once with `request.lifetime.reason` as it is, or the body fails
 *   with it. Use `request.lifetime.onAbort`, and check `isAborted` first.
 * - Optionally, the connector reports what it sees with `request.lifetime.trace?.emit(…)`. The session itself emits the
 *   signals of the call, and `attemptStart`. It also emits `attemptEnd`, unless the connector emits
 *   `responseHeadersReceived` or `attemptEnd`: such a connector emits `attemptEnd` when the body has ended or failed.
 */
export interface Connector {
  /** Shown in error messages and in `stats()`. */
  readonly name: string;
  readonly capabilities: ConnectorCapabilities;
  /** Sends a request. Resolves with the head of the response. */
  fetch(request: ConnectorRequest): Promise<Response>;
  /** The state at this moment, and the totals so far. */
  stats(): ConnectorStats;
  /**
   * Trace listeners of the connector itself. Called for each call. On Node, they publish to `diagnostics_channel` while a
   * channel has subscribers.
   */
  listeners?(): readonly TraceListener[] | undefined;
  /** Refuses new requests, lets running and queued requests finish, and closes idle connections. Resolves when all are closed. */
  close(): Promise<void>;
  /** Aborts everything at once. Requests reject with `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
