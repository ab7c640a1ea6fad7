import type {Hooks, Input, KyInstance, Options, ResponsePromise} from 'ky';
import ky, {SchemaValidationError} from 'ky';
import type {RequestBody} from './body.ts';
import type {RedactedRequest} from './errors.ts';
import {HTTPError, SchemaError} from './errors.ts';
import type {HeadersInput} from './headers.ts';
import {HeaderList} from './headers.ts';
import type {NativeInit} from './request.ts';
import {nativeOf} from './request.ts';
import type {Timeout} from './timeout.ts';

export type {Hooks, Input, ResponsePromise} from 'ky';

/** ky's options that a session takes as they are, for all calls or for one. */
export type KyOptions = Pick<
  Options,
  'hooks' | 'searchParams' | 'throwHttpErrors' | 'parseJson' | 'stringifyJson' | 'context'
>;

/** Options of one call by verb: ky's, and the session's own. */
export interface CallOptions
  extends KyOptions,
    NativeInit,
    Pick<Options, 'json' | 'onDownloadProgress' | 'onUploadProgress'> {
  readonly headers?: HeadersInput | undefined;
  readonly body?: RequestBody | null | undefined;
  readonly redirect?: RequestRedirect | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** A number is `total`; laid over the session's. */
  readonly timeout?: Timeout | undefined;
}

/** A session's verbs: ky's, with its `ResponsePromise`, whose `.json()`, `.text()` and so on reject on a status that is no success. */
export interface Verbs {
  get<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  post<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  put<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  patch<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  delete<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  head(url: Input, options?: CallOptions): ResponsePromise;
}

/** One call as the session sends it. */
export interface OutgoingCall {
  readonly url: string;
  readonly method: string;
  /** Complete: the session's defaults are in it. */
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly redirect: RequestRedirect;
  readonly signal: AbortSignal | null | undefined;
  readonly timeout: Timeout | undefined;
  readonly native: NativeInit | undefined;
}

/** What the verbs need of their session. */
export interface VerbsHost {
  readonly options: KyOptions;
  resolveUrl(input: string | URL): string;
  /** The session's default headers with those of a call over them. */
  headersOf(headers: HeadersInput | undefined): HeaderList;
  send(call: OutgoingCall): Promise<Response>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

// Handed through ky under a name it doesn't know: it gives unknown options to its `fetch` as they are. A class, since
// ky copies plain objects.
class Passenger {
  readonly call: CallOptions;
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  /** ky's `Request` carries headers and body as well, since a hook or its progress wants to see them. */
  readonly throughRequest: boolean;
  /** ky decides whether the status is an error, since a hook wants to see the response before. */
  readonly judgedByKy: boolean;

