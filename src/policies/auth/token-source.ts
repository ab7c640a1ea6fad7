import {isReplayable} from '../../core/body.ts';
import type {BegunLifetime} from '../../core/call-lifetime.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {requestEnded} from '../../core/request-ended.ts';
import type {RedactedRequest} from '../../errors/index.ts';
import {TimeoutError} from '../../errors/index.ts';
import {assertOption, checkDuration, checkKnown, checkNumber, isObject} from '../../utils/check-options.ts';
import {urlOrigin} from '../../utils/url-parts.ts';
import {AuthError} from './error.ts';
import type {AuthContext, AuthScheme} from './index.ts';
import {bearerOf, sendSigned} from './index.ts';

/** A bearer token, and when it expires. */
export interface Token {
  readonly token: string;
  /**
   * When the token expires: a `Date`, or ms since 1970 as `Date.now()` counts them.
   *
   * @default the token is used until the server refuses it
   */
  readonly expiresAt?: Date | number | undefined;
}

/** The argument of a {@link TokenSource}. */
export interface TokenRequest {
  /** The token that the server refused, if that is the reason for the request. */
  readonly rejected: string | undefined;
  /** Aborted when the session is destroyed, or when the source takes longer than `timeout`. */
  readonly signal: AbortSignal;
}

/** Returns a token, from a store or from its issuer. */
export type TokenSource = (request: TokenRequest) => string | Token | Promise<string | Token>;

/** Options of {@link tokenSource}. */
export interface TokenSourceOptions {
  /**
   * How long before its expiry a token is replaced, in ms; at most half of the token's lifetime.
   *
   * @default 30_000
   */
  readonly skew?: number | undefined;
  /**
   * How long the source may take, in ms; `0`, `Infinity` or `false` for no limit, for a source that asks a person.
   *
   * @default 30_000
   */
  readonly timeout?: number | false | undefined;
}

/**
 * Signs requests with a bearer token. The token is kept until it expires or the server refuses it with a 401. Then the
 * source is called again, once for all requests that wait for the new token. A refused request is sent once more if its
 * body can be sent again; otherwise the caller gets the 401, and the next request uses the new token. When the source
 * fails or takes too long, the waiting requests reject with an `AuthError`, unless the old token hasn't expired yet; the
 * next request calls the source again. Aborting a waiting request doesn't stop the source, which may already have used up
 * a refresh token.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
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
  assertOption(typeof source === 'function', 'tokenSource', source, 'a function that returns a token');
  checkKnown('tokenSource', options, ['skew', 'timeout']);
  const timeout = checkDuration('tokenSource.timeout', options.timeout, defaultTimeout);
  const skew = checkNumber('tokenSource.skew', options.skew, defaultSkew);
  return tokenScheme(
    () => (rejected, request, lifetime) =>
      withinTime(lifetime, timeout, request, ({signal}) => source({rejected, signal})),
    skew,
  );
}

/**
 * Calls `get` for a token. The promise settles at the latest when the timeout runs out or the session is destroyed, even
 * if `get` ignores its signal.
 */
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

type GetToken = (
  rejected: string | undefined,
  request: ConnectorRequest,
  lifetime: BegunLifetime,
) => Promise<string | Token>;

/** The scheme of {@link tokenSource} and of everything else that gets tokens. */
export function tokenScheme(getTokenOf: (context: AuthContext) => GetToken, skew: number): AuthScheme {
  const scheme: AuthScheme = (context) => {
    const tokens = new TokenCache(getTokenOf(context), skew, context.begin);
    return (next) => async (request) => {
      if (request.headers.has('authorization')) return next(request);
      const token = await tokens.get(request);
      const response = await sendSigned(next, request, bearerOf(token));
      // After a redirect to another origin, the 401 is not about the token: that origin never got it.
      if (response.status !== 401 || urlOrigin(response.url || request.url) !== context.origin) {
        return response;
      }
      tokens.reject(token);
      if (!isReplayable(request.body)) return response;
      request.lifetime.discard(response);
      return sendSigned(next, request, bearerOf(await tokens.get(request)));
    };
  };
  return Object.assign(scheme, {isShareable: true});
}

