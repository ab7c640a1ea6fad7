import {redactUrl} from '../errors/redact-url.ts';
import {assertOption, isObject} from '../utils/check-options.ts';
import type {RequestBody} from './body.ts';
import type {HeaderList} from './header-list.ts';
import {notify} from './notify.ts';

/** The call that an event belongs to: the same object, and the same `id`, over its retries and redirects. */
export interface TraceCall {
  /** Counted up from 1 over all sessions. */
  readonly id: number;
  readonly method: string;
  /** Safe to log: without userinfo and query values. */
  readonly url: string;
}

/** What every event tells, whatever its signal. */
export interface TraceEventBase {
  /** When it happened, in ms on the clock of `performance.now()`, which never goes back. */
  readonly time: number;
  readonly call: TraceCall;
  /** Which attempt it is about, from 1; 0: the call as a whole. */
  readonly attempt: number;
}

/**
 * The signals and what each of them tells. Where a connector can't see something, its signals don't come: over a native
 * `fetch` those of connections, DNS, TLS and of the request's way out. Whatever they tell is plain data and safe to log,
 * except for a foreign `error`.
 */
export interface TraceSignals {
  /** A call begins. */
  requestStart: object;
  /** The caller gets its response; the body may still be arriving. */
  responseStart: {readonly status: number};
  /** The call is over, its body included. */
  requestEnd: {readonly status: number | undefined};
  /** The call has failed, before its response or in its body; an abort is a failure, a status is none. */
  requestError: {readonly error: unknown};

  /** It waits for its rate limit, */
  rateLimitWaitStart: object;
  /** and doesn't any more: it goes on, was refused, or aborted. */
  rateLimitWaitEnd: object;
  /** An answer made everybody in its scope wait, for so many ms. */
  rateLimitPaused: {readonly delay: number};
  /** An attempt has failed, and another follows after so many ms. */
  retryScheduled: {readonly delay: number; readonly status?: number; readonly error?: unknown};

  /** An attempt begins: policies have let it go, the connector has it. */
  attemptStart: object;
  /** An attempt is over, its body included; `error` is what it failed with. */
  attemptEnd: {readonly status?: number | undefined; readonly error?: unknown};

  /** It waits for a slot, */
  connectionQueuedStart: object;
  /** and has one. One that is aborted before has none. */
  connectionQueuedEnd: object;
  /** It waits for a connection that is being opened, */
  connectionCreateStart: object;
  /** and has it. */
  connectionCreateEnd: ConnectionDetail;
  /** It has one that was open. */
  connectionReuse: ConnectionDetail;
  /** The addresses of a name were known. */
  dnsCacheHit: {readonly host: string};
  /** They were not: it is looked up. */
  dnsCacheMiss: {readonly host: string};
  dnsResolveStart: {readonly host: string};
  dnsResolveEnd: {readonly host: string; readonly addresses: readonly string[]};
  /** TLS is being agreed, with the target or, before that, with a proxy. */
  tlsStart: {readonly host: string};
  tlsEnd: {readonly host: string};

  /** The head of the request has gone out. */
  requestHeadersSent: object;
  /** So many bytes of its body have. */
  requestChunkSent: {readonly bytes: number};
  /** All of it has. */
  requestSent: object;
  /** The connection turned out to be dead and nothing of an answer was here: it goes out again, on another. */
  requestResent: {readonly error: unknown};
  /** The head of a response is here. */
  responseHeadersReceived: {readonly status: number};
  /** So many bytes of its body are. */
  responseChunkReceived: {readonly bytes: number};
  /** It was a redirect, which is followed now. `url` is safe to log. */
  requestRedirect: {readonly status: number; readonly url: string};
}

/** What is known of a connection that is to be used. */
export interface ConnectionDetail {
  /** The version of HTTP, as `network.protocol.version` of OpenTelemetry has it: `1.1`, `2`. */
  readonly protocol: string;
  /** The address at its other end, a proxy's where there is one; `undefined` where it has none, as a Unix socket. */
  readonly address: string | undefined;
}

