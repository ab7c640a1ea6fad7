import type {BeforeRequestHook, Options as KyInit, ResponsePromise} from 'ky';
import ky, {isForceRetryError, isHTTPError} from 'ky';
import type {RequestBody} from '../core/body.ts';
import {isForm, isReplayable, isStreamLike, madeBody, tagOf, toReadableStream} from '../core/body.ts';
import {takeBody} from '../core/read-request-body.ts';
import {lifetimeOf} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {AiofetchError, HTTPError} from '../errors/index.ts';
import {toJsonError} from '../errors/json-error.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {hookOptionNames} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import {checkHookOptions, mergeHooks} from './hooks.ts';
import {validate} from './response-promise.ts';
import {withSearchParams} from './search-params.ts';
import type {SessionHost} from './session-host.ts';
import type {CallThroughKy, HookSupport, VerbsSettings} from './verbs-settings.ts';

/** Support for ky's hooks in verbs. */
export const kyHooks: HookSupport = {options: hookOptionNames, check: checkHookOptions, create: createKy};

/** Makes the function that sends calls with hooks through ky. ky's own retry and timeout are off, because the session does both. */
function createKy(host: SessionHost, settings: VerbsSettings): CallThroughKy {
  // One function for each call, because its steps share the data of the call.
  return (call, options) => {
    const hooks = mergeHooks(settings.hooks, options.hooks);
    if (!hooks) return undefined;
    const {request: outgoing, signal} = call;
    const {url, method, redirect, body: given} = outgoing;
    const lifetime = lifetimeOf(outgoing);
    const {beforeRequest = [], beforeError = [], afterResponse = []} = hooks;
    // The status is checked after the `afterResponse` hooks, because they may replace the response.
    const checksLater = afterResponse.length > 0;
    const parseJson = options.parseJson ?? settings.parseJson;
    const shown = given && toShow(given, host.encodeForm);
    let body: RequestBody | null = typeof given === 'function' && !isReplayable(shown) ? given : shown;
    // The `Request` that ky made with `body`, and that shows headers and body to the hooks. A hook may replace it.
    let shownRequest: Request | undefined;

    function adopt(request: Request): void {
      outgoing.url = host.resolveUrl(request.url);
      outgoing.method = request.method;
      outgoing.redirect = request.redirect;
    }

    async function check(response: Response, request: Request): Promise<Response> {
      adopt(request);
      const parse = parseJson && ((text: string) => parseJson(text, {request, response}));
      const throwHttpErrors = options.throwHttpErrors ?? settings.throwHttpErrors;
      if (!response.ok) await throwOnHttpError(response, call, throwHttpErrors, parse);
      return response;
    }

    // If a hook returns a response or throws, the call doesn't reach `host.send`, so it ends here.
    function withAbort(hook: BeforeRequestHook): BeforeRequestHook {
      return async (state) => {
        try {
          // An abort rejects the call at once, even if the hook still runs.
          const result = await Promise.race([hook(state), lifetime.abortedBeforeDelivery()]);
          if (!isResponse(result)) return result;
          lifetime.end();
          return checksLater ? result : await check(result, state.request);
        } catch (error) {
          lifetime.fail(error);
          throw error;
        }
      };
    }

    async function send(request: Request): Promise<Response> {
      adopt(request);
      outgoing.headers = host.headersFrom(request.headers as Headers);
      // The original body is sent instead of that of ky's `Request`, unless it can be sent only once, a hook replaced the
      // `Request`, or the runtime has encoded a form in it.
      const isSame = request === shownRequest && isReplayable(body) && !isForm(body);
      try {
        outgoing.body = isSame ? body : takeBody(request);
      } catch (error) {
        // A hook has read the body.
        lifetime.fail(error);
        throw error;
      }
      const response = await host.send(outgoing);
      return checksLater ? response : check(response, request);
    }

    let instance = ky;
    let target = url;
    // `init` hooks see the search parameters as options, so ky merges them, and writes the whole query anew.
    for (const searchParams of [...settings.searchParams, options.searchParams]) {
      if (!hooks.init?.length) target = withSearchParams(target, searchParams);
      else if (searchParams !== undefined) instance = instance.extend({searchParams});
    }
    const promise = instance(target, {
      method,
      redirect,
      headers: Object.fromEntries(new Headers([...outgoing.headers])),
      body: shown,
      json: options.json,
      parseJson,
      stringifyJson: options.stringifyJson ?? settings.stringifyJson,
      context: {...settings.context, ...options.context},
      // Use the call's own signal: every `Request` leaves a listener on its signal, and the caller's may outlive thousands
      // of calls.
      signal: signal && outgoing.signal,
      fetch: (request) => send(request as Request),
      retry: 0,
      timeout: false,
      // `check` checks the status.
      throwHttpErrors: false,
      hooks: {
        ...hooks,
        beforeError: [({error}) => withoutKy(error), ...beforeError],
        beforeRequest: [
          ({request, options: made}) => {
            shownRequest = request;
            if ((made.body ?? null) !== shown) body = (made.body as BodyInit | undefined) ?? null;
          },
          ...beforeRequest.map(withAbort),
        ],
        afterResponse: checksLater
          ? [...afterResponse, async ({request, response}) => void (await check(response, request))]
          : [],
      },
    } as KyInit) as ResponsePromise;
    return withOurErrors(promise, {method, url});
  };
}

/** Converts a body to one that the constructor of `Request` takes. */
function toShow(given: RequestBody, encodeForm: SessionHost['encodeForm']): BodyInit | null {
  const body = madeBody(given);
  // Encoded here, so that hooks see the boundary that is sent.
  if (encodeForm && isForm(body)) return encodeForm(body);
  return body && isStreamLike(body) ? toReadableStream(body) : body;
}

function isResponse(value: unknown): value is Response {
  return tagOf(value) === 'Response';
}

// ky's own errors hold the options and the request with its credentials, so they must not reach the caller.
function withoutKy(error: Error): Error {
  // Checked first, because ky recognises errors by name, and some errors of this package have the same names.
  if (error instanceof AiofetchError) return error;
  // ky puts a network error into one of its own.
  if (error.name === 'NetworkError' && error.cause instanceof AiofetchError) return error.cause;
  if (isHTTPError(error)) return new HTTPError(error.response, error.data, {request: error.request});
  if (isForceRetryError(error))
    return new TypeError("ky.retry() does not work, because ky's retry is off; use the retry option");
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
