import type {RedactedRequest} from '../errors/index.ts';
import type {PreparedBody, RequestBody} from './body.ts';
import type {CallLifetime} from './call-lifetime.ts';
import {Lifetime} from './call-lifetime.ts';
import type {HeaderList} from './header-list.ts';
import type {NativeInit} from './native-init.ts';
import type {ProgressListener} from './progress.ts';

/** How long a request may wait, in ms; `undefined` is no limit. */
export interface RequestTimeouts {
  readonly pool?: number | undefined;
  readonly connect?: number | undefined;
  readonly read?: number | undefined;
  readonly attempt?: number | undefined;
}

/** Watches the bodies of one attempt, as they are sent and received. */
export interface TransferMonitor {
  /** The body to send as a stream that is watched; `undefined` if nobody watches it. */
  upload(source: PreparedBody['source']): ReadableStream<Uint8Array> | undefined;
  /** @throws ResponseTooLargeError */
  responseStarted(response: Response): void;
  /** @throws ResponseTooLargeError, or the error of a progress listener */
  received(chunk: Uint8Array): void;
  ended(): void;
}

/** What a call wants of the bodies that are sent and received. */
export interface Transfer {
  /** How large the body of the response may be, in bytes, after decoding. */
  readonly maxResponseSize: number | undefined;
  readonly onDownloadProgress: ProgressListener | undefined;
  readonly onUploadProgress: ProgressListener | undefined;
  /** How long the body waits for `100 Continue`, in ms. */
  readonly expectContinue: number | undefined;
  /** Made for each attempt, by a connector that doesn't count the bytes itself. */
  monitor(request: ConnectorRequest): TransferMonitor;
}

// The types of some runtimes lack the DOM's names for these members, and some of the members.

/** What happens to redirects, as in a `RequestInit`. */
export type Redirect = NonNullable<RequestInit['redirect']>;

/**
 * @throws TypeError
 */
export function checkRedirect(redirect: Redirect): Redirect {
  if (redirect === 'follow' || redirect === 'manual' || redirect === 'error') return redirect;
  throw new TypeError(`redirect is ${JSON.stringify(redirect)}; allowed: follow, manual, error`);
}

/** Options of a call, by name, as the checks of the session's policies returned them. */
export type CallOptionValues = Readonly<Record<string, unknown>>;

/** The options of a call that gives none. Shared, so that such a call allocates nothing for them. */
export const noCallOptions: CallOptionValues = Object.freeze({});

/** What may differ between a request and the one that it is derived from. */
export interface RequestChanges {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: HeaderList;
  readonly body?: RequestBody | null;
  readonly redirect?: Redirect;
  readonly timeouts?: RequestTimeouts;
  /** One that `begin` of a policy's context returned. */
  readonly lifetime?: CallLifetime;
  readonly transfer?: Transfer | undefined;
}

/**
 * @throws TypeError for a body that can't be sent (Fetch, "Request constructor", "extract a body")
 */
export function checkBody(method: string, body: RequestBody): void {
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`A ${method} request can't have a body`);
  if (body instanceof ReadableStream && body.locked) {
    throw new TypeError('The body is a stream that somebody else is reading, or has read');
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
  readonly lifetime?: CallLifetime | undefined;
  readonly transfer?: Transfer | undefined;
  readonly options?: CallOptionValues | undefined;
}

const noTimeouts: RequestTimeouts = Object.freeze({});

/**
 * One request on its way through policies and connector. A light record rather than a `Request`, because a `Request`
 * costs more to build than the request costs to send. Policies may set headers on it in place, or hand on another
 * record made by `with`.
 */
export class ConnectorRequest implements RedactedRequest {
  /** Absolute, without a fragment. */
  url: string;
  /** In upper case where the Fetch standard normalises it. */
  method: string;
  headers: HeaderList;
  /** As the caller gave it. */
  body: RequestBody | null;
  redirect: Redirect;
  timeouts: RequestTimeouts;
  /** For a native fetch: `credentials`, `cache`, `mode` and the like. */
  native: NativeInit | undefined;
  /** The number of this attempt at the call, from 1. */
  attempt: number;
  lifetime: CallLifetime;
  /** `undefined` when the call asks for nothing of it. */
  transfer: Transfer | undefined;
  /** The options of the call that belong to policies, as their checks returned them. */
  readonly options: CallOptionValues;

  constructor(init: ConnectorRequestInit) {
    this.url = init.url;
    this.method = init.method;
    this.headers = init.headers;
    this.body = init.body;
    this.redirect = init.redirect ?? 'follow';
    this.timeouts = init.timeouts ?? noTimeouts;
    this.native = init.native;
    this.attempt = 1;
    this.lifetime = init.lifetime ?? new Lifetime();
    this.transfer = init.transfer;
    this.options = init.options ?? noCallOptions;
  }

  /** Aborted with the call: by its caller, its `total` timeout or its session. Made when it is first read. */
  get signal(): AbortSignal {
    return this.lifetime.signal;
  }

  /** The same request with changes. Both share their headers unless the changes have others. */
  with(changes: RequestChanges): ConnectorRequest {
    const {body, transfer} = changes;
    const copy = new ConnectorRequest({
      url: changes.url ?? this.url,
      method: changes.method ?? this.method,
      headers: changes.headers ?? this.headers,
      body: body === undefined ? this.body : body,
      redirect: changes.redirect ?? this.redirect,
      timeouts: changes.timeouts ?? this.timeouts,
      native: this.native,
      lifetime: changes.lifetime ?? this.lifetime,
      transfer: transfer ?? this.transfer,
      options: this.options,
    });
    copy.attempt = this.attempt;
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
 * The whole life of the request's call, with the members that only the session and connectors need. Every
 * `CallLifetime` is one: they differ in what is public.
 */
export function lifetimeOf(request: {readonly lifetime: CallLifetime}): Lifetime {
  return request.lifetime as Lifetime;
}
