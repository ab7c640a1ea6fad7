import {redactUrl} from '../errors/redact-url.ts';
import {assertOption, isObject} from '../utils/check-options.ts';
import type {RequestBody} from './body.ts';
import type {HeaderList} from './header-list.ts';
import {notify, reportFailure} from './notify.ts';

/** The call that an event belongs to. Retries and redirects of one call have the same object and the same `id`. */
export interface TraceCall {
  /** A number from 1, counted over all sessions. */
  readonly id: number;
  readonly method: string;
  /** The URL without user name, password and query values. It is safe to log. */
  readonly url: string;
}

/** The members of every event. */
export interface TraceEventBase {
  /** When the event happened, in ms on the clock of `performance.now()`, which never goes back. */
  readonly time: number;
  readonly call: TraceCall;
  /** The attempt that the event is about, from 1. 0 means the call as a whole. */
  readonly attempt: number;
}

/**
 * The signals and the data of their events. A connector emits no signal for a step that it can't see. Over a native
 * `fetch` these are connections, DNS, TLS and the sending of the request. All data is plain and safe to log, except an
 * `error` that is not an `AiofetchError`.
 */
export interface TraceSignals {
  /** A call begins. */
  requestStart: object;
  /** The caller gets the response. Its body may still be arriving. */
  responseStart: {readonly status: number};
  /** The call and the body of its response have ended. */
  requestEnd: {readonly status: number | undefined};
  /** The call failed before its response or in the body. An abort is a failure. A status of 400 or more is none. */
  requestError: {readonly error: unknown};

  /** The request begins to wait for its rate limit. */
  rateLimitWaitStart: object;
  /** The request no longer waits for its rate limit: it continues, was refused, or was aborted. */
  rateLimitWaitEnd: object;
  /** A response made all requests in its scope wait for `delay`, in ms. */
  rateLimitPaused: {readonly delay: number};
  /** An attempt failed, and another follows after `delay`, in ms. */
  retryScheduled: {readonly delay: number; readonly status?: number; readonly error?: unknown};

  /** An attempt begins: all policies have passed the request on, and the connector has it. */
  attemptStart: object;
  /** An attempt and the body of its response have ended. If it failed, `error` is the cause. */
  attemptEnd: {readonly status?: number | undefined; readonly error?: unknown};

  /** The request begins to wait for a slot. */
  connectionQueuedStart: object;
  /** The request has its slot. Not emitted for a request that was aborted before. */
  connectionQueuedEnd: object;
  /** The request waits for a slot, and none was given to its queue for 30 s. `hosts` shows who holds them. */
  connectionQueuedLong: {
    readonly hosts: Readonly<Record<string, {readonly active: number; readonly queued: number}>>;
  };
  /** The request begins to wait for a connection that is being opened. */
  connectionCreateStart: object;
  /** The connection is open. */
  connectionCreateEnd: ConnectionDetail;
  /** The request uses a connection that was open already. */
  connectionReuse: ConnectionDetail;
  /** The addresses of the host name were in the cache. */
  dnsCacheHit: {readonly host: string};
  /** The addresses of the host name were not in the cache. */
  dnsCacheMiss: {readonly host: string};
  /** The lookup of the host name begins. */
  dnsResolveStart: {readonly host: string};
  /** The lookup of the host name has succeeded. */
  dnsResolveEnd: {readonly host: string; readonly addresses: readonly string[]};
  /** The TLS handshake begins: with a proxy first, if there is one, and with the target. */
  tlsStart: {readonly host: string};
  /** The TLS handshake has succeeded. */
  tlsEnd: {readonly host: string};

  /** The head of the request was sent. */
  requestHeadersSent: object;
  /** A chunk of the request's body was sent; `bytes` is its size. */
  requestChunkSent: {readonly bytes: number};
  /** The whole request was sent. */
  requestSent: object;
  /** The connection was dead, and no part of a response had arrived. The request is sent again on another connection. */
  requestResent: {readonly error: unknown};
  /** The head of a response has arrived. */
  responseHeadersReceived: {readonly status: number};
  /** A chunk of the response's body has arrived; `bytes` is its size. */
  responseChunkReceived: {readonly bytes: number};
  /** The response was a redirect, which is followed now. `url` is the target, safe to log. */
  requestRedirect: {readonly status: number; readonly url: string};
}

/** The connection that a request will use. */
export interface ConnectionDetail {
  /** The version of HTTP, as in `network.protocol.version` of OpenTelemetry: `1.1` or `2`. */
  readonly protocol: string;
  /** The address of the server, or of the proxy if there is one. `undefined` for a connection without an address, such as a Unix socket. */
  readonly address: string | undefined;
}

