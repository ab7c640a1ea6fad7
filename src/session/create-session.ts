import isNetworkError from 'is-network-error';
import {abortUnread} from '../core/abort-unread.ts';
import {Lifetime} from '../core/call-lifetime.ts';
import type {Connector, ConnectorOptions} from '../core/connector.ts';
import {discard} from '../core/discard-response.ts';
import {originOf, rememberFetch} from '../core/fetch-origin.ts';
import type {HeadersInput} from '../core/header-list.ts';
import {HeaderList} from '../core/header-list.ts';
import {encodeMultipart} from '../core/multipart.ts';
import type {Policy} from '../core/policy.ts';
import {isOfRequest, openBody} from '../core/read-request-body.ts';
import {ConnectorRequest} from '../core/request.ts';
import {checkTrace, Trace} from '../core/trace.ts';
import {
  AiofetchError,
  ConnectionError,
  InvalidOptionError,
  SessionClosedError,
  TimeoutError,
} from '../errors/index.ts';
import type {Auth} from '../policies/auth/index.ts';
import {authPolicy} from '../policies/auth/index.ts';
import {checkIdempotencyKey, setIdempotencyKey} from '../policies/idempotency-key.ts';
import {rateLimitPolicy} from '../policies/rate-limit/index.ts';
import type {RetrySettings} from '../policies/retry.ts';
import {defaultRetry, mergeRetry, retryWith} from '../policies/retry.ts';
import {checkDuration} from '../utils/check-options.ts';
import type {CallStart, OutgoingCall, VerbsHost} from './call-options.ts';
import {mergeHooks} from './call-options.ts';
import {Calls} from './calls.ts';
import type {FetchInit} from './fetch-call.ts';
import {toCall} from './fetch-call.ts';
import {setAttempts, setFetchMetadata} from './fetch-metadata.ts';
import type {ExtendOptions, SessionOptions} from './options.ts';
import {checkBaseUrl, checkOptions, isConnector, mergeHeaders} from './options.ts';
import {urlResolver} from './resolve-url.ts';
import type {Session} from './session.ts';
import type {Timeouts} from './timeouts.ts';
import {defaultTimeouts, mergeTimeouts} from './timeouts.ts';
import {mergeTransfer} from './transfer.ts';
import {createVerbs} from './verbs.ts';

/** Makes the session of `createSession`, with the default connector that its runtime's condition chose. */
export function createSessionOn(
  options: SessionOptions,
  defaultConnector: (options?: ConnectorOptions) => Connector,
): Session {
  checkOptions(options);
  const {connector: given} = options;
  const owned = !isConnector(given);
  return buildSession(options, owned ? defaultConnector(given) : given, owned, {
    calls: undefined,
    timeouts: defaultTimeouts,
    retry: defaultRetry(),
    limit: undefined,
    searchParams: [],
    sign: undefined,
  });
}

/** What a session has of the one it descends from. */
interface Inherited {
  readonly calls: Calls | undefined;
  readonly timeouts: Timeouts;
  readonly retry: RetrySettings;
  /** Its rate limit: a child that has none of its own counts with its parent. */
  readonly limit: Policy | undefined;
  readonly searchParams: VerbsHost['searchParams'];
  /** Its auth. It stays with the origin it was given for, whatever the child's `baseUrl` is. */
  readonly sign: Policy | undefined;
}