  constructor(
    call: CallOptions,
    headers: HeaderList,
    body: RequestBody | null,
    throughRequest: boolean,
    judgedByKy: boolean,
  ) {
    this.call = call;
    this.headers = headers;
    this.body = body;
    this.throughRequest = throughRequest;
    this.judgedByKy = judgedByKy;
  }
}

/**
 * ky's verbs over a session. ky's own retry and timeout are off: the session's policies do that. Headers, body and
 * signal go around ky wherever no hook wants to see them, since each costs a copy on the way through a `Request`.
 */
export function createVerbs(host: VerbsHost): Verbs {
  const {hooks, parseJson, searchParams, context, throwHttpErrors = true} = host.options;
  const instance: KyInstance = ky.create({
    fetch: (input, init) => send(input as Request, (init as unknown as {aiofetch: Passenger}).aiofetch),
    retry: 0,
    timeout: false,
    // Statuses are judged below, where the body is still at hand; hooks that look at responses see them first.
    throwHttpErrors: false,
    ...(parseJson && {parseJson}),
    ...(searchParams !== undefined && {searchParams}),
    ...(context && {context}),
  });

  function call(method: string, input: Input, options: CallOptions = {}): ResponsePromise {
    if (typeof input !== 'string' && !(input instanceof URL)) return callWithRequest(method, input, options);
    return start(method, host.resolveUrl(input), options);
  }

  // A Request's own headers and body are what the options are laid over.
  function callWithRequest(method: string, input: Request, options: CallOptions): ResponsePromise {
    return start(method, input.url, {
      ...options,
      headers: [...HeaderList.from(input.headers as Headers), ...HeaderList.from(options.headers)],
      body: options.body ?? (options.json === undefined ? input.body : null),
      redirect: options.redirect ?? input.redirect,
      signal: options.signal ?? input.signal,
    });
  }

  function start(method: string, url: string, options: CallOptions): ResponsePromise {
    const headers = host.headersOf(options.headers);
    let body = options.body ?? null;
    if (options.json !== undefined) {
      const stringify = options.stringifyJson ?? host.options.stringifyJson ?? JSON.stringify;
      body = stringify(options.json) ?? null;
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    }
    const callHooks = mergeHooks(hooks, options.hooks);
    const throughRequest = callHooks?.beforeRequest !== undefined || options.onUploadProgress !== undefined;
    const passenger = new Passenger(options, headers, body, throughRequest, callHooks !== undefined);
    const kyOptions: Options & {aiofetch: Passenger} = {method, aiofetch: passenger};
    if (options.searchParams !== undefined) kyOptions.searchParams = options.searchParams;
    if (options.parseJson) kyOptions.parseJson = options.parseJson;
    if (options.context) kyOptions.context = options.context;
    if (options.onDownloadProgress) kyOptions.onDownloadProgress = options.onDownloadProgress;
    if (callHooks || throughRequest) showToHooks(kyOptions, options, passenger, callHooks);
    const promise = instance(url, kyOptions) as ResponsePromise;
    return withSchemaErrors(promise, {method: method.toUpperCase(), url});
  }

  function showToHooks(
    kyOptions: Options,
    options: CallOptions,
    passenger: Passenger,
    callHooks: Partial<Hooks> | undefined,
  ): void {
    kyOptions.throwHttpErrors = options.throwHttpErrors ?? throwHttpErrors;
    kyOptions.hooks = {...callHooks, beforeError: [toHttpError, ...(callHooks?.beforeError ?? [])]};
    if (options.signal) kyOptions.signal = options.signal;
    if (!passenger.throughRequest) return;
    kyOptions.headers = [...passenger.headers];
    if (passenger.body !== null) kyOptions.body = passenger.body as BodyInit;
    if (options.onUploadProgress) kyOptions.onUploadProgress = options.onUploadProgress;
  }

  async function send(request: Request, {call: options, ...passenger}: Passenger): Promise<Response> {
    let {headers} = passenger;
    if (passenger.throughRequest) {
      headers = HeaderList.from(request.headers as Headers);
    } else if (!headers.has('accept')) {
      // What ky adds for .json(), .text() and so on.
      const accept = request.headers.get('accept');
      if (accept !== null) headers.set('accept', accept);
    }
    const response = await host.send({
      url: request.url,
      method: request.method,
      headers,
      body: passenger.throughRequest ? request.body : passenger.body,
      redirect: options.redirect ?? 'follow',
      signal: options.signal,
      timeout: options.timeout,
      native: nativeOf(options),
    });
    const isFine = response.ok || response.type === 'opaque' || response.type === 'opaqueredirect';
    if (
      isFine ||
      passenger.judgedByKy ||
      !shouldThrow(options.throwHttpErrors ?? throwHttpErrors, response.status)
    ) {
      return response;
    }
    throw new HTTPError(response, await readErrorData(response), {request});
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

/** The most that is read of the body of a response that becomes an error, in bytes. */
const errorDataLimit = 10 * 1024 * 1024;

async function readErrorData(response: Response): Promise<unknown> {
  const text = await readBounded(response);
  if (!text) return undefined;
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  // application/json, and what is built on it, as application/problem+json (RFC 9457).
  if (!/\/(?:.*[.+-])?json$/i.test(type.trim())) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function readBounded(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let size = 0; ; ) {
      const {done, value} = await reader.read();
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > errorDataLimit) {
        await reader.cancel();
        return undefined;
      }
      text += decoder.decode(value, {stream: true});
    }
  } catch {
    // The status is the news; a body that breaks off must not hide it.
    return undefined;
  }
}

// ky's own error holds the request, with its credentials, and the options: it must not get out.
function toHttpError({error}: {error: Error}): Error {
  const {response, request, data} = error as Error & {
    response?: Response;
    request?: RedactedRequest;
    data?: unknown;
  };
  return error.name === 'HTTPError' && response && !(error instanceof HTTPError)
    ? new HTTPError(response, data, {request})
    : error;
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