/** An event of one signal, or of any signal: then `type` distinguishes them. */
export type TraceEvent<Type extends keyof TraceSignals = keyof TraceSignals> = {
  [T in Type]: TraceEventBase & {readonly type: T} & Readonly<TraceSignals[T]>;
}[Type];

/** A request in a trace. A listener may set headers in place at `attemptStart`, `requestRedirect` and `requestResent`. */
export interface TracedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly attempt: number;
}

/** The original objects that an event is about: URLs, headers and bodies with all their secrets. */
export interface TraceSubject {
  /** The request, for signals of an attempt and for signals before it, such as those of rate limits and retries. */
  readonly request: TracedRequest | undefined;
  /**
   * The connector's response, for `responseHeadersReceived` and `requestRedirect`. The caller's response, for
   * `responseStart`. Don't read its body: read that of its `clone()`.
   */
  readonly response: Response | undefined;
}

/**
 * Notified of the events of calls. It is a function for all signals, or an object with a method for each signal that it
 * handles. Events without a listener aren't made. If a listener throws or rejects, the call is not affected: the first
 * such error of each listener is written to the console.
 *
 * @example
 * ```ts
 * import {createSession, type TraceListener} from 'aiofetch';
 *
 * const slowNames: TraceListener = {
 *   dnsResolveEnd: ({time, host, addresses}) => console.log(time, host, addresses),
 * };
 * await using session = createSession({trace: [slowNames, ({type, time}) => console.log(time, type)]});
 * await session.get('https://example.com/').text();
 * ```
 */
export type TraceListener =
  | ((event: TraceEvent, subject: TraceSubject) => void)
  | {
      readonly [Type in keyof TraceSignals]?:
        | ((event: TraceEvent<Type>, subject: TraceSubject) => void)
        | undefined;
    };

let calls = 0;

/** Emits the events of one call to its listeners. A call without listeners has no `Trace`. */
export class Trace {
  readonly call: TraceCall;
  readonly #listeners: readonly TraceListener[];
  /** Attempts for which the connector has emitted neither `responseHeadersReceived` nor `attemptEnd`. */
  readonly #unreported = new Set<number>();
  #status: number | undefined;

  constructor(listeners: readonly TraceListener[], {method, url}: {method: string; url: string}) {
    this.#listeners = listeners;
    this.call = {id: ++calls, method, url: redactUrl(url)};
    this.emit('requestStart', undefined);
  }

  /** Makes the event of a signal and notifies the listeners of that signal. */
  emit<Type extends keyof TraceSignals>(
    type: Type,
    request: TracedRequest | undefined,
    detail?: TraceSignals[Type],
    response?: Response,
  ): void {
    const attempt = request ? request.attempt : 0;
    if (type === 'responseHeadersReceived' || type === 'attemptEnd') this.#unreported.delete(attempt);
    let event: TraceEvent | undefined;
    for (const listener of this.#listeners) {
      const handler = typeof listener === 'function' ? listener : listener[type];
      if (!handler) continue;
      event ??= {type, time: performance.now(), call: this.call, attempt, ...detail} as unknown as TraceEvent;
      try {
        notify(listener, () => handler.call(listener as never, event as never, {request, response}));
      } catch (error) {
        reportFailure(listener, error);
      }
    }
  }

  /** Sends an attempt. Emits `attemptEnd` if the connector emits no trace signals. */
  async send<Request extends TracedRequest>(
    request: Request,
    next: {fetch(request: Request): Promise<Response>},
  ): Promise<Response> {
    let end: TraceSignals['attemptEnd'] = {};
    this.#unreported.add(request.attempt);
    this.emit('attemptStart', request);
    try {
      const response = await next.fetch(request);
      end = {status: response.status};
      return response;
    } catch (error) {
      end = {error};
      throw error;
    } finally {
      if (this.#unreported.has(request.attempt)) this.emit('attemptEnd', request, end);
    }
  }

  /** The caller gets the response. */
  answered(response: Response): void {
    const {status} = response;
    this.#status = status;
    this.emit('responseStart', undefined, {status}, response);
  }

  /** The call has ended. */
  ended(failed: boolean, error: unknown): void {
    if (failed) this.emit('requestError', undefined, {error});
    else this.emit('requestEnd', undefined, {status: this.#status});
  }
}

/**
 * Checks a list of trace listeners.
 *
 * @throws InvalidOptionError for another value
 */
export function checkTrace(trace: unknown): readonly TraceListener[] {
  assertOption(
    Array.isArray(trace) && trace.every((item) => typeof item === 'function' || isObject(item)),
    'trace',
    trace,
    'a list of functions or objects with functions',
  );
  return trace;
}