/** One event of one signal, or of any: then `type` tells them apart. */
export type TraceEvent<Type extends keyof TraceSignals = keyof TraceSignals> = {
  [T in Type]: TraceEventBase & {readonly type: T} & Readonly<TraceSignals[T]>;
}[Type];

/** A request as a trace sees it. Headers may be set in place at `attemptStart`, `requestRedirect` and `requestResent`. */
export interface TracedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly attempt: number;
}

/** What an event is about, as it is: URLs, headers and bodies with all their secrets. */
export interface TraceSubject {
  /** With signals of an attempt, and those that lead to one. */
  readonly request: TracedRequest | undefined;
  /**
   * With `responseHeadersReceived` and `requestRedirect`, the connector's; with `responseStart` the one that the caller
   * gets. Not to be read: only its `clone()` is.
   */
  readonly response: Response | undefined;
}

/**
 * Told what becomes of calls: an object with a method for each signal it wants, so that those that nobody wants aren't
 * even made, or a function for all of them. What it throws, or rejects with, changes nothing for anybody: the first such
 * error of each listener is written to the console.
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

/** Listeners whose failure was told. */
const reported = new WeakSet<TraceListener>();

function report(listener: TraceListener, error: unknown): void {
  if (reported.has(listener)) return;
  reported.add(listener);
  // Rethrown, or handed to what reports uncaught errors, it would end the process on some runtimes.
  // biome-ignore lint/suspicious/noConsole: there is no caller who could be told
  console.error('A trace listener failed:', error);
}

/** Tells the listeners of one call what becomes of it. A call without listeners has none of these. */
export class Trace {
  readonly call: TraceCall;
  readonly #listeners: readonly TraceListener[];
  /** Attempts of which the connector has not told anything that is told for it otherwise. */
  readonly #untold = new Set<number>();
  #status: number | undefined = undefined;

  constructor(listeners: readonly TraceListener[], {method, url}: {method: string; url: string}) {
    this.#listeners = listeners;
    this.call = {id: ++calls, method, url: redactUrl(url)};
    this.emit('requestStart', undefined);
  }

  emit<Type extends keyof TraceSignals>(
    type: Type,
    request: TracedRequest | undefined,
    detail?: TraceSignals[Type],
    response?: Response,
  ): void {
    const attempt = request ? request.attempt : 0;
    if (type === 'responseHeadersReceived' || type === 'attemptEnd') this.#untold.delete(attempt);
    let event: TraceEvent | undefined;
    for (const listener of this.#listeners) {
      const told = typeof listener === 'function' ? listener : listener[type];
      if (!told) continue;
      event ??= {type, time: performance.now(), call: this.call, attempt, ...detail} as unknown as TraceEvent;
      try {
        notify(() => {
          const result: unknown = told.call(listener as never, event as never, {request, response});
          if (result instanceof Promise) result.catch((error) => report(listener, error));
        });
      } catch (error) {
        report(listener, error);
      }
    }
  }

  /** Sends an attempt, and tells how it ended where the connector, which knows nothing of traces, doesn't. */
  async send<Request extends TracedRequest>(
    request: Request,
    next: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    let end: TraceSignals['attemptEnd'] = {};
    this.#untold.add(request.attempt);
    this.emit('attemptStart', request);
    try {
      const response = await next(request);
      end = {status: response.status};
      return response;
    } catch (error) {
      end = {error};
      throw error;
    } finally {
      if (this.#untold.has(request.attempt)) this.emit('attemptEnd', request, end);
    }
  }

  answered(response: Response): void {
    const {status} = response;
    this.#status = status;
    this.emit('responseStart', undefined, {status}, response);
  }

  ended(failed: boolean, error: unknown): void {
    if (failed) this.emit('requestError', undefined, {error});
    else this.emit('requestEnd', undefined, {status: this.#status});
  }
}

/**
 * @throws InvalidOptionError for what is no list of listeners
 */
export function checkTrace(trace: unknown): readonly TraceListener[] {
  assertOption(
    Array.isArray(trace) && trace.every((item) => typeof item === 'function' || isObject(item)),
    'trace',
    trace,
    'a list of functions, or objects of them by signal',
  );
  return trace;
}
