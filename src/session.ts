import type {RequestBody} from './body.ts';
import {encodeMultipart} from './body.ts';
import type {Connector, ConnectorOptions, ConnectorStats} from './connector.ts';
import {AiofetchError, InvalidOptionError, SessionClosedError, TimeoutError} from './errors.ts';
import type {HeadersInput} from './headers.ts';
import {HeaderList} from './headers.ts';
import type {KyOptions, OutgoingCall, Verbs} from './ky.ts';
import {createVerbs, mergeHooks} from './ky.ts';
import {Lifetime} from './lifetime.ts';
import {LinkedList} from './linked-list.ts';
import {checkDuration, checkKnown} from './options.ts';
import type {Auth} from './policies/auth.ts';
import {authPolicy} from './policies/auth.ts';
import type {Handler, Policy} from './request.ts';
import {ConnectorRequest, nativeOf} from './request.ts';
import type {Timeout, Timeouts} from './timeout.ts';
import {defaultTimeouts, mergeTimeouts} from './timeout.ts';
import {abortUnread} from './unread.ts';

/** Options of {@link SessionFactory}. ky's own are taken too: `hooks`, `searchParams`, `throwHttpErrors`, `parseJson`, `stringifyJson`, `context`. */
export interface SessionOptions extends KyOptions {
  /** What relative URLs are resolved on, as a browser does: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Sent with every request; a call's own go before them, and `undefined` there takes one away. */
  readonly headers?: HeadersInput | undefined;
  /** Sent to the origin of `baseUrl` only. */
  readonly auth?: Auth | undefined;
  /** Options of this runtime's default connector, or a connector. One that is given is not closed with the session. */
  readonly connector?: Connector | ConnectorOptions | undefined;
  /**
   * A number is `total`.
   *
   * @default {read: 30_000}
   */
  readonly timeout?: Timeout | undefined;
  /** Wrapped around every attempt; the first is the outermost. */
  readonly policies?: readonly Policy[] | undefined;
}

/** What a child session may set of its own; the rest is its parent's. */
export type ExtendOptions = Omit<SessionOptions, 'connector'>;

/** What `session.fetch` takes beside the members of the standard's `RequestInit`. */
export interface FetchInit extends Omit<RequestInit, 'body' | 'headers'> {
  readonly body?: RequestBody | null;
  readonly headers?: HeadersInput | HeadersInit;
  /** A number is `total`; laid over the session's. */
  readonly timeout?: Timeout | undefined;
}

/** What a session has at this moment, and what it did so far. */
export interface SessionStats extends Omit<ConnectorStats, 'totals'> {
  /** The connector's name. */
  readonly connector: string;
  readonly totals: ConnectorStats['totals'] & {
    /** Calls made. */
    readonly requests: number;
    /** Attempts made at them. */
    readonly attempts: number;
    /** Attempts after the first. */
    readonly retries: number;
    /** Calls that failed, aborted ones included. */
    readonly errors: number;
  };
}