function buildSession(
  options: SessionOptions,
  connector: Connector,
  owned: boolean,
  inherited: Inherited,
): Session {
  const base = checkBaseUrl(options.baseUrl);
  const defaults = mergeHeaders(new HeaderList(), options.headers);
  const timeouts = mergeTimeouts(inherited.timeouts, options.timeout, connector);
  const retry = mergeRetry(inherited.retry, options.retry);
  const transfer = mergeTransfer(undefined, options, connector);
  const idempotencyKey = checkIdempotencyKey(options.idempotencyKey, false);
  const limit = options.rateLimit === undefined ? inherited.limit : rateLimitPolicy(options.rateLimit);
  const searchParams =
    options.searchParams === undefined
      ? inherited.searchParams
      : [...inherited.searchParams, options.searchParams];
  const trace = options.trace?.length ? options.trace : undefined;
  const calls = new Calls(inherited.calls);
  const sign = options.auth === undefined ? inherited.sign : createSign(options.auth, base, connector, calls);
  const totals = {requests: 0, attempts: 0, retries: 0, errors: 0};
  const policies = [...(options.policies ?? []), ...(sign ? [sign] : [])];
  const hasPolicies = policies.length > 0;
  // What calls have of their own.
  const callRetries = new WeakMap<Lifetime, RetrySettings>();
  const retryOf = ({lifetime}: ConnectorRequest) => callRetries.get(lifetime) ?? retry;
  const onion = [retryWith(retryOf), ...(limit ? [limit] : []), ...policies];
  const handler = onion.reduceRight((next, policy) => policy(next), attempt);

  const host: VerbsHost = {
    options,
    searchParams,
    resolveUrl: urlResolver(base),
    headersOf,
    transferOf: (given) => mergeTransfer(transfer, given, connector),
    begin,
    send,
  };

  function attempt(request: ConnectorRequest): Promise<Response> {
    if (request.lifetime.isAborted) return Promise.reject(request.lifetime.reason);
    totals.attempts++;
    request.attempt = ++request.lifetime.attempts;
    if (request.attempt > 1) totals.retries++;
    const {trace} = request.lifetime;
    return trace ? trace.send(request, (sent) => connector.fetch(sent)) : connector.fetch(request);
  }

  function headersOf(headers: HeadersInput | undefined): HeaderList {
    const list = defaults.copy();
    if (headers !== undefined) list.merge(headers);
    return list;
  }

  /** A call begins: from now on the session waits for it, and can end it. */
  function begin(call: CallStart): Lifetime {
    const {signal} = call;
    if (calls.closed) throw new SessionClosedError('Session is closed', {request: call});
    if (signal && typeof signal.addEventListener !== 'function') {
      throw new TypeError('The signal is no AbortSignal');
    }
    const {total} = mergeTimeouts(timeouts, call.timeout, connector);
    checkIdempotencyKey(call.idempotencyKey, true);
    checkTrace(call.trace);
    const callRetry = call.retry === undefined ? undefined : mergeRetry(retry, call.retry);
    const lifetime = new Lifetime();
    if (callRetry) callRetries.set(lifetime, callRetry);
    lifetime.atEnd = onEnd;
    totals.requests++;
    calls.add(lifetime);
    const own = connector.listeners?.();
    if (own ?? trace ?? call.trace) {
      const listeners = [own, trace, call.trace].flatMap((list) => list ?? []);
      lifetime.trace = new Trace(listeners, call);
    }
    if (signal) lifetime.follow(signal);
    if (total !== undefined && !lifetime.isAborted) startTotal(lifetime, total, call);
    return lifetime;
  }

  function startTotal(lifetime: Lifetime, total: number, {url, method}: CallStart): void {
    lifetime.deadline = performance.now() + total;
    const timer = setTimeout(() => {
      const attempts = Math.max(lifetime.attempts, 1);
      lifetime.abort(new TimeoutError('total', total, {request: {url, method}, attempts}));
    }, total);
    lifetime.atEnd = () => {
      clearTimeout(timer);
      onEnd(lifetime);
    };
  }

  function onEnd(lifetime: Lifetime): void {
    if (lifetime.failed) totals.errors++;
    lifetime.trace?.ended(lifetime.failed, lifetime.reason);
    calls.checkIdle();
  }

  function send(call: OutgoingCall, lifetime: Lifetime): Promise<Response> {
    const {body} = call;
    if (!isOfRequest(body)) return sendOut(call, lifetime);
    return openBody(body, lifetime).then(
      (opened) => sendOut({...call, body: opened}, lifetime),
      // Somebody else has begun to read it since the call was made.
      (error) => {
        lifetime.fail(error);
        throw error;
      },
    );
  }

  function sendOut(call: OutgoingCall, lifetime: Lifetime): Promise<Response> {
    if (call.body instanceof ReadableStream) cancelWithCall(call.body, lifetime);
    if (lifetime.isAborted) return Promise.reject(lifetime.reason);
    const {url, method, headers, redirect, native} = call;
    let {body} = call;
    // Encoded once, so that its boundary is the same over redirects and retries.
    if (body instanceof FormData) body = encodeMultipart(body);
    const callTimeouts = mergeTimeouts(timeouts, call.timeout, connector);
    const request = new ConnectorRequest(
      url,
      method,
      headers,
      body,
      redirect,
      callTimeouts,
      native,
      lifetime,
      call.transfer,
    );
    const onResponse = (response: Response): Response => {
      if (!response) return onError(new TypeError('A policy gave no response'));
      // In the moment between: what the caller would get could not be read any more.
      if (lifetime.isAborted) {
        discard(response);
        throw lifetime.reason;
      }
      lifetime.trace?.answered(response);
      if (lifetime.attempts > 1) setAttempts(response, lifetime.attempts);
      lifetime.deliver();
      return response;
    };
    const onError = (error: unknown): never => {
      // Of a connector or policy that hands a fetch's own error on: nothing in it says what it was about.
      const failure = isNetworkError(error) ? toConnectionError(error, request) : error;
      lifetime.fail(failure);
      throw failure;
    };
    let answered: Promise<Response>;
    try {
      const key = call.idempotencyKey ?? idempotencyKey;
      if (key) setIdempotencyKey(request, key);
      // What comes back through the global fetch has been through all of it.
      answered = Promise.resolve(
        lifetime.cameFrom === connector ? connector.fetch(request) : handler(request),
      );
    } catch (error) {
      answered = Promise.reject(error);
    }
    const settled = answered.then(onResponse, onError);
    // A connector lets go at once when the call is aborted; a policy may be waiting for something else.
    return hasPolicies ? Promise.race([settled, lifetime.whenAborted()]) : settled;
  }

  function fetch(input: string | URL | Request, init?: FetchInit): Promise<Response> {
    try {
      const call = toCall(input, init, host);
      const lifetime = begin(call);
      lifetime.cameFrom = originOf(init);
      return send(call, lifetime);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async function close({timeout}: {readonly timeout?: number | undefined} = {}): Promise<void> {
    const limit = checkDuration('close timeout', timeout);
    calls.close();
    const stop = abortUnread(() => calls);
    const timer =
      limit &&
      setTimeout(() => {
        void abortAll(new SessionClosedError(`Session was closed, and its timeout of ${limit} ms ran out`));
      }, limit);
    try {
      await calls.idle();
      if (owned) await connector.close();
    } finally {
      stop();
      clearTimeout(timer);
    }
  }

  async function destroy(reason?: unknown): Promise<void> {
    calls.close();
    await abortAll(
      reason instanceof AiofetchError
        ? reason
        : new SessionClosedError('Session was destroyed', reason === undefined ? {} : {cause: reason}),
    );
  }

  async function abortAll(reason: AiofetchError): Promise<void> {
    // The connector first: it knows what is queued, and must not send that with the slots that are freed.
    const destroyed = owned ? connector.destroy(reason) : undefined;
    calls.abort(reason);
    await destroyed;
  }

  function extend(changes: ExtendOptions): Session {
    checkOptions(changes);
    if ('connector' in changes) {
      throw new InvalidOptionError(
        'connector',
        'set',
        'none: a child session shares the connector of its parent',
      );
    }
    const merged: SessionOptions = {
      ...options,
      ...changes,
      headers: mergeHeaders(defaults, changes.headers),
      hooks: mergeHooks(options.hooks, changes.hooks),
      policies: [...(options.policies ?? []), ...(changes.policies ?? [])],
      trace: [...(trace ?? []), ...(changes.trace ?? [])],
      context: {...options.context, ...changes.context},
      // What these were before is inherited below.
      timeout: changes.timeout,
      retry: changes.retry,
      rateLimit: changes.rateLimit,
      searchParams: changes.searchParams,
      auth: changes.auth,
    };
    return buildSession(merged, connector, false, {
      calls,
      timeouts,
      retry,
      limit: isCleared(changes, 'rateLimit') ? undefined : limit,
      searchParams: isCleared(changes, 'searchParams') ? [] : searchParams,
      sign: isCleared(changes, 'auth') ? undefined : sign,
    });
  }

  rememberFetch(fetch, connector);
  setFetchMetadata(fetch, {baseUrl: base, headers: defaults});
  const verbs = createVerbs(host);
  return {
    ...verbs,
    fetch,
    extend,
    stats: () => {
      const stats = connector.stats();
      return {...stats, connector: connector.name, totals: {...stats.totals, ...totals}};
    },
    get closed() {
      return calls.closed;
    },
    close,
    destroy,
    [Symbol.asyncDispose]: () => close(),
  };
}

function toConnectionError(cause: TypeError, request: ConnectorRequest): ConnectionError {
  const attempts = Math.max(request.lifetime.attempts, 1);
  return new ConnectionError(`Request failed: ${cause.message}`, 'receive', {request, attempts, cause});
}

/** Fetch, "abort the fetch() call": a stream that nobody has begun to read. Who has begun cancels it as its reader. */
function cancelWithCall(body: ReadableStream, lifetime: Lifetime): void {
  const listener = {aborted: (reason: unknown) => void body.cancel(reason).catch(() => undefined)};
  if (lifetime.isAborted) listener.aborted(lifetime.reason);
  else lifetime.onAbort(listener);
}

/** Signs requests to the origin of `baseUrl`. */
function createSign(auth: Auth, baseUrl: URL | undefined, connector: Connector, calls: Calls): Policy {
  const begin = () => {
    const lifetime = new Lifetime();
    lifetime.atEnd = () => calls.checkIdle();
    calls.add(lifetime);
    return lifetime;
  };
  if (baseUrl) return authPolicy(auth, {origin: baseUrl.origin, connector, begin});
  throw new InvalidOptionError(
    'auth',
    'set, and baseUrl is not',
    'auth with a baseUrl, whose origin it is for',
  );
}

function isCleared(options: ExtendOptions, name: keyof ExtendOptions): boolean {
  return name in options && options[name] === undefined;
}
