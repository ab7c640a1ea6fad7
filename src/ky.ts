import type {
  BeforeRequestHook,
  Input,
  Hooks as KyHooks,
  Options as KyInit,
  KyInstance,
  ResponsePromise,
} from 'ky';
import ky, {isForceRetryError, isHTTPError, SchemaValidationError} from 'ky';
import type {RequestBody} from './body.ts';
import {bodyOfRequest, encodeMultipart, isReplayable, isStreamLike, tagOf, toReadableStream} from './body.ts';
import type {RedactedRequest} from './errors.ts';
import {AiofetchError, HTTPError, SchemaError, UnsupportedOptionError} from './errors.ts';
import {originOf} from './global-fetch.ts';
import type {HeadersInput} from './headers.ts';
import {HeaderList} from './headers.ts';
import type {Lifetime} from './lifetime.ts';
import {assertOption, checkFunction, checkKnown, isObject} from './options.ts';
import type {IdempotencyKey} from './policies/idempotency-key.ts';
import type {Retry} from './policies/retry.ts';
import {isRedirectStatus} from './redirect.ts';
import type {NativeInit, Redirect} from './request.ts';
import {checkBody, nativeMembers, nativeOf} from './request.ts';
import type {Timeout} from './timeout.ts';

export type {ResponsePromise} from 'ky';

/** ky's hooks. There is no `beforeRetry`: ky doesn't retry here. */
export type Hooks = Omit<KyHooks, 'beforeRetry'>;

/** ky's options that a session takes as they are, for all calls or for one. They are the verbs': `fetch` is the standard's. */
export interface KyOptions
  extends Pick<KyInit, 'searchParams' | 'throwHttpErrors' | 'parseJson' | 'stringifyJson' | 'context'> {
  hooks?: Hooks | undefined;
}

