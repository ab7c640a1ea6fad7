import type {BegunLifetime} from '../../core/call-lifetime.ts';
import type {Connector} from '../../core/connector.ts';
import type {Handler, Policy, PolicyContext, PolicyDefinition} from '../../core/policy.ts';
import {applyPolicy} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {InvalidOptionError} from '../../errors/index.ts';
import {assertOption, isObject} from '../../utils/check-options.ts';
import {basicAuthorization, isBasicCredentials, isBearerToken} from '../../utils/credentials.ts';
import {registerSecretNames} from '../../utils/secret-names.ts';
import {urlOrigin} from '../../utils/url-parts.ts';

/** A credential, or a function that is called for one at each attempt. */
export type Credential = string | (() => string | Promise<string>);

/** The credentials of a session. They are sent to the origin of `baseUrl` only, not to other origins after a redirect. */
export type Auth =
  /** `Authorization: Bearer …` (RFC 6750). */
  | {readonly bearer: Credential}
  /** `Authorization: Basic …` (RFC 7617). */
  | {readonly basic: {readonly username: string; readonly password: string}}
  /** A scheme made by `apiKey`, `tokenSource`, `oauth2ClientCredentials` or `digest`, or one of your own. */
  | AuthScheme;

/** The parts of a session that an {@link AuthScheme} may use. */
export interface AuthContext {
  /** The origin of the session's `baseUrl`. */
  readonly origin: string;
  /** The session's connector, for requests of the scheme's own. */
  readonly connector: Connector;
  /**
   * Begins work of the scheme's own, such as the refresh of a token. `session.close()` waits for it and `session.destroy()`
   * aborts it. The scheme ends it with `end()`.
   */
  begin(): BegunLifetime;
}

/**
 * A way to sign requests. It is called once for each session and returns the policy that signs. The policy gets only
 * requests to the origin of the session's `baseUrl`. It is the innermost policy, so that every attempt is signed anew.
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
export interface AuthScheme {
  (context: AuthContext): Policy;
  /**
   * Whether all calls of a session get the same credentials, so that `singleFlightPolicy` may share their requests.
   *
   * @default false
   */
  readonly isShareable?: boolean | undefined;
  /**
   * The headers and query parameters that carry the credentials, beside `Authorization`. HAR files and telemetry hide their
   * values, and a redirect to another origin is followed without these headers.
   *
   * @default names that look like credentials, such as `x-api-key`, are hidden in any case
   */
  readonly secretNames?: readonly string[] | undefined;
}

/**
 * Signs requests to the origin of the session's `baseUrl`, and no others. Child sessions sign for the same origin, with
 * the same tokens. `createSession` of `aiofetch` has this policy when its `auth` option is set, as the innermost one, so
 * that every attempt is signed anew. A call with `auth: false` is not signed.
 *
 * @throws InvalidOptionError when `auth` has a value that is not allowed, or the session has no `baseUrl`
 *
 * @example
 * ```ts
 * import {authPolicy, createSession} from 'aiofetch/core';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/',
 *   policies: [authPolicy({bearer: 'token'})],
 * });
 * await session.fetch('users');
 * ```
 */
export function authPolicy(auth: Auth): PolicyDefinition {
  const headers = typeof auth === 'function' ? undefined : headerPolicy(auth);
  if (typeof auth === 'function') registerSecretNames(auth.secretNames ?? []);
  // A scheme keeps its tokens for the session that it was given to and for the children of that session.
  const schemes = new WeakMap<PolicyContext, Policy>();

  function schemeFor(context: PolicyContext, origin: string): Policy {
    if (typeof auth !== 'function') return headers as Policy;
    const made = schemes.get(context) ?? auth({origin, connector: context.connector, begin: context.begin});
    schemes.set(context, made);
    return made;
  }

  return {
    name: 'auth',
    callOptions: {
      auth(value: unknown) {
        assertOption(value === false, 'auth', value, 'false in a call');
        return value;
      },
    },
    isShareable: typeof auth === 'function' ? auth.isShareable : !isMadePerCall(auth),
    wrap(next, context) {
      if (!context.baseUrl) {
        throw new InvalidOptionError(
          'auth',
          new Error('the session has no baseUrl'),
          'auth with a baseUrl, whose origin alone gets the credentials',
        );
      }
      const {origin} = context.baseUrl;
      const signed = applyPolicy(schemeFor(context, origin), next, context);
      // The whole origin is compared: "https://api.example.com.evil.test" starts with "https://api.example.com".
      return (request) =>
        (urlOrigin(request.url) === origin && request.options['auth'] !== false ? signed : next)(request);
    },
  };
}

/** Whether a function is called for the credentials at each attempt, which may ask who makes the call. */
function isMadePerCall(auth: Exclude<Auth, AuthScheme>): boolean {
  return 'bearer' in auth && typeof auth.bearer === 'function';
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

/**
 * Sends a request with a signature in a header. The headers are a copy, because a redirect may send the caller's to
 * another origin, and another attempt needs another token.
 */
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
    'an object with either bearer or basic, or an auth scheme',
  );
  if ('basic' in auth) {
    const {basic} = auth;
    assertOption(isBasicCredentials(basic), 'auth.basic', basic, 'a username without ":" and a password');
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

/**
 * The value of `Authorization` for a bearer token (RFC 6750, section 2.1).
 *
 * @throws InvalidOptionError when the text can't be a token
 */
export function bearerOf(token: string): string {
  // The error doesn't show the value, which may be a part of a secret.
  assertOption(
    isBearerToken(token),
    'auth.bearer',
    token,
    'visible ASCII characters, or a function that returns them',
  );
  return `Bearer ${token}`;
}
