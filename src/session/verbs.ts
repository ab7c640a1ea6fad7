import type {Input, ResponsePromise} from 'ky';
import type {Lifetime} from '../core/call-lifetime.ts';
import {originOf} from '../core/fetch-origin.ts';
import type {HeaderList} from '../core/header-list.ts';
import {nativeOf} from '../core/native-init.ts';
import {takeBody} from '../core/read-request-body.ts';
import type {Transfer} from '../core/request.ts';
import {checkBody, checkRedirect} from '../core/request.ts';
import type {CallOptions, KyOptions, OutgoingCall, VerbsHost} from './call-options.ts';
import {checkCallOptions, mergeHooks} from './call-options.ts';
import {throwOnHttpError} from './check-status.ts';
import {createKy} from './ky.ts';
import {toRejectedPromise, toResponsePromise} from './response-promise.ts';

export type {ResponsePromise} from 'ky';

/** A session's verbs: ky's, with its `ResponsePromise`, whose `.json()`, `.text()` and so on reject on a status that is no success. */
export interface Verbs {
  get<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  post<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  put<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  patch<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  delete<T = unknown>(url: Input, options?: CallOptions): ResponsePromise<T>;
  head(url: Input, options?: CallOptions): ResponsePromise;
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

/**
 * ky's verbs over a session. What only ky does, as hooks, goes through ky; a call that asks for none of that
 * doesn't: most of what such a call costs would be the `Request` and the signals that ky makes.
 */
export function createVerbs(host: VerbsHost): Verbs {
  const {hooks, parseJson, stringifyJson, throwHttpErrors} = host.options;
  const hasSearchParams = host.searchParams.some((searchParams) => searchParams !== undefined);
  let callKy: ReturnType<typeof createKy> | undefined;

  function call(method: string, input: Input, options: CallOptions = {}): ResponsePromise {
    let lifetime: Lifetime | undefined;
    try {
      checkCallOptions(options);
      const isUrl = typeof input === 'string' || input instanceof URL;
      const url = host.resolveUrl(isUrl ? input : input.url);
      const headers = host.headersOf(isUrl ? options.headers : (input.headers as Headers));
      if (!isUrl && options.headers) headers.merge(options.headers);
      const callOptions = isUrl ? options : overRequest(input, options);
      const {body, json, redirect, signal, timeout, retry, idempotencyKey, trace} = callOptions;
      if (redirect) checkRedirect(redirect);
      if (body != null || json !== undefined) checkBody(method, body ?? '');
      const transfer = host.transferOf(callOptions);
      lifetime = host.begin({url, method, signal, timeout, retry, idempotencyKey, trace});
      lifetime.cameFrom = originOf(options);
      const callHooks = mergeHooks(hooks, options.hooks);
      if (callHooks === undefined && !asksForKy(options)) {
        return callDirectly(method, url, headers, callOptions, transfer, lifetime);
      }
      callKy ??= createKy(host);
      return callKy(method, url, headers, callOptions, callHooks, transfer, lifetime);
    } catch (error) {
      lifetime?.fail(error);
      return toRejectedPromise(error);
    }
  }

  function asksForKy(options: CallOptions): boolean {
    return (
      hasSearchParams || options.searchParams !== undefined || (options.parseJson ?? parseJson) !== undefined
    );
  }

  function callDirectly(
    method: string,
    url: string,
    headers: HeaderList,
    options: CallOptions,
    transfer: Transfer | undefined,
    lifetime: Lifetime,
  ): ResponsePromise {
    const {json, signal, timeout, retry, idempotencyKey, trace} = options;
    let body = options.body ?? null;
    if (json !== undefined) {
      body = (options.stringifyJson ?? stringifyJson ?? JSON.stringify)(json) ?? null;
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    }
    const {redirect = 'follow'} = options;
    const native = nativeOf(options);
    const outgoing = {
      url,
      method,
      headers,
      body,
      redirect,
      signal,
      timeout,
      retry,
      idempotencyKey,
      trace,
      native,
      transfer,
    };
    return toResponsePromise(send(outgoing, options.throwHttpErrors, lifetime), outgoing, (mediaType) => {
      // Too late for a request that has been sent, and no harm.
      if (!headers.has('accept')) headers.set('accept', mediaType);
    });
  }

  async function send(
    call: OutgoingCall,
    ownThrowHttpErrors: KyOptions['throwHttpErrors'],
    lifetime: Lifetime,
  ): Promise<Response> {
    // Until the caller has said what it wants of the body: that is what it accepts.
    await undefined;
    const response = await host.send(call, lifetime);
    if (response.ok) return response;
    const {redirect, signal} = call;
    const {attempts} = lifetime;
    const statusCheck = {
      redirect,
      signal,
      attempts,
      throwHttpErrors: ownThrowHttpErrors ?? throwHttpErrors,
      parseJson,
    };
    return await throwOnHttpError(response, call, statusCheck);
  }

  return Object.fromEntries(
    methods.map((method) => [
      method,
      (input: Input, options?: CallOptions) => call(method.toUpperCase(), input, options),
    ]),
  ) as unknown as Verbs;
}

// A Request's own headers and body are what the options are laid over; its headers are merged by who calls.
function overRequest(input: Request, options: CallOptions): CallOptions {
  return {
    ...options,
    ...nativeOf(options, input),
    body: options.body ?? (options.json === undefined ? takeBody(input) : null),
    redirect: options.redirect ?? input.redirect,
    signal: options.signal === undefined ? input.signal : options.signal,
  };
}
