import type {RedactedRequest} from '../errors/index.ts';
import type {RequestBody} from './body.ts';
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

/** What is asked for of the bodies that are sent and received. */
export interface Transfer {
  /** How large the response's may be, in bytes, decoded. */
  readonly maxResponseSize: number | undefined;
  readonly onDownloadProgress: ProgressListener | undefined;
  readonly onUploadProgress: ProgressListener | undefined;
  /** How long the body waits for the server's word, in ms. */
  readonly expectContinue: number | undefined;
}

// Not every runtime's types know the names that the DOM's give to the types of these members, nor all members.

/** What becomes of redirects, as in a `RequestInit`. */
export type Redirect = NonNullable<RequestInit['redirect']>;

/**
 * @throws TypeError
 */
export function checkRedirect(redirect: Redirect): Redirect {
  if (redirect === 'follow' || redirect === 'manual' || redirect === 'error') return redirect;
  throw new TypeError(`redirect is ${JSON.stringify(redirect)}; allowed: follow, manual, error`);
}

/** What may differ between a request and the one it is derived from. */
export interface RequestChanges {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: HeaderList;
  readonly body?: RequestBody | null;
  readonly redirect?: Redirect;
  readonly timeouts?: RequestTimeouts;
  readonly lifetime?: Lifetime;
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

/**
 * One request on its way through policies and connector: a light record rather than a `Request`, which costs more to
 * build than to send. Policies may set headers on it in place, or hand on another one made by `with`.
 */
export class ConnectorRequest implements RedactedRequest {
  /** Absolute, without a fragment. */
  url: string;
  /** Upper-case where the Fetch standard normalises it. */
  method: string;
  headers: HeaderList;
  /** As the caller gave it. */
  body: RequestBody | null;
  redirect: Redirect;
  timeouts: RequestTimeouts;
  /** For a native fetch: `credentials`, `cache`, `mode` and the like. */
  native: NativeInit | undefined;
  /** Which attempt at the call this is, from 1. */
  attempt: number;
  lifetime: Lifetime;
  /** `undefined` when nothing was asked for. */
  transfer: Transfer | undefined;

  constructor(
    url: string,
    method: string,
    headers: HeaderList,
    body: RequestBody | null,
    redirect: Redirect = 'follow',
    timeouts: RequestTimeouts = {},
    native: NativeInit | undefined = undefined,
    lifetime: Lifetime = new Lifetime(),
    transfer: Transfer | undefined = undefined,
  ) {
    this.url = url;
    this.method = method;
    this.headers = headers;
    this.body = body;
    this.redirect = redirect;
    this.timeouts = timeouts;
    this.native = native;
    this.attempt = 1;
    this.lifetime = lifetime;
    this.transfer = transfer;
  }

  /** Aborted when the call is: by its caller, its `total` timeout or its session. Made when first asked for. */
  get signal(): AbortSignal {
    return this.lifetime.signal;
  }

  /** The same request with changes; headers are shared unless they are among them. */
  with(changes: RequestChanges): ConnectorRequest {
    const {url, method, headers, body, redirect, timeouts, lifetime, transfer} = changes;
    const copy = new ConnectorRequest(
      url ?? this.url,
      method ?? this.method,
      headers ?? this.headers,
      body === undefined ? this.body : body,
      redirect ?? this.redirect,
      timeouts ?? this.timeouts,
      this.native,
      lifetime ?? this.lifetime,
      transfer ?? this.transfer,
    );
    copy.attempt = this.attempt;
    return copy;
  }
}

// RFC 9110, section 9.2.2: idempotent methods.
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']);

/** Whether sending the request twice is the same as sending it once: by its method, or by an Idempotency-Key. */
export function isIdempotent(request: ConnectorRequest): boolean {
  return idempotentMethods.has(request.method) || request.headers.has('idempotency-key');
}

/** The life of the request's call with the members that only the session and connectors need. */
export function lifetimeOf(request: ConnectorRequest): Lifetime {
  return request.lifetime;
}