/** A client with a lifetime: shared settings over a connector, which owns the connections. */
export interface Session extends Verbs {
  /**
   * The Fetch standard's `fetch`, with relative URLs resolved on `baseUrl`. It can be handed to whatever takes a `fetch`.
   *
   * @throws ConnectionError, TimeoutError, RedirectError, SessionClosedError; the reason of `signal` when that is aborted
   */
  fetch(input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /** A session with these settings over its own, on the same connector, which stays with its owner. */
  extend(options: ExtendOptions): Session;
  stats(): SessionStats;
  readonly closed: boolean;
  /**
   * Refuses new calls, lets those under way and queued finish, and closes the connector if it is the session's own.
   *
   * @param options - `timeout`, in ms: after that, what still runs is aborted with a {@link SessionClosedError}. A
   * response that nobody has begun to read within a second doesn't hold it up.
   */
  close(options?: {readonly timeout?: number | undefined}): Promise<void>;
  /** Aborts everything at once: calls queued and running reject with a {@link SessionClosedError} whose cause is `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How many URLs a session remembers the resolution of. */
const resolvedSize = 500;

const knownOptions = new Set([
  'baseUrl',
  'headers',
  'auth',
  'connector',
  'timeout',
  'policies',
  'hooks',
  'searchParams',
  'throwHttpErrors',
  'parseJson',
  'stringifyJson',
  'context',
]);

/** Makes the session of `createSession`, with the default connector that its runtime's condition chose. */
export function createSessionOn(
  options: SessionOptions,
  defaultConnector: (options?: ConnectorOptions) => Connector,
): Session {
  const {connector: given} = options;
  checkKnown('', 'session', options, knownOptions);
  const owned = !isConnector(given);
  return buildSession(options, owned ? defaultConnector(given) : given, owned, defaultTimeouts);
}

function isConnector(value: Connector | ConnectorOptions | undefined): value is Connector {
  return typeof (value as Connector | undefined)?.fetch === 'function';
}

function buildSession(
  options: SessionOptions,
  connector: Connector,
  owned: boolean,
  baseTimeouts: Timeouts,
): Session {
  const base = checkBaseUrl(options.baseUrl);
  const defaults = HeaderList.from(options.headers);
  const timeouts = mergeTimeouts(baseTimeouts, options.timeout, connector);
  const running = new LinkedList<Lifetime>();
  const totals = {requests: 0, attempts: 0, retries: 0, errors: 0};
  const handler = compose(options, base);
  const hasPolicies = options.auth !== undefined || (options.policies?.length ?? 0) > 0;
  // The same few strings are asked for again and again.
  const resolved = new Map<string, string>();
  let closed = false;
  let whenDone: (() => void) | undefined;

  function compose({policies = [], auth}: SessionOptions, baseUrl: URL | undefined): Handler {
    const all = [...checkPolicies(policies)];
    if (auth !== undefined) {
      if (!baseUrl)
        throw new InvalidOptionError(
          'auth',
          'set, and baseUrl is not',
          'auth with a baseUrl, whose origin it is for',
        );
      all.push(authPolicy(auth, baseUrl.origin));
    }
    const send: Handler = (request) => {
      totals.attempts++;
      if (request.attempt > 1) totals.retries++;
      return connector.fetch(request);
    };
    return all.reduceRight((next, policy) => policy(next), send);
  }

  function resolveUrl(input: string | URL): string {
    if (typeof input !== 'string') return checkUrl(input);
    let url = resolved.get(input);
    if (url === undefined) {
      url = checkUrl(new URL(input, base ?? globalThis.location?.href));
      if (resolved.size >= resolvedSize) resolved.clear();
      resolved.set(input, url);
    }
    return url;
  }

  function checkUrl(url: URL): string {
    if (url.username || url.password) {
      throw new TypeError('A URL with credentials in it is not fetched; use the auth option');
    }
    if (url.hash === '' && !url.href.endsWith('#')) return url.href;
    return url.href.slice(0, url.href.indexOf('#'));
  }

  function headersOf(headers: HeadersInput | undefined): HeaderList {
    const list = defaults.copy();
    if (headers !== undefined) list.merge(headers);
    return list;
  }

  function send(call: OutgoingCall): Promise<Response> {
    if (closed) return Promise.reject(new SessionClosedError('Session is closed', {request: call}));
    let callTimeouts: Timeouts;
    try {
      callTimeouts = mergeTimeouts(timeouts, call.timeout, connector);
    } catch (error) {
      return Promise.reject(error);
    }
    let {body} = call;
    // Encoded once, so that its boundary is the same over redirects and retries.
    if (body instanceof FormData) body = encodeMultipart(body);
    const lifetime = new Lifetime();
    const {url, method, headers, redirect, native, signal} = call;
    const request = new ConnectorRequest(
      url,
      method,
      headers,
      body,
      redirect,
      callTimeouts,
      native,
      lifetime,
    );
    totals.requests++;
    running.append(lifetime);
    lifetime.atEnd = checkDone;
    if (signal) lifetime.follow(signal);
    const {total} = callTimeouts;
    if (total !== undefined) startTotal(request, total);
    return run(request);
  }

  function startTotal(request: ConnectorRequest, total: number): void {
    const {lifetime} = request;
    lifetime.deadline = performance.now() + total;
    const timer = setTimeout(() => {
      lifetime.abort(new TimeoutError('total', total, {request, attempts: request.attempt}));
    }, total);
    lifetime.atEnd = () => {
      clearTimeout(timer);
      checkDone();
    };
  }

  function run(request: ConnectorRequest): Promise<Response> {
    const {lifetime} = request;
    const onResponse = (response: Response): Response => {
      if (lifetime.isAborted) discard(response);
      lifetime.deliver();
      return response;
    };
    const onError = (error: unknown): never => {
      totals.errors++;
      lifetime.end();
      throw error;
    };
    let answered: Promise<Response>;
    try {
      answered = lifetime.isAborted ? Promise.reject(lifetime.reason) : handler(request);
    } catch (error) {
      answered = Promise.reject(error);
    }
    const settled = answered.then(onResponse, onError);
    // A connector lets go at once when the call is aborted; a policy may be waiting for something else.
    return hasPolicies ? Promise.race([settled, abortOf(lifetime)]) : settled;
  }

  function checkDone(): void {
    if (running.size === 0) whenDone?.();
  }

  function fetch(input: string | URL | Request, init?: FetchInit): Promise<Response> {
    try {
      return send(toCall(input, init));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function toCall(input: string | URL | Request, init: FetchInit | undefined): OutgoingCall {
    if (typeof input === 'object' && !(input instanceof URL) && typeof input.url === 'string') {
      return requestToCall(input, init);
    }
    const url = resolveUrl(typeof input === 'string' || input instanceof URL ? input : String(input));
    if (init === undefined) {
      return {
        url,
        method: 'GET',
        headers: defaults.copy(),
        body: null,
        redirect: 'follow',
        signal: undefined,
        timeout: undefined,
        native: undefined,
      };
    }
    const method = normalizeMethod(init.method);
    const body = init.body ?? null;
    if (body !== null) checkBodyAllowed(method);
    return {
      url,
      method,
      headers: headersOf(init.headers as HeadersInput | undefined),
      body,
      redirect: init.redirect ?? 'follow',
      signal: init.signal,
      timeout: init.timeout,
      native: nativeOf(init),
    };
  }

  function requestToCall(input: Request, init: FetchInit = {}): OutgoingCall {
    const method = init.method === undefined ? input.method : normalizeMethod(init.method);
    const body = init.body === undefined ? input.body : init.body;
    if (body !== null) checkBodyAllowed(method);
    if (init.body === undefined && input.bodyUsed) {
      throw new TypeError('The body of this Request has already been read');
    }
    return {
      url: resolveUrl(input.url),
      method,
      headers: headersOf((init.headers ?? input.headers) as HeadersInput),
      body,
      redirect: init.redirect ?? input.redirect,
      signal: init.signal === undefined ? input.signal : init.signal,
      timeout: init.timeout,
      native: nativeOf(init),
    };
  }

  function waitDone(): Promise<void> {
    if (running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = whenDone;
      whenDone = () => {
        before?.();
        resolve();
      };
    });
  }

  function abortRunning(reason: unknown): void {
    for (const lifetime of running) lifetime.abort(reason);
  }

  async function close({timeout}: {readonly timeout?: number | undefined} = {}): Promise<void> {
    const limit = checkDuration('close timeout', timeout);
    closed = true;
    let timedOut = false;
    const stop = abortUnread(() => running);
    const timer =
      limit === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            const reason = new SessionClosedError(
              `Session was closed, and its timeout of ${limit} ms ran out`,
            );
            abortRunning(reason);
            // What child sessions still have running on it.
            if (owned) void connector.destroy(reason);
          }, limit);
    try {
      await waitDone();
      if (owned && !timedOut) await connector.close();
    } finally {
      stop();
      clearTimeout(timer);
    }
  }

  async function destroy(reason?: unknown): Promise<void> {
    closed = true;
    const error =
      reason instanceof AiofetchError
        ? reason
        : new SessionClosedError('Session was destroyed', reason === undefined ? {} : {cause: reason});
    abortRunning(error);
    if (owned) await connector.destroy(error);
  }

  function extend(changes: ExtendOptions): Session {
    checkKnown('', 'session', changes, knownOptions);
    if ('connector' in changes) {
      throw new InvalidOptionError(
        'connector',
        'set',
        'none: a child session shares the connector of its parent',
      );
    }
    const headers = defaults.copy();
    if (changes.headers !== undefined) headers.merge(changes.headers);
    const merged: SessionOptions = {
      ...options,
      ...changes,
      headers,
      hooks: mergeHooks(options.hooks, changes.hooks),
      policies: [...(options.policies ?? []), ...(changes.policies ?? [])],
      timeout: changes.timeout,
    } as SessionOptions;
    return buildSession(merged, connector, false, timeouts);
  }

  const verbs = createVerbs({options, resolveUrl, headersOf, send});
  return {
    ...verbs,
    fetch,
    extend,
    stats: () => {
      const stats = connector.stats();
      return {...stats, connector: connector.name, totals: {...stats.totals, ...totals}};
    },
    get closed() {
      return closed;
    },
    close,
    destroy,
    [Symbol.asyncDispose]: () => close(),
  };
}

function abortOf(lifetime: Lifetime): Promise<never> {
  return new Promise((_resolve, reject) => {
    lifetime.reject = reject;
  });
}

/** Nobody gets this response: its connection is wanted. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

function checkBaseUrl(baseUrl: string | URL | undefined): URL | undefined {
  if (baseUrl === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(baseUrl, globalThis.location?.href);
  } catch {
    throw new InvalidOptionError(
      'baseUrl',
      String(baseUrl),
      'an absolute URL, or in a browser one relative to the page',
    );
  }
  if (url.username || url.password) {
    throw new InvalidOptionError('baseUrl', 'a URL with credentials', 'a URL without; use the auth option');
  }
  return url;
}

function checkPolicies(policies: readonly Policy[]): readonly Policy[] {
  for (const policy of policies) {
    if (typeof policy !== 'function')
      throw new InvalidOptionError('policies', policy, 'functions of the next handler');
  }
  return policies;
}

// Fetch, "normalize a method": these and no others, so that "patch" stays what the caller wrote.
const normalizedMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);
// Fetch, "forbidden method".
const forbiddenMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);
const methodToken = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

function normalizeMethod(method: string | undefined): string {
  if (method === undefined || method === 'GET') return 'GET';
  const upper = method.toUpperCase();
  if (forbiddenMethods.has(upper) || !methodToken.test(method)) {
    throw new TypeError(`Method ${JSON.stringify(method)} can't be used`);
  }
  return normalizedMethods.has(upper) ? upper : method;
}

function checkBodyAllowed(method: string): void {
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`A ${method} request can't have a body`);
}