/** Options of one call by verb: ky's, and the session's own. */
export interface CallOptions
  extends KyOptions,
    NativeInit,
    Pick<KyInit, 'json' | 'onDownloadProgress' | 'onUploadProgress'> {
  readonly headers?: HeadersInput | undefined;
  readonly body?: RequestBody | null | undefined;
  readonly redirect?: Redirect | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** A number is `total`; laid over the session's. */
  readonly timeout?: Timeout | undefined;
  /** Laid over the session's. */
  readonly retry?: Retry | undefined;
  /** Instead of the session's; a string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
}

const knownCallOptions = new Set<string>([
  ...nativeMembers,
  'body',
  'context',
  // What sends streams wants it said; there is one value only.
  'duplex',
  'headers',
  'hooks',
  'idempotencyKey',
  'json',
  'onDownloadProgress',
  'onUploadProgress',
  'parseJson',
  'redirect',
  'retry',
  'searchParams',
  'signal',
  'stringifyJson',
  'throwHttpErrors',
  'timeout',
]);

/** A session's verbs: ky's, with its `ResponsePromise`, whose `.json()`, `.text()` and so on reject on a status that is no success. */
export interface Verbs {
  get<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  post<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  put<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  patch<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  delete<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  head(url: Input, options?: CallOptions): ResponsePromise;
}

/** What is known of a call when it begins. */
export interface CallStart extends RedactedRequest {
  readonly signal: AbortSignal | null | undefined;
  readonly timeout: Timeout | undefined;
  readonly retry: Retry | undefined;
  readonly idempotencyKey: IdempotencyKey | undefined;
}

/** One call as the session sends it. */
export interface OutgoingCall extends CallStart {
  /** Complete: the session's defaults are in it. */
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly redirect: Redirect;
  readonly native: NativeInit | undefined;
}

/** What the verbs need of their session. */
export interface VerbsHost {
  readonly options: KyOptions;
  /** Those of the session and of the ones it descends from. */
  readonly searchParams: ReadonlyArray<KyOptions['searchParams']>;
  resolveUrl(input: string | URL): string;
  /** The session's default headers with those of a call over them. */
  headersOf(headers: HeadersInput | undefined): HeaderList;
  begin(call: CallStart): Lifetime;
  send(call: OutgoingCall, lifetime: Lifetime): Promise<Response>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

// Handed through ky under a name it doesn't know: it gives unknown options to its `fetch` as they are. A class, since
// ky copies plain objects.
class Passenger {
  readonly options: CallOptions;
  readonly headers: HeaderList;
  readonly lifetime: Lifetime;
  body: RequestBody | null;
  /**
   * ky's `Request` carries headers and body as well, since hooks and its progress want to see them. They may put
   * another in its place: this is the one that was made of `body`.
   */
  request: Request | undefined = undefined;
  readonly throughRequest: boolean;
  /** The status is judged after the hooks that look at responses. */
  judgedLater = false;

  constructor(
    options: CallOptions,
    headers: HeaderList,
    body: RequestBody | null,
    lifetime: Lifetime,
    throughRequest: boolean,
  ) {
    this.options = options;
    this.headers = headers;
    this.body = body;
    this.lifetime = lifetime;
    this.throughRequest = throughRequest;
  }
}

/**
 * ky's verbs over a session. ky's own retry and timeout are off: the session's policies do that. Headers, body and
 * signal go around ky wherever no hook wants to see them, since each costs a copy on the way through a `Request`.
 */
export function createVerbs(host: VerbsHost): Verbs {
  const {hooks, parseJson, stringifyJson, context, throwHttpErrors = true} = host.options;
  let instance: KyInstance = ky.create({
    fetch: (input, init) => send(input as Request, (init as unknown as {aiofetch: Passenger}).aiofetch),
    retry: 0,
    timeout: false,
    // Statuses are judged below.
    throwHttpErrors: false,
    ...(parseJson && {parseJson}),
    ...(stringifyJson && {stringifyJson}),
    ...(context && {context}),
  });
  // ky knows how they are laid over each other.
  for (const searchParams of host.searchParams) instance = instance.extend({searchParams});

  function call(method: string, input: Input, options: CallOptions = {}): ResponsePromise {
    let lifetime: Lifetime | undefined;
    try {
      checkCallOptions(options);
      const isUrl = typeof input === 'string' || input instanceof URL;
      const url = host.resolveUrl(isUrl ? input : input.url);
      const headers = host.headersOf(isUrl ? options.headers : (input.headers as Headers));
      if (!isUrl && options.headers) headers.merge(options.headers);
      const callOptions = isUrl ? options : overRequest(input, options);
      const {signal, timeout, retry, idempotencyKey} = callOptions;
      lifetime = host.begin({url, method: method.toUpperCase(), signal, timeout, retry, idempotencyKey});
      lifetime.cameFrom = originOf(options);
      return start(method, url, headers, callOptions, lifetime);
    } catch (error) {
      if (lifetime) {
        lifetime.failed = true;
        lifetime.end();
      }
      return rejected(error);
    }
  }

  function start(
    method: string,
    url: string,
    headers: HeaderList,
    options: CallOptions,
    lifetime: Lifetime,
  ): ResponsePromise {
    const callHooks = mergeHooks(hooks, options.hooks);
    const throughRequest = callHooks !== undefined || options.onUploadProgress !== undefined;
    let body = options.body ?? null;
    if (options.json !== undefined && !throughRequest) {
      body = (options.stringifyJson ?? stringifyJson ?? JSON.stringify)(options.json) ?? null;
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    }
    if (body !== null) checkBody(method.toUpperCase(), body);
    const passenger = new Passenger(options, headers, body, lifetime, throughRequest);
    const kyOptions: KyInit & {aiofetch: Passenger} = {method, aiofetch: passenger};
    if (options.searchParams !== undefined) kyOptions.searchParams = options.searchParams;
    if (options.parseJson) kyOptions.parseJson = options.parseJson;
    if (options.context) kyOptions.context = options.context;
    if (options.redirect) kyOptions.redirect = options.redirect;
    if (options.onDownloadProgress) kyOptions.onDownloadProgress = options.onDownloadProgress;
    if (throughRequest) showToHooks(kyOptions, passenger, callHooks);
    const promise = instance(url, kyOptions) as ResponsePromise;
    return withSchemaErrors(promise, {method: method.toUpperCase(), url});
  }

  function showToHooks(kyOptions: KyInit, passenger: Passenger, callHooks: Hooks = {}): void {
    const {options, headers, lifetime} = passenger;
    const {beforeRequest = [], afterResponse = []} = callHooks;
    // Its own rather than the caller's, which may outlive thousands of calls, each leaving something on it.
    if (options.signal) kyOptions.signal = lifetime.signal;
    kyOptions.headers = Object.fromEntries(new Headers([...headers]));
    if (options.json !== undefined) kyOptions.json = options.json;
    if (options.stringifyJson) kyOptions.stringifyJson = options.stringifyJson;
    if (options.onUploadProgress) kyOptions.onUploadProgress = options.onUploadProgress;
    const shown = passenger.body && toShow(passenger.body);
    if (shown !== null) {
      kyOptions.body = shown;
      if (typeof passenger.body !== 'function' || isReplayable(shown)) passenger.body = shown;
    }
    passenger.judgedLater = afterResponse.length > 0;
    kyOptions.hooks = {
      ...callHooks,
      beforeError: [({error}) => withoutKy(error), ...(callHooks.beforeError ?? [])],
      beforeRequest: [
        ({request, options: made}) => {
          passenger.request = request;
          if ((made.body ?? null) !== shown) passenger.body = (made.body as BodyInit | undefined) ?? null;
        },
        ...beforeRequest.map((hook) => guarded(hook, passenger)),
      ],
      ...(passenger.judgedLater && {
        afterResponse: [
          ...afterResponse,
          async ({request, response}: {request: Request; response: Response}) => {
            await judge(response, request, passenger);
          },
        ],
      }),
    };
  }

  // A call that a hook answers, or breaks off, never gets to the session: that is its end.
  function guarded(hook: BeforeRequestHook, passenger: Passenger): BeforeRequestHook {
    return async (state) => {
      const {lifetime} = passenger;
      try {
        // An abort doesn't wait for what a hook may be waiting for.
        const result = await Promise.race([hook(state), lifetime.whenAborted()]);
        if (!isResponse(result)) return result;
        lifetime.end();
        if (!passenger.judgedLater) await judge(result, state.request, passenger);
        return result;
      } catch (error) {
        lifetime.failed = true;
        lifetime.end();
        throw error;
      }
    };
  }

  async function send(request: Request, passenger: Passenger): Promise<Response> {
    const {options, lifetime, throughRequest} = passenger;
    let {headers, body} = passenger;
    if (throughRequest) {
      headers = HeaderList.from(request.headers as Headers);
      // Beside the Request, where it can be sent twice, unless it's no longer the same.
      if (request !== passenger.request || !isReplayable(body)) body = bodyOfRequest(request);
    } else if (!headers.has('accept')) {
      // What ky adds for .json(), .text() and so on.
      const accept = request.headers.get('accept');
      if (accept !== null) headers.set('accept', accept);
    }
    const response = await host.send(
      {
        url: throughRequest ? host.resolveUrl(request.url) : request.url,
        method: request.method,
        headers,
        body,
        redirect: request.redirect,
        signal: options.signal,
        timeout: options.timeout,
        retry: options.retry,
        idempotencyKey: options.idempotencyKey,
        native: nativeOf(options),
      },
      lifetime,
    );
    return passenger.judgedLater ? response : judge(response, request, passenger);
  }

  async function judge(response: Response, request: Request, passenger: Passenger): Promise<Response> {
    const {options, lifetime} = passenger;
    const {status, type} = response;
    const isFine =
      response.ok ||
      type === 'opaque' ||
      type === 'opaqueredirect' ||
      (request.redirect === 'manual' && isRedirectStatus(status)) ||
      !shouldThrow(options.throwHttpErrors ?? throwHttpErrors, status);
    if (isFine) return response;
    const data = await readErrorData(response, options.parseJson ?? parseJson, request);
    if (options.signal?.aborted) throw options.signal.reason;
    throw new HTTPError(response, data, {request, attempts: Math.max(lifetime.attempts, 1)});
  }

  return Object.fromEntries(
    methods.map((method) => [method, (input: Input, options?: CallOptions) => call(method, input, options)]),
  ) as unknown as Verbs;
}

function shouldThrow(option: boolean | ((status: number) => boolean), status: number): boolean {
  return typeof option === 'function' ? option(status) : option;
}

/** The hooks of both, those of `first` first; `undefined` when there is none. */
export function mergeHooks(first: Hooks | undefined, second: Hooks | undefined): Hooks | undefined {
  if (!first || !second) return first ?? second;
  const merged: Record<string, unknown[]> = {};
  for (const hooks of [first, second]) {
    for (const [name, list] of Object.entries(hooks))
      merged[name] = [...(merged[name] ?? []), ...(list ?? [])];
  }
  return merged as unknown as Hooks;
}

/** The most that is read of the body of a response that becomes an error, in bytes, and the longest, in ms. */
const errorDataLimit = 10 * 1024 * 1024;
const errorDataTime = 10_000;

async function readErrorData(
  response: Response,
  parseJson: KyOptions['parseJson'],
  request: Request,
): Promise<unknown> {
  const text = await readBounded(response);
  if (!text) return undefined;
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  // application/json, and what is built on it, as application/problem+json (RFC 9457).
  if (!/\/(?:.*[.+-])?json$/i.test(type.trim())) return text;
  try {
    return await (parseJson ? parseJson(text, {request, response}) : JSON.parse(text));
  } catch {
    return text;
  }
}

async function readBounded(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  let isCut = false;
  // Not waited for: of a clone, it ends with the other only.
  const cut = () => {
    isCut = true;
    reader.cancel().catch(() => undefined);
  };
  const timer = setTimeout(cut, errorDataTime);
  try {
    while (!isCut) {
      const {done, value} = await reader.read();
      if (isCut) break;
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > errorDataLimit) cut();
      text += decoder.decode(value, {stream: true});
    }
  } catch {
    // The status is the news; a body that breaks off must not hide it.
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

/** A body as ky can make a `Request` of it. */
function toShow(body: RequestBody): BodyInit {
  if (typeof body === 'function') return toShow(body());
  // Here already, so that the boundary that is shown is the one that is sent.
  if (body instanceof FormData) return encodeMultipart(body);
  return isStreamLike(body) ? toReadableStream(body) : body;
}

function isResponse(value: unknown): value is Response {
  return value instanceof Response || tagOf(value) === 'Response';
}

// ky's own errors hold the request, with its credentials, and the options: they must not get out.
function withoutKy(error: Error): Error {
  // First of all: ky goes by the name, and some of ours are the same.
  if (error instanceof AiofetchError) return error;
  if (isHTTPError(error)) return new HTTPError(error.response, error.data, {request: error.request});
  if (isForceRetryError(error)) return new TypeError("ky.retry() has no effect: ky's own retry is off");
  return error;
}

/** A verb's promise that has failed before ky could make one. */
function rejected(error: unknown): ResponsePromise {
  const promise = Promise.reject(error);
  const again = () => promise;
  return Object.assign(promise, {
    arrayBuffer: again,
    blob: again,
    bytes: again,
    formData: again,
    json: again,
    text: again,
  });
}

// A Request's own headers and body are what the options are laid over; its headers are merged by who calls.
function overRequest(input: Request, options: CallOptions): CallOptions {
  return {
    ...options,
    ...nativeOf(options, input),
    body: options.body ?? (options.json === undefined ? bodyOfRequest(input) : null),
    redirect: options.redirect ?? input.redirect,
    signal: options.signal === undefined ? input.signal : options.signal,
  };
}

function checkCallOptions(options: CallOptions): void {
  for (const name in options) {
    if (!knownCallOptions.has(name) && options[name as keyof CallOptions] !== undefined)
      throw new UnsupportedOptionError(name, 'session', `known are ${[...knownCallOptions].join(', ')}`);
  }
  checkKyOptions(options);
}

const knownHooks = new Set(['init', 'beforeRequest', 'beforeError', 'afterResponse']);

/**
 * @throws InvalidOptionError, UnsupportedOptionError when one of ky's options is not what it may be
 */
export function checkKyOptions(options: KyOptions): void {
  const {hooks, searchParams, throwHttpErrors, parseJson, stringifyJson, context} = options;
  if (hooks !== undefined) checkHooks(hooks);
  assertOption(
    searchParams === undefined || typeof searchParams === 'string' || isObject(searchParams),
    'searchParams',
    searchParams,
    'a string, an object, pairs, or URLSearchParams',
  );
  assertOption(
    throwHttpErrors === undefined ||
      typeof throwHttpErrors === 'boolean' ||
      typeof throwHttpErrors === 'function',
    'throwHttpErrors',
    throwHttpErrors,
    'true, false, or a function of the status',
  );
  checkFunction('parseJson', parseJson);
  checkFunction('stringifyJson', stringifyJson);
  assertOption(context === undefined || isRecord(context), 'context', context, 'an object');
}

function isRecord(value: unknown): boolean {
  return isObject(value) && !Array.isArray(value);
}

function checkHooks(hooks: Hooks): void {
  assertOption(isRecord(hooks), 'hooks', hooks, 'an object of lists of functions');
  const given = withoutUndefined(hooks);
  checkKnown('hooks', 'session', given, knownHooks);
  for (const [name, list] of Object.entries(given)) {
    const option = `hooks.${name}`;
    assertOption(Array.isArray(list), option, list, 'a list of functions');
    for (const hook of list) assertOption(typeof hook === 'function', option, hook, 'a function');
  }
}

function withoutUndefined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function withSchemaErrors<T>(promise: ResponsePromise<T>, request: RedactedRequest): ResponsePromise<T> {
  const {json} = promise;
  const checked = async (schema?: never) => {
    if (schema === undefined) return json();
    try {
      return await json(schema);
    } catch (error) {
      throw error instanceof SchemaValidationError ? new SchemaError(error.issues, {request}) : error;
    }
  };
  promise.json = checked as typeof promise.json;
  return promise;
}
