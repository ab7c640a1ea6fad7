import {isReplayable} from '../../core/body.ts';
import type {BegunLifetime} from '../../core/call-lifetime.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import type {RedactedRequest} from '../../errors/index.ts';
import {TimeoutError} from '../../errors/index.ts';
import {assertOption, checkDuration, checkKnown, checkNumber, isObject} from '../../utils/check-options.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {AuthError} from './error.ts';
import type {AuthContext, AuthScheme} from './index.ts';
import {bearerOf, sendSigned} from './index.ts';

/** A bearer token, and how long it is good for. */
export interface Token {
  readonly token: string;
  /**
   * When it expires: a `Date`, or ms since 1970, as of `Date.now()`.
   *
   * @default when the server refuses it
   */
  readonly expiresAt?: Date | number | undefined;
}

/** What a token source is told. */
export interface TokenRequest {
  /** The token that the server refused, where that is why it is asked. */
  readonly rejected: string | undefined;
  /** Aborted when the session is destroyed, or when it takes too long. */
  readonly signal: AbortSignal;
}

/** Gets a token: from a store, or from whoever issues them. */
export type TokenSource = (request: TokenRequest) => string | Token | Promise<string | Token>;

/** Options of {@link tokenSource}. */
export interface TokenSourceOptions {
  /**
   * How long before a token expires another one is got, in ms; no more than half of its life.
   *
   * @default 30_000
   */
  readonly skew?: number | undefined;
  /**
   * How long the source may take, in ms; `0`, `Infinity` or `false`: no limit, for one that asks a person.
   *
   * @default 30_000
   */
  readonly timeout?: number | false | undefined;
}

/**
 * Signs requests with a bearer token that is kept until it expires or the server refuses it with a 401, and is then
 * got anew: once, however many requests wait for it. Those that were refused are sent again, once each, if their body
 * can be; the others' answer is the 401, and the next request has the new token. A source that fails or takes too long
 * rejects all that wait for it with an `AuthError`, unless the token it was to replace is still good; the next request asks it again.
 * Who waits and is aborted leaves the source at its work: what it spent, a refresh token say, would be lost.
 *
 * @throws InvalidOptionError when an option is not what it may be
 *
 * @example
 * ```ts
 * import {createSession, tokenSource} from 'aiofetch';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/',
 *   auth: tokenSource(async ({signal}) => {
 *     const response = await fetch('https://login.example.com/token', {method: 'POST', signal});
 *     const {name} = (await response.json()) as {name: string};
 *     return {token: name, expiresAt: Date.now() + 3_600_000};
 *   }),
 * });
 * const user = await session.get('users/1').json<{name: string}>();
 * ```
 */
export function tokenSource(source: TokenSource, options: TokenSourceOptions = {}): AuthScheme {
  assertOption(typeof source === 'function', 'tokenSource', source, 'a function that gets a token');
  checkKnown('tokenSource', options, ['skew', 'timeout']);
  const timeout = checkDuration('tokenSource.timeout', options.timeout, defaultTimeout);
  const skew = checkNumber('tokenSource.skew', options.skew, defaultSkew);
  return tokenScheme(
    ({begin}) =>
      (rejected, request) =>
        withinTime(begin(), timeout, request, ({signal}) => source({rejected, signal})),
    skew,
  );
}

/** Gets a token, and ends with its lifetime, its time, or its session, whether it listens or not. */
export async function withinTime<Got>(
  lifetime: BegunLifetime,
  timeout: number | undefined,
  request: RedactedRequest,
  get: (lifetime: BegunLifetime) => Got | Promise<Got>,
): Promise<Got> {
  const timer =
    timeout && setTimeout(() => lifetime.abort(new TimeoutError('total', timeout, {request})), timeout);
  try {
    return await Promise.race([get(lifetime), lifetime.whenAborted()]);
  } finally {
    clearTimeout(timer);
    lifetime.end();
  }
}

export const defaultTimeout = 30_000;

export const defaultSkew = 30_000;

type GetToken = (rejected: string | undefined, request: ConnectorRequest) => Promise<string | Token>;

/** The scheme of whatever gets tokens. */
export function tokenScheme(getTokenOf: (context: AuthContext) => GetToken, skew: number): AuthScheme {
  return (context) => {
    const tokens = new Tokens(getTokenOf(context), skew);
    return (next) => async (request) => {
      if (request.headers.has('authorization')) return next(request);
      const token = await tokens.get(request);
      const response = await sendSigned(next, request, bearerOf(token));
      // Another origin, where a redirect led, never saw the token.
      if (response.status !== 401 || urlParts(response.url || request.url).origin !== context.origin) {
        return response;
      }
      tokens.reject(token);
      if (!isReplayable(request.body)) return response;
      request.lifetime.discard(response);
      return sendSigned(next, request, bearerOf(await tokens.get(request)));
    };
  };
}

interface KeptToken {
  readonly token: string;
  readonly expiresAt: number;
  /** When another is to be got. */
  readonly refreshAt: number;
}

/** The token there is, or the one that is being got. */
class Tokens {
  readonly #getToken: GetToken;
  readonly #skew: number;
  #kept: KeptToken | undefined = undefined;
  #rejected: string | undefined = undefined;
  #pending: Promise<KeptToken> | undefined = undefined;

  constructor(getToken: GetToken, skew: number) {
    this.#getToken = getToken;
    this.#skew = skew;
  }

  async get(request: ConnectorRequest): Promise<string> {
    if (this.#kept && Date.now() < this.#kept.refreshAt) return this.#kept.token;
    if (request.lifetime.isAborted) throw request.lifetime.reason;
    this.#pending ??= this.#refresh(request).finally(() => {
      this.#pending = undefined;
    });
    try {
      return (await this.#pending).token;
    } catch (cause) {
      // It was to be replaced before its time.
      if (this.#kept && Date.now() < this.#kept.expiresAt) return this.#kept.token;
      throw failure(request, cause);
    }
  }

  /** The server doesn't take this token. Where it was replaced meanwhile that is no news. */
  reject(token: string): void {
    if (this.#kept?.token !== token) return;
    this.#kept = undefined;
    this.#rejected = token;
  }

  async #refresh(request: ConnectorRequest): Promise<KeptToken> {
    const got = await this.#getToken(this.#rejected, request);
    const {token, expiresAt} = isObject(got) ? got : {token: got, expiresAt: undefined};
    bearerOf(token);
    const now = Date.now();
    const end = expiresAt === undefined ? Infinity : Number(expiresAt);
    assertOption(!Number.isNaN(end), 'token.expiresAt', expiresAt, 'a Date, or ms since 1970');
    this.#rejected = undefined;
    this.#kept = {token, expiresAt: end, refreshAt: end - Math.min(this.#skew, Math.max(end - now, 0) / 2)};
    return this.#kept;
  }
}

/** Why a request has no token: each that waited gets an error of its own, which is about it. */
function failure(request: ConnectorRequest, cause: unknown): AuthError {
  const details = {request, attempts: Math.max(lifetimeOf(request).attempts, 1)};
  // What took too long is the source, and not what the timeout's message is about.
  if (cause instanceof TimeoutError && cause.phase === 'total') {
    return new AuthError(`The token could not be got within ${cause.limit} ms`, {...details, cause});
  }
  return cause instanceof AuthError
    ? new AuthError(`The token could not be got: ${cause.message}`, {...details, cause: cause.cause})
    : new AuthError('The token could not be got', {...details, cause});
}