interface CachedToken {
  readonly token: string;
  readonly expiresAt: number;
  /** When the token is to be replaced. */
  readonly refreshAt: number;
}

/** A request for a token, which all calls that need one wait for. */
interface PendingToken {
  readonly token: Promise<CachedToken>;
  readonly lifetime: BegunLifetime;
}

/** The current token of a session, or the pending request for one. */
class TokenCache {
  readonly #getToken: GetToken;
  readonly #skew: number;
  #cached: CachedToken | undefined = undefined;
  #rejected: string | undefined = undefined;
  readonly #begin: AuthContext['begin'];
  #pending: PendingToken | undefined = undefined;

  constructor(getToken: GetToken, skew: number, begin: AuthContext['begin']) {
    this.#getToken = getToken;
    this.#skew = skew;
    this.#begin = begin;
  }

  async get(request: ConnectorRequest): Promise<string> {
    if (this.#cached && Date.now() < this.#cached.refreshAt) return this.#cached.token;
    if (request.lifetime.isAborted) throw request.lifetime.reason;
    const {token, lifetime} = this.#pending ?? this.#startRefresh(request);
    try {
      return (await Promise.race([token, lifetime.whenAborted()])).token;
    } catch (cause) {
      // A worker has ended the request whose call asked for the token. This call asks anew.
      if (cause === requestEnded) return this.get(request);
      // The token was to be replaced before it expires, and can still be used.
      if (this.#cached && Date.now() < this.#cached.expiresAt) return this.#cached.token;
      throw toAuthError(request, cause);
    }
  }

  /** Drops a token that the server refused. A token that was replaced in the meantime is ignored. */
  reject(token: string): void {
    if (this.#cached?.token !== token) return;
    this.#cached = undefined;
    this.#rejected = token;
  }

  #startRefresh(request: ConnectorRequest): PendingToken {
    const lifetime = this.#begin();
    const forget = () => {
      if (this.#pending?.lifetime === lifetime) this.#pending = undefined;
    };
    // An abort calls it too, because the promises of a worker's request that has ended settle no more.
    lifetime.onAbort({aborted: forget});
    this.#pending = {token: this.#refresh(request, lifetime).finally(forget), lifetime};
    return this.#pending;
  }

  async #refresh(request: ConnectorRequest, lifetime: BegunLifetime): Promise<CachedToken> {
    const got = await this.#getToken(this.#rejected, request, lifetime);
    const {token, expiresAt} = isObject(got) ? got : {token: got, expiresAt: undefined};
    bearerOf(token);
    const now = Date.now();
    const end = expiresAt === undefined ? Infinity : Number(expiresAt);
    assertOption(!Number.isNaN(end), 'token.expiresAt', expiresAt, 'a Date, or ms since 1970');
    this.#rejected = undefined;
    this.#cached = {token, expiresAt: end, refreshAt: end - Math.min(this.#skew, Math.max(end - now, 0) / 2)};
    return this.#cached;
  }
}

/** The error of a request without a token. Each waiting request gets an error of its own, which names that request. */
function toAuthError(request: ConnectorRequest, cause: unknown): AuthError {
  const details = {request, attempts: Math.max(lifetimeOf(request).attempts, 1)};
  // The source took too long. The message of the timeout would name the whole call instead.
  if (cause instanceof TimeoutError && cause.phase === 'total') {
    return new AuthError(`No token for the request: getting one took longer than ${cause.limit} ms`, {
      ...details,
      cause,
    });
  }
  return cause instanceof AuthError
    ? new AuthError(`No token for the request: ${cause.message}`, {...details, cause: cause.cause})
    : new AuthError('No token for the request: getting one failed', {...details, cause});
}
