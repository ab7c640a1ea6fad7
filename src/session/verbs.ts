import type {Input, ResponsePromise} from 'ky';
import {keepErrors} from '../core/body.ts';
import {originOf} from '../core/fetch-origin.ts';
import {foreignMembers} from '../core/native-init.ts';
import {takeBody} from '../core/read-request-body.ts';
import {checkBody, lifetimeOf} from '../core/request.ts';
import {toJsonError} from '../errors/json-error.ts';
import {checkKnown} from '../utils/check-options.ts';
import type {CallOptions, ResponseOptions, VerbOptions} from './call-options.ts';
import {checkResponseOptions, verbOptionNames} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import type {BaseFetchInit, OutgoingCall} from './fetch-call.ts';
import {isRequest, outgoingCall} from './fetch-call.ts';
import type {JsonParser} from './response-promise.ts';
import {setDefault, toResponsePromise} from './response-promise.ts';
import {withSearchParams} from './search-params.ts';
import type {SessionHost} from './session-host.ts';
import type {HookSupport, VerbsSettings} from './verbs-settings.ts';

export type {ResponsePromise} from 'ky';

/** The verbs of a session. They return ky's `ResponsePromise`, which rejects with an `HTTPError` for a status of 400 or more. */
export interface Verbs<Options = CallOptions> {
  get<T = unknown>(url: Input, options?: Options): ResponsePromise<T>;
  post<T = unknown>(url: Input, options?: Options): ResponsePromise<T>;
  put<T = unknown>(url: Input, options?: Options): ResponsePromise<T>;
  patch<T = unknown>(url: Input, options?: Options): ResponsePromise<T>;
  delete<T = unknown>(url: Input, options?: Options): ResponsePromise<T>;
  head(url: Input, options?: Options): ResponsePromise;
}

/** Makes the verbs of a session. */
export type VerbsFactory<Options = unknown> = (host: SessionHost) => Verbs<VerbOptions & Options>;

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

/**
 * Makes the verbs of a session of `aiofetch/core`: `get`, `post`, `put`, `patch`, `delete` and `head`, without hooks.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, verbs} from 'aiofetch/core';
 *
 * await using session = createSession({baseUrl: 'https://api.example.com/', verbs: verbs()});
 * const user = await session.get('users/1').json<{name: string}>();
 * ```
 */
export function verbs(options: ResponseOptions = {}): VerbsFactory {
  const known = ['searchParams', 'throwHttpErrors', 'parseJson', 'stringifyJson'];
  checkKnown('verbs', options, known);
  checkResponseOptions(options);
  return (host) => createVerbs(host, {...options, searchParams: [options.searchParams]});
}

/**
 * Makes ky's verbs over a session. Only a call with hooks goes through ky, because the `Request` and the signals that ky
 * makes are most of the cost of such a call.
 *
 * @param hookSupport - sends calls with hooks; without it, the verbs refuse hooks
 */
export function createVerbs(
  host: SessionHost,
  settings: VerbsSettings,
  hookSupport?: HookSupport,
): Verbs<CallOptions> {
  const known = new Set(verbOptionNames.concat(foreignMembers, host.callOptions, hookSupport?.options ?? []));
  const callThroughKy = hookSupport?.create(host, settings);

  function call(method: string, input: Input, given: CallOptions = {}): ResponsePromise {
    let outgoing: OutgoingCall | undefined;
    keepErrors(given?.body);
    try {
      checkKnown('a call', given, known, '');
      checkResponseOptions(given);
      hookSupport?.check(given);
      outgoing = toOutgoing(host, method, input, given);
      const {request, signal} = outgoing;
      host.begin(request, signal, originOf(given));
      return callThroughKy?.(outgoing, given) ?? callDirectly(outgoing, given);
    } catch (error) {
      if (outgoing) lifetimeOf(outgoing.request).fail(error);
      return toResponsePromise(Promise.reject(error));
    }
  }

  function callDirectly(outgoing: OutgoingCall, options: CallOptions): ResponsePromise {
    const {searchParams, json} = options;
    const {request} = outgoing;
    for (const params of settings.searchParams) request.url = withSearchParams(request.url, params);
    request.url = withSearchParams(request.url, searchParams);
    if (json !== undefined) {
      request.body = (options.stringifyJson ?? settings.stringifyJson ?? JSON.stringify)(json) ?? null;
      setDefault(request, 'content-type', 'application/json');
    }
    const parseJson = options.parseJson ?? settings.parseJson;
    const parse: JsonParser | undefined =
      parseJson &&
      (async (text, response) => {
        const {url, method, headers} = request;
        try {
          return await parseJson(text, {
            request: new Request(url, {method, headers: [...headers]}),
            response,
          });
        } catch (error) {
          throw toJsonError(error, request);
        }
      });
    const throwHttpErrors = options.throwHttpErrors ?? settings.throwHttpErrors;
    return toResponsePromise(send(), request, parse);

    async function send(): Promise<Response> {
      // Waits a microtask, because `.json()`, `.text()` and the other methods set `accept`.
      await undefined;
      const response = await host.send(request);
      if (!response.ok) await throwOnHttpError(response, outgoing, throwHttpErrors, parse);
      if (parse) response.json = async () => parse(await response.text(), response);
      return response;
    }
  }

  const verbs: Partial<Verbs<CallOptions>> = {};
  for (const method of methods)
    verbs[method] = (input: Input, options?: CallOptions) => call(method.toUpperCase(), input, options);
  return verbs as Verbs<CallOptions>;
}

/** Turns the arguments of a verb into a request, still without its JSON and its search parameters. */
function toOutgoing(host: SessionHost, method: string, input: Input, given: CallOptions): OutgoingCall {
  const from = isRequest(input) ? input : undefined;
  const url = host.resolveUrl(from ? from.url : input instanceof URL ? input : String(input));
  const headers = host.headersOf(from ? (from.headers as Headers) : given.headers);
  // The options are merged into a Request's own headers, and replace its other members.
  if (from && given.headers) headers.merge(given.headers);
  const {json} = given;
  if (json !== undefined) checkBody(method, '');
  const body = given.body ?? (from && json === undefined ? takeBody(from) : null);
  return outgoingCall({url, method, headers, body}, given as BaseFetchInit, from, host);
}
