import type {Lifetime} from '../../core/call-lifetime.ts';
import type {Connector} from '../../core/connector.ts';
import type {Handler, Policy} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, isObject} from '../../utils/check-options.ts';
import {basicAuthorization, isBasicCredentials, isBearerToken} from '../../utils/credentials.ts';
import {urlParts} from '../../utils/url-parts.ts';

/** A credential, or a function that gets it for each attempt. */
export type Credential = string | (() => string | Promise<string>);

/** What a session signs its requests with. Sent to the origin of `baseUrl` only, and never where a redirect leads elsewhere. */
export type Auth =
  /** `Authorization: Bearer …` (RFC 6750). */
  | {readonly bearer: Credential}
  /** `Authorization: Basic …` (RFC 7617). */
  | {readonly basic: {readonly username: string; readonly password: string}}
  /** What `apiKey`, `tokenSource`, `oauth2ClientCredentials` and `digest` make, or one of your own. */
  | AuthScheme;

/** What an {@link AuthScheme} has of the session it is for. */
export interface AuthContext {
  /** The origin of the session's `baseUrl`. */
  readonly origin: string;
  /** The session's connector, for what the scheme has to ask for itself. */
  readonly connector: Connector;
  /**
   * Begins something that the session waits for when it is closed, and aborts when it is destroyed. Whoever begins it
   * ends it, with `end()`.
   */
  begin(): Lifetime;
}

/**
 * A way to sign requests: makes the policy that does, once for each session. No request to another origin than the
 * session's own comes to it. It is inside of all other policies, so that every attempt is signed anew.
 *
 * @example
 * ```ts
 * import type {AuthScheme} from 'aiofetch';
 * import {createSession} from 'aiofetch';
 *
 * const signed: AuthScheme = () => (next) => (request) => {
 *   const headers = request.headers.copy();
 *   headers.set('x-signature', `${request.method} ${request.attempt}`);
 *   return next(request.with({headers}));
 * };
 * await using session = createSession({baseUrl: 'https://api.example.com/', auth: signed});
 * await session.get('users').json();
 * ```
 */
export type AuthScheme = (context: AuthContext) => Policy;

/**
 * Signs requests to one origin.
 *
 * @throws InvalidOptionError when `auth` is not what it may be
 */
export function authPolicy(auth: Auth, context: AuthContext): Policy {
  const sign = typeof auth === 'function' ? auth(context) : headerPolicy(auth);
  return (next) => {
    const signed = sign(next);
    // The origin, and not just a prefix of the URL: "https://api.example.com.evil.test" begins the same way.
    return (request) => (urlParts(request.url).origin === context.origin ? signed : next)(request);
  };
}

/** Sets `Authorization`, unless the caller has set it. */
function headerPolicy(auth: Exclude<Auth, AuthScheme>): Policy {
  const header = headerOf(auth);
  return (next) => (request) => {
    if (request.headers.has('authorization')) return next(request);
    const value = header();
    return typeof value === 'string'
      ? sendSigned(next, request, value)
      : value.then((later) => sendSigned(next, request, later));
  };
}

// On a copy: the caller's record may go on to another origin, or wants another token the next time.
export function sendSigned(
  next: Handler,
  request: ConnectorRequest,
  value: string,
  name = 'authorization',
): Promise<Response> {
  const headers = request.headers.copy();
  headers.set(name, value);
  return next(request.with({headers}));
}

function headerOf(auth: Exclude<Auth, AuthScheme>): () => string | Promise<string> {
  assertOption(
    isObject(auth) && 'bearer' in auth !== 'basic' in auth,
    'auth',
    auth,
    'an object with bearer, or with basic, or an auth scheme',
  );
  if ('basic' in auth) {
    const {basic} = auth;
    assertOption(
      isBasicCredentials(basic),
      'auth.basic',
      typeof basic,
      'a username without ":" and a password',
    );
    const value = basicAuthorization(basic);
    return () => value;
  }
  const {bearer} = auth;
  if (typeof bearer === 'function') {
    return () => {
      const token = bearer();
      return typeof token === 'string' ? bearerOf(token) : Promise.resolve(token).then(bearerOf);
    };
  }
  const value = bearerOf(bearer);
  return () => value;
}

/** @throws InvalidOptionError for what is no token */
export function bearerOf(token: string): string {
  // A value that is none isn't shown: it may be half of a secret.
  assertOption(
    isBearerToken(token),
    'auth.bearer',
    typeof token === 'string' ? new Error('empty, or with other characters') : typeof token,
    'visible ASCII characters, or a function that gets them',
  );
  return `Bearer ${token}`;
}
