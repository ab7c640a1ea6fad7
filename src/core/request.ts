import type {RedactedRequest} from '../errors/index.ts';
import {describeValue} from '../errors/printable.ts';
import type {PreparedBody, RequestBody} from './body.ts';
import type {CallLifetime} from './call-lifetime.ts';
import {Lifetime} from './call-lifetime.ts';
import type {HeaderList} from './header-list.ts';
import type {NativeInit} from './native-init.ts';
import type {ProgressListener} from './progress.ts';

/** The timeouts of a request, in ms. `undefined` means no limit. */
export interface RequestTimeouts {
  /** For the wait for a slot. */
  readonly pool?: number | undefined;
  /** For opening a connection. */
  readonly connect?: number | undefined;
  /** For the silence before the head of the response, and between two chunks of its body. */
  readonly read?: number | undefined;
  /** For one attempt, from its slot to the end of its body. */
  readonly attempt?: number | undefined;
}

/** Watches the bodies of one attempt, as they are sent and received. */
export interface TransferMonitor {
  /** The body to send, as a stream that reports its progress. `undefined` if the call has no listener for that. */
  upload(source: PreparedBody['source']): ReadableStream<Uint8Array> | undefined;
  /** @throws ResponseTooLargeError */
  responseStarted(response: Response): void;
  /** @throws ResponseTooLargeError, or the error of a progress listener */
  received(chunk: Uint8Array): void;
  ended(): void;
}

/** The options of a call about the bodies that are sent and received. */
export interface Transfer {
  /** The largest body of a response, in bytes after decoding. */
  readonly maxResponseSize: number | undefined;
  readonly onDownloadProgress: ProgressListener | undefined;
  readonly onUploadProgress: ProgressListener | undefined;
  /** The longest wait for `100 Continue` before the body is sent, in ms. */
  readonly expectContinue: number | undefined;
  /** Makes the monitor of one attempt, for a connector that doesn't count the bytes itself. */
  monitor(request: ConnectorRequest): TransferMonitor;
}

// The types of some runtimes lack the DOM's names for these members, and some of the members.

/** The redirect mode, as in a `RequestInit`. */
export type Redirect = NonNullable<RequestInit['redirect']>;

/**
 * Returns the redirect mode.
 *
 * @throws TypeError for another value (Fetch, "redirect mode")
 */
export function checkRedirect(redirect: Redirect): Redirect {
  if (redirect === 'follow' || redirect === 'manual' || redirect === 'error') return redirect;
  throw new TypeError(`redirect is ${describeValue(redirect)}; allowed: follow, manual, error`);
}

/** Options of a call, by name, as the checks of the session's policies returned them. */
export type CallOptionValues = Readonly<Record<string, unknown>>;

/** The options of a call that gives none. Shared, so that such a call allocates nothing for them. */
export const noCallOptions: CallOptionValues = Object.freeze({});

/** The changes that {@link ConnectorRequest.with} can make. */
export interface RequestChanges {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: HeaderList;
  readonly body?: RequestBody | null;
  readonly redirect?: Redirect;
  readonly timeouts?: RequestTimeouts;
  /** A lifetime that `begin` of a policy's context returned. */
  readonly lifetime?: CallLifetime;
  readonly transfer?: Transfer | undefined;
}

/**
 * @throws TypeError for a body that can't be sent (Fetch, "Request constructor", "extract a body")
 */
export function checkBody(method: string, body: RequestBody): void {
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`A ${method} request can't have a body`);
  if ((body as ReadableStream).locked) {
    throw new TypeError('The body is locked or has been read');
  }
}

/** The members that a {@link ConnectorRequest} is made of. */
export interface ConnectorRequestInit {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly redirect?: Redirect | undefined;
  readonly timeouts?: RequestTimeouts | undefined;
  readonly native?: NativeInit | undefined;
  readonly attempt?: number | undefined;
  readonly lifetime?: CallLifetime | undefined;
  readonly transfer?: Transfer | undefined;
  readonly options?: CallOptionValues | undefined;
}

/**
 * One request on its way through policies and connector. It is a light record, because building a `Request` costs more
 * than sending the request. A policy may set headers in place, or pass on another record made by `with`. The fields are only
 * declared, because a field that is defined first and assigned then takes longer.
 */
export class ConnectorRequest implements RedactedRequest {
  /** Absolute, without a fragment. */
  declare url: string;
  /** In upper case where the Fetch standard normalises it. */
  declare method: string;
  declare headers: HeaderList;
  /** As the caller gave it. */
  declare body: RequestBody | null;
  declare redirect: Redirect;
  declare timeouts: RequestTimeouts;
  /** `credentials`, `cache`, `mode` and similar members, for a native fetch. */
  declare native: NativeInit | undefined;
  /** The number of this attempt at the call, from 1. */
  declare attempt: number;
  declare lifetime: CallLifetime;
  /** `undefined` when the call has none of these options. */
  declare transfer: Transfer | undefined;
  /** The options of the call that belong to policies, as their checks returned them. */
  declare readonly options: CallOptionValues;

  constructor(init: ConnectorRequestInit) {
    this.url = init.url;
    this.method = init.method;
    this.headers = init.headers;
    this.body = init.body;
    this.redirect = init.redirect ?? 'follow';
    this.timeouts = init.timeouts ?? (noCallOptions as RequestTimeouts);
    this.native = init.native;
    this.attempt = init.attempt ?? 1;
    this.lifetime = init.lifetime ?? new Lifetime();
    this.transfer = init.transfer;
    this.options = init.options ?? noCallOptions;
  }

  /** Aborted when the caller, the `total` timeout or the session aborts the call. The signal is made when it is first read. */
  get signal(): AbortSignal {
    return this.lifetime.signal;
  }

  /** A copy of the request with changes. Both share one header list, unless the changes have `headers`. */
  with(changes: RequestChanges): ConnectorRequest {
    const copy = new ConnectorRequest(this);
    for (const name in changes) {
      const value = changes[name as keyof RequestChanges];
      if (value !== undefined) (copy as unknown as Record<string, unknown>)[name] = value;
    }
    return copy;
  }
}

// RFC 9110, section 9.2.2: idempotent methods.
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']);

/** Whether sending the request twice has the same effect as sending it once: by its method, or by an Idempotency-Key. */
export function isIdempotent(request: ConnectorRequest): boolean {
  return idempotentMethods.has(request.method) || request.headers.has('idempotency-key');
}

/**
 * The lifetime of the request's call, with the members that only the session and connectors need. Every `CallLifetime` is
 * a `Lifetime`. The two types differ only in which members are public.
 */
export function lifetimeOf(request: {readonly lifetime: CallLifetime}): Lifetime {
  return request.lifetime as Lifetime;
}
