import type {BeforeRequestHook, Options as KyInit, KyInstance, ResponsePromise} from 'ky';
import ky, {isForceRetryError, isHTTPError} from 'ky';
import type {RequestBody} from '../core/body.ts';
import {isReplayable, isStreamLike, tagOf, toReadableStream} from '../core/body.ts';
import type {Lifetime} from '../core/call-lifetime.ts';
import {HeaderList} from '../core/header-list.ts';
import {encodeMultipart} from '../core/multipart.ts';
import {nativeOf} from '../core/native-init.ts';
import {takeBody} from '../core/read-request-body.ts';
import type {Transfer} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {AiofetchError, HTTPError} from '../errors/index.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {CallOptions, Hooks, VerbsHost} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import {validate} from './response-promise.ts';

// Handed through ky under a name it doesn't know: it gives unknown options to its `fetch` as they are. A class, since
// ky copies plain objects.
class KyCallContext {
  readonly options: CallOptions;
  readonly headers: HeaderList;
  readonly transfer: Transfer | undefined;
  readonly lifetime: Lifetime;
  body: RequestBody | null;
  /**
   * ky's `Request` carries headers and body as well, since hooks want to see them. They may put
   * another in its place: this is the one that was made of `body`.
   */
  request: Request | undefined = undefined;
  readonly throughRequest: boolean;
  /** The status is judged after the hooks that look at responses. */
  checkedLater = false;

  constructor(
    options: CallOptions,
    headers: HeaderList,
    body: RequestBody | null,
    transfer: Transfer | undefined,
    lifetime: Lifetime,
    throughRequest: boolean,
  ) {
    this.options = options;
    this.headers = headers;
    this.body = body;
    this.transfer = transfer;
    this.lifetime = lifetime;
    this.throughRequest = throughRequest;
  }
}

/**
 * Calls through ky, over a session. ky's own retry and timeout are off: the session's policies do that. Headers, body and
 * signal go around ky wherever no hook wants to see them, since each costs a copy on the way through a `Request`.
 */
export function createKy(host: VerbsHost) {
  const {parseJson, stringifyJson, context, throwHttpErrors} = host.options;
  let instance: KyInstance = ky.create({
    fetch: (input, init) => send(input as Request, (init as unknown as {aiofetch: KyCallContext}).aiofetch),
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

  function call(
    method: string,
    url: string,
    headers: HeaderList,
    options: CallOptions,
    callHooks: Hooks | undefined,
    transfer: Transfer | undefined,
    lifetime: Lifetime,
  ): ResponsePromise {
    const throughRequest = callHooks !== undefined;
    let body = options.body ?? null;
    if (options.json !== undefined && !throughRequest) {
      body = (options.stringifyJson ?? stringifyJson ?? JSON.stringify)(options.json) ?? null;
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    }
    const callContext = new KyCallContext(options, headers, body, transfer, lifetime, throughRequest);
    const kyOptions: KyInit & {aiofetch: KyCallContext} = {method, aiofetch: callContext};
    if (options.searchParams !== undefined) kyOptions.searchParams = options.searchParams;
    if (options.parseJson) kyOptions.parseJson = options.parseJson;
    if (options.context) kyOptions.context = options.context;
    if (options.redirect) kyOptions.redirect = options.redirect;
    if (throughRequest) showToHooks(kyOptions, callContext, callHooks);
    const promise = instance(url, kyOptions) as ResponsePromise;
    return withOurSchemaErrors(promise, {method, url});
  }

  function showToHooks(kyOptions: KyInit, callContext: KyCallContext, callHooks: Hooks = {}): void {
    const {options, headers, lifetime} = callContext;
    const {beforeRequest = [], afterResponse = []} = callHooks;
    // Its own rather than the caller's, which may outlive thousands of calls, each leaving something on it.
    if (options.signal) kyOptions.signal = lifetime.signal;
    kyOptions.headers = Object.fromEntries(new Headers([...headers]));
    if (options.json !== undefined) kyOptions.json = options.json;
    if (options.stringifyJson) kyOptions.stringifyJson = options.stringifyJson;
    const shown = callContext.body && toShow(callContext.body);
    if (shown !== null) {
      kyOptions.body = shown;
      if (typeof callContext.body !== 'function' || isReplayable(shown)) callContext.body = shown;
    }
    callContext.checkedLater = afterResponse.length > 0;
    kyOptions.hooks = {
      ...callHooks,
      beforeError: [({error}) => withoutKy(error), ...(callHooks.beforeError ?? [])],
      beforeRequest: [
        ({request, options: made}) => {
          callContext.request = request;
          if ((made.body ?? null) !== shown) callContext.body = (made.body as BodyInit | undefined) ?? null;
        },
        ...beforeRequest.map((hook) => withAbort(hook, callContext)),
      ],
      ...(callContext.checkedLater && {
        afterResponse: [
          ...afterResponse,
          async ({request, response}: {request: Request; response: Response}) => {
            await judge(response, request, callContext);
          },
        ],
      }),
    };
  }

  // A call that a hook answers, or breaks off, never gets to the session: that is its end.
  function withAbort(hook: BeforeRequestHook, callContext: KyCallContext): BeforeRequestHook {
    return async (state) => {
      const {lifetime} = callContext;
      try {
        // An abort doesn't wait for what a hook may be waiting for.
        const result = await Promise.race([hook(state), lifetime.whenAborted()]);
        if (!isResponse(result)) return result;
        lifetime.end();
        if (!callContext.checkedLater) await judge(result, state.request, callContext);
        return result;
      } catch (error) {
        lifetime.fail(error);
        throw error;
      }
    };
  }

  async function send(request: Request, callContext: KyCallContext): Promise<Response> {
    const {options, lifetime, transfer, throughRequest} = callContext;
    let {headers, body} = callContext;
    if (throughRequest) {
      headers = HeaderList.from(request.headers as Headers);
      // Beside the Request, where it can be sent twice, unless it's no longer the same.
      if (request !== callContext.request || !isReplayable(body)) body = takeOrEnd(request, lifetime);
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
        trace: options.trace,
        native: nativeOf(options),
        transfer,
      },
      lifetime,
    );
    return callContext.checkedLater ? response : judge(response, request, callContext);
  }

  // A hook may have read it.
  function takeOrEnd(request: Request, lifetime: Lifetime): RequestBody | null {
    try {
      return takeBody(request);
    } catch (error) {
      lifetime.fail(error);
      throw error;
    }
  }

  function judge(
    response: Response,
    request: Request,
    {options, lifetime}: KyCallContext,
  ): Promise<Response> {
    return throwOnHttpError(response, request, {
      redirect: request.redirect,
      throwHttpErrors: options.throwHttpErrors ?? throwHttpErrors,
      parseJson: options.parseJson ?? parseJson,
      signal: options.signal,
      attempts: lifetime.attempts,
    });
  }

  return call;
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

// Its own error for a schema would hold the body's values.
function withOurSchemaErrors(promise: ResponsePromise, request: RedactedRequest): ResponsePromise {
  const {json} = promise;
  promise.json = (schema?: StandardSchema) => {
    if (schema === undefined) return json();
    const checks = {validate: async (value: unknown) => ({value: await validate(value, schema, request)})};
    return json({'~standard': checks} as never);
  };
  return promise;
}
