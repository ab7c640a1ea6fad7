import type {BeforeRequestHook, Options as KyInit, KyInstance, ResponsePromise} from 'ky';
import ky, {isForceRetryError, isHTTPError} from 'ky';
import type {RequestBody} from '../core/body.ts';
import {isReplayable, isStreamLike, tagOf, toReadableStream} from '../core/body.ts';
import {encodeMultipart} from '../core/multipart.ts';
import {takeBody} from '../core/read-request-body.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {lifetimeOf} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {AiofetchError, HTTPError} from '../errors/index.ts';
import {toJsonError} from '../errors/json-error.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {CallOptions, Hooks} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import type {OutgoingCall} from './fetch-call.ts';
import {checkHookOptions, mergeHooks} from './hooks.ts';
import {validate} from './response-promise.ts';
import type {SessionHost} from './session-host.ts';
import type {CallThroughKy, HookSupport, VerbsSettings} from './verbs-settings.ts';

// The data of one call that goes through ky. ky passes unknown options to its `fetch` as they are, so this object is passed
// as the option `aiofetch`. It is a class, because ky copies plain objects.
class KyCallContext {
  readonly call: OutgoingCall;
  readonly options: CallOptions;
  readonly hooks: Hooks;
  body: RequestBody | null;
  /**
   * The `Request` that ky made with `body`, and that shows headers and body to the hooks. A hook may replace it by another.
   */
  request: Request | undefined = undefined;
  /** The status is checked after the `afterResponse` hooks, because they may replace the response. */
  checkedLater = false;

  constructor(call: OutgoingCall, options: CallOptions, hooks: Hooks) {
    this.call = call;
    this.options = options;
    this.hooks = hooks;
    this.body = call.request.body;
  }
}

/** Support for ky's hooks in verbs. */
export const kyHooks: HookSupport = {check: checkHookOptions, create: createKy};

/**
 * Makes the function that sends calls with hooks through ky. ky's own retry and timeout are off, because the session does both.
 *
 * The function is long because the steps between ky's `Request` and the session's share the call's context.
 */
