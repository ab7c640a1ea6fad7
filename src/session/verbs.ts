import type {Input, ResponsePromise} from 'ky';
import {keepErrors} from '../core/body.ts';
import {originOf} from '../core/fetch-origin.ts';
import {takeBody} from '../core/read-request-body.ts';
import {checkBody, lifetimeOf} from '../core/request.ts';
import {checkKnown} from '../utils/check-options.ts';
import type {CallOptions, ResponseOptions, VerbOptions} from './call-options.ts';
import {checkResponseOptions, hookOptionNames, verbOptionNames} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import type {BaseFetchInit, OutgoingCall} from './fetch-call.ts';
import {outgoingCall} from './fetch-call.ts';
import {jsonParserFor, toRejectedPromise, toResponsePromise, withJsonParser} from './response-promise.ts';
import {withSearchParams} from './search-params.ts';
import type {SessionHost} from './session-host.ts';
import type {CallThroughKy, HookSupport, VerbsSettings} from './verbs-settings.ts';

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
  return (host) => createVerbs(host, {...options, searchParams: listOf(options.searchParams)});
}

/** The list of search parameters that verbs start with. It is empty without any, so that a call doesn't look at its URL. */
export function listOf(searchParams: ResponseOptions['searchParams']): VerbsSettings['searchParams'] {
  return searchParams === undefined ? [] : [searchParams];
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
  const hookOptions = hookSupport ? hookOptionNames : [];
  const known = new Set([...verbOptionNames, ...host.callOptions, ...hookOptions]);
  let callThroughKy: CallThroughKy | undefined;

  function call(method: string, input: Input, given: CallOptions = {}): ResponsePromise {
    let outgoing: OutgoingCall | undefined;
    keepErrors(given?.body);
    try {
      checkCallOptions(given, known);
      hookSupport?.check(given);
      outgoing = toOutgoing(host, method, input, given);
      const {request, signal} = outgoing;
      host.begin(request, signal, originOf(given));
      if (hookSupport) {
        callThroughKy ??= hookSupport.create(host, settings);
        const promise = callThroughKy(outgoing, given);
        if (promise) return promise;
      }
      return callDirectly(outgoing, given);
    } catch (error) {
      if (outgoing) lifetimeOf(outgoing.request).fail(error);
      return toRejectedPromise(error);
    }
  }

  function callDirectly({request, signal}: OutgoingCall, options: CallOptions): ResponsePromise {
    const {searchParams, json} = options;
    const {headers} = request;
    const lists = settings.searchParams;
    if (searchParams !== undefined || lists.length > 0) {
      request.url = withSearchParams(request.url, [...lists, searchParams]);
    }
    if (json !== undefined) {
      request.body = (options.stringifyJson ?? settings.stringifyJson ?? JSON.stringify)(json) ?? null;
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    }
    const parse = jsonParserFor(options.parseJson ?? settings.parseJson, request);
    const throwHttpErrors = options.throwHttpErrors ?? settings.throwHttpErrors;
    return toResponsePromise(send(), request, parse, (mediaType) => {
      // Without effect for a request that has been sent already.
      if (!headers.has('accept')) headers.set('accept', mediaType);
    });

    async function send(): Promise<Response> {
      // Waits a microtask, because `.json()`, `.text()` and the other methods set `accept`.
      await undefined;
      const response = await host.send(request);
      if (response.ok) return withJsonParser(response, parse);
      const {redirect} = request;
      const {attempts} = lifetimeOf(request);
      const check = {redirect, signal, attempts, throwHttpErrors, parse};
      return withJsonParser(await throwOnHttpError(response, request, check), parse);
    }
  }

  return Object.fromEntries(
    methods.map((method) => [
      method,
      (input: Input, options?: CallOptions) => call(method.toUpperCase(), input, options),
    ]),
  ) as unknown as Verbs<CallOptions>;
}

/**
 * @throws UnsupportedOptionError for an unknown option; InvalidOptionError for a value that is not allowed
 */
function checkCallOptions(options: CallOptions, known: ReadonlySet<string>): void {
  checkKnown('a call', options, known, '');
  checkResponseOptions(options);
}

/** Turns the arguments of a verb into a request, still without its JSON and its search parameters. */
function toOutgoing(host: SessionHost, method: string, input: Input, given: CallOptions): OutgoingCall {
  const from = typeof input === 'string' || input instanceof URL ? undefined : input;
  const url = host.resolveUrl(from ? from.url : (input as string | URL));
  const headers = host.headersOf(from ? (from.headers as Headers) : given.headers);
  // The options are merged into a Request's own headers, and replace its other members.
  if (from && given.headers) headers.merge(given.headers);
  const {json} = given;
  if (json !== undefined) checkBody(method, '');
  const body = given.body ?? (from && json === undefined ? takeBody(from) : null);
  return outgoingCall({url, method, headers, body}, given as BaseFetchInit, from, host);
}