function createKy(host: SessionHost, settings: VerbsSettings): CallThroughKy {
  const {hooks, parseJson, stringifyJson, context, throwHttpErrors} = settings;
  let instance: KyInstance = ky.create({
    fetch: (input, init) => send(input as Request, (init as unknown as {aiofetch: KyCallContext}).aiofetch),
    retry: 0,
    timeout: false,
    // `check` checks the status.
    throwHttpErrors: false,
    ...(parseJson && {parseJson}),
    ...(stringifyJson && {stringifyJson}),
    ...(context && {context}),
  });
  // Hooks see the search parameters as options, so ky merges them.
  for (const searchParams of settings.searchParams) instance = instance.extend({searchParams});

  function call(outgoing: OutgoingCall, options: CallOptions): ResponsePromise | undefined {
    const callHooks = mergeHooks(hooks, options.hooks);
    if (!callHooks) return undefined;
    const {url, method, redirect} = outgoing.request;
    const callContext = new KyCallContext(outgoing, options, callHooks);
    const kyOptions: KyInit & {aiofetch: KyCallContext} = {method, redirect, aiofetch: callContext};
    if (options.searchParams !== undefined) kyOptions.searchParams = options.searchParams;
    if (options.parseJson) kyOptions.parseJson = options.parseJson;
    if (options.context) kyOptions.context = options.context;
    showToHooks(kyOptions, callContext);
    const promise = instance(url, kyOptions) as ResponsePromise;
    return withOurErrors(promise, {method, url});
  }

  function showToHooks(kyOptions: KyInit, callContext: KyCallContext): void {
    const {options, call, hooks: callHooks} = callContext;
    const {request: outgoing, signal} = call;
    const {beforeRequest = [], afterResponse = []} = callHooks;
    // Use the call's own signal: every `Request` leaves a listener on its signal, and the caller's may outlive thousands
    // of calls.
    if (signal) kyOptions.signal = outgoing.signal;
    kyOptions.headers = Object.fromEntries(new Headers([...outgoing.headers]));
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
            await check(response, request, callContext);
          },
        ],
      }),
    };
  }

  // If a hook returns a response or throws, the call doesn't reach `host.send`, so it ends here.
  function withAbort(hook: BeforeRequestHook, callContext: KyCallContext): BeforeRequestHook {
    return async (state) => {
      const lifetime = lifetimeOf(callContext.call.request);
      try {
        // An abort rejects the call at once, even if the hook still runs.
        const result = await Promise.race([hook(state), lifetime.abortedBeforeDelivery()]);
        if (!isResponse(result)) return result;
        lifetime.end();
        if (!callContext.checkedLater) await check(result, state.request, callContext);
        return result;
      } catch (error) {
        lifetime.fail(error);
        throw error;
      }
    };
  }

  async function send(request: Request, callContext: KyCallContext): Promise<Response> {
    const outgoing = callContext.call.request;
    outgoing.url = host.resolveUrl(request.url);
    outgoing.method = request.method;
    outgoing.redirect = request.redirect;
    outgoing.headers = host.headersFrom(request.headers as Headers);
    // The original body is sent instead of that of ky's `Request`, unless it can be sent only once or a hook replaced the
    // `Request`.
    const isSame = request === callContext.request && isReplayable(callContext.body);
    outgoing.body = isSame ? callContext.body : takeOrFail(request, outgoing);
    const response = await host.send(outgoing);
    return callContext.checkedLater ? response : check(response, request, callContext);
  }

  // Throws if a hook has read the body.
  function takeOrFail(request: Request, outgoing: ConnectorRequest): RequestBody | null {
    try {
      return takeBody(request);
    } catch (error) {
      lifetimeOf(outgoing).fail(error);
      throw error;
    }
  }

  function check(response: Response, request: Request, callContext: KyCallContext): Promise<Response> {
    const {options, call} = callContext;
    const parse = options.parseJson ?? parseJson;
    return throwOnHttpError(response, request, {
      redirect: request.redirect,
      throwHttpErrors: options.throwHttpErrors ?? throwHttpErrors,
      parse: parse && ((text) => parse(text, {request, response})),
      signal: call.signal,
      attempts: lifetimeOf(call.request).attempts,
    });
  }

  return call;
}

/** Converts a body to one that the constructor of `Request` takes. */
function toShow(body: RequestBody): BodyInit {
  if (typeof body === 'function') return toShow(body());
  // Encoded here, so that hooks see the boundary that is sent.
  if (body instanceof FormData) return encodeMultipart(body);
  return isStreamLike(body) ? toReadableStream(body) : body;
}

function isResponse(value: unknown): value is Response {
  return value instanceof Response || tagOf(value) === 'Response';
}

// ky's own errors hold the options and the request with its credentials, so they must not reach the caller.
function withoutKy(error: Error): Error {
  // Checked first, because ky recognises errors by name, and some errors of this package have the same names.
  if (error instanceof AiofetchError) return error;
  if (isHTTPError(error)) return new HTTPError(error.response, error.data, {request: error.request});
  if (isForceRetryError(error))
    return new TypeError(
      "ky.retry() does not work here, because ky's own retry is off; use the retry option",
    );
  return error;
}

// ky's own schema error would show values of the body, and the error of its JSON parser a piece of it.
function withOurErrors(promise: ResponsePromise, request: RedactedRequest): ResponsePromise {
  const {json} = promise;
  promise.json = async (schema?: StandardSchema) => {
    const checks = schema && {
      validate: async (value: unknown) => ({value: await validate(value, schema, request)}),
    };
    try {
      return await (checks ? json({'~standard': checks} as never) : json());
    } catch (error) {
      throw toJsonError(error, request);
    }
  };
  return promise;
}
