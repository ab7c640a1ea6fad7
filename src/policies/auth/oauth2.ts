import type {CallLifetime} from '../../core/call-lifetime.ts';
import {FlatHeaderList} from '../../core/flat-header-list.ts';
import type {Handler} from '../../core/policy.ts';
import {ConnectorRequest} from '../../core/request.ts';
import {HTTPError, ResponseTooLargeError} from '../../errors/index.ts';
import {assertOption, checkDuration, checkKnown, checkNumber, isObject} from '../../utils/check-options.ts';
import {basicAuthorization} from '../../utils/credentials.ts';
import {retryPolicy} from '../retry/index.ts';
import {retriedStatuses} from '../retry/options.ts';
import {AuthError} from './error.ts';
import type {AuthScheme, Credential} from './index.ts';
import type {Token} from './token-source.ts';
import {defaultSkew, defaultTimeout, tokenScheme, withinTime} from './token-source.ts';

/** Options of {@link oauth2ClientCredentials}. */
export interface OAuth2ClientCredentialsOptions {
  /** The URL of the token endpoint. Only that URL gets the client's credentials: a redirect from it is an error. */
  readonly tokenUrl: string | URL;
  readonly clientId: string;
  /** The client's secret. A function is called for each new token. */
  readonly clientSecret: Credential;
  /**
   * How the client authenticates (RFC 6749, section 2.3.1): `client_secret_basic` by HTTP Basic, `client_secret_post` in
   * the body.
   *
   * @default 'client_secret_basic'
   */
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post' | undefined;
  /** The scope of the token (RFC 6749, section 3.3). A list is joined by spaces. */
  readonly scope?: string | readonly string[] | undefined;
  /** The audience of the token, a parameter of Auth0 and other providers. */
  readonly audience?: string | undefined;
  /** The resource, or a list of resources, that the token is for (RFC 8707). */
  readonly resource?: string | readonly string[] | undefined;
  /** Further parameters of the token request. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /**
   * How long before its expiry a token is replaced, in ms; at most half of the token's lifetime.
   *
   * @default 30_000
   */
  readonly skew?: number | undefined;
  /**
   * How long the request for a token may take with its retries, in ms; `0`, `Infinity` or `false` for no limit.
   *
   * @default 30_000
   */
  readonly timeout?: number | false | undefined;
}

/** How large the response of a token endpoint may be, in bytes. */
const maxAnswerSize = 1_048_576;

/**
 * Signs requests with tokens of the OAuth 2.0 client credentials grant (RFC 6749, section 4.4). It requests the tokens
 * over the session's connector, keeps them, and replaces them before they expire or when the server refuses them, as
 * `tokenSource` does. If it gets no token, the calls reject with an `AuthError`. When the token endpoint has refused, the
 * `cause` of that error is an `HTTPError` with the endpoint's answer in `data`.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, oauth2ClientCredentials} from 'aiofetch';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/',
 *   auth: oauth2ClientCredentials({
 *     tokenUrl: 'https://login.example.com/oauth/token',
 *     clientId: 'id',
 *     clientSecret: 'secret',
 *     scope: ['users:read'],
 *   }),
 * });
 * console.log(session.closed);
 * ```
 */
export function oauth2ClientCredentials(options: OAuth2ClientCredentialsOptions): AuthScheme {
  const grant = checkGrant(options);
  return tokenScheme((context) => {
    const retry = retryPolicy({
      shouldRetry: ({response}) => !response || retriedStatuses.includes(response.status),
    });
    const send = retry.wrap(context.connector.fetch, {...context, baseUrl: undefined});
    return (_rejected, _request, begun) =>
      withinTime(begun, grant.timeout, grant, (lifetime) => requestToken(grant, lifetime, send));
  }, grant.skew);
}

/** The request for a token, checked and complete. */
interface Grant {
  /** With `url`, the request as errors show it. */
  readonly method: string;
  readonly url: string;
  readonly clientId: string;
  readonly getSecret: () => string | Promise<string>;
  readonly inBody: boolean;
  readonly parameters: ReadonlyArray<readonly [string, string]>;
  readonly timeout: number | undefined;
  readonly skew: number;
}

function checkGrant(options: OAuth2ClientCredentialsOptions): Grant {
  const where = 'oauth2ClientCredentials';
  checkKnown(where, options, [
    'tokenUrl',
    'clientId',
    'clientSecret',
    'authMethod',
    'scope',
    'audience',
    'resource',
    'parameters',
    'skew',
    'timeout',
  ]);
  const {clientId, clientSecret, authMethod = 'client_secret_basic', audience, parameters} = options;
  const {scope, resource} = options;
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const allows = (name: keyof typeof options, is: boolean, allowed: string) =>
    assertOption(is, `${where}.${name}`, options[name], allowed);
  allows('clientId', isText(clientId), 'a string');
  allows(
    'clientSecret',
    isText(clientSecret) || typeof clientSecret === 'function',
    'a string, or a function',
  );
  for (const name of ['scope', 'resource'] as const) {
    const value = options[name];
    const isList = Array.isArray(value) && value.every(isText);
    allows(name, value === undefined || isText(value) || isList, 'a string, or a list of them');
  }
  allows('audience', audience === undefined || isText(audience), 'a string');
  const pairs = Object.entries(parameters ?? {});
  allows(
    'parameters',
    pairs.every(([, value]) => typeof value === 'string'),
    'an object of strings',
  );
  assertOption(
    authMethod === 'client_secret_basic' || authMethod === 'client_secret_post',
    `${where}.authMethod`,
    authMethod,
    'client_secret_basic or client_secret_post',
  );
  return {
    method: 'POST',
    url: checkTokenUrl(`${where}.tokenUrl`, options.tokenUrl),
    clientId,
    getSecret: typeof clientSecret === 'function' ? clientSecret : () => clientSecret,
    inBody: authMethod === 'client_secret_post',
    parameters: [
      ['grant_type', 'client_credentials'],
      ...(scope === undefined ? [] : [['scope', [scope].flat().join(' ')] as const]),
      ...(audience === undefined ? [] : [['audience', audience] as const]),
      ...(resource === undefined ? [] : [resource].flat().map((value) => ['resource', value] as const)),
      ...pairs,
    ],
    timeout: checkDuration(`${where}.timeout`, options.timeout, defaultTimeout),
    skew: checkNumber(`${where}.skew`, options.skew, defaultSkew),
  };
}

function checkTokenUrl(option: string, value: string | URL): string {
  const url = URL.parse(value);
  const isAllowed = url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  // The error doesn't show the URL, because it may contain a password.
  assertOption(
    isAllowed,
    option,
    new Error('it is not such a URL'),
    'an absolute http: or https: URL without credentials',
  );
  url.hash = '';
  return url.href;
}

async function requestToken(grant: Grant, lifetime: CallLifetime, send: Handler): Promise<Token> {
  const {url, method, clientId, inBody} = grant;
  const secret = await grant.getSecret();
  const body = new URLSearchParams(grant.parameters.map(([name, value]) => [name, value]));
  const headers = FlatHeaderList.from({accept: 'application/json'});
  if (inBody) {
    body.set('client_id', clientId);
    body.set('client_secret', secret);
  } else {
    const credentials = {username: formEncode(clientId), password: formEncode(secret)};
    headers.set('authorization', basicAuthorization(credentials));
  }
  const asked = Date.now();
  const request = new ConnectorRequest({url, method, headers, body, redirect: 'error', lifetime});
  const response = await send(request);
  const answer = await readJson(response, request);
  if (!response.ok) throw refusedBy(response, answer, request);
  if (!isObject(answer))
    throw new AuthError('The token endpoint answered with something other than a JSON object', {request});
  const {access_token: token, token_type: type, expires_in: life} = answer as Record<string, unknown>;
  if (typeof token !== 'string')
    throw new AuthError('The answer of the token endpoint has no access_token', {request});
  // RFC 6749, section 7.1: a client must not use a token of an unknown type.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new AuthError('The token endpoint issued a token that is not of type Bearer', {request});
  }
  // `expires_in` is in seconds. Some servers send it as a string.
  const seconds = Number(life ?? Number.NaN);
  return {token, expiresAt: Number.isNaN(seconds) ? undefined : asked + seconds * 1_000};
}

// RFC 6749, section 2.3.1 and appendix B: the id and the secret are form-encoded first, so that a ":" in the id doesn't
// end it.
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function refusedBy(response: Response, data: unknown, request: ConnectorRequest): AuthError {
  const code = isObject(data) ? (data as {readonly error?: unknown}).error : undefined;
  // Of the error response (RFC 6749, section 5.2), only the code is safe to log.
  const isCode = typeof code === 'string' && /^[\w.-]{1,60}$/.test(code);
  return new AuthError(`The token endpoint refused to issue a token${isCode ? `: ${code}` : ''}`, {
    request,
    cause: new HTTPError(response, data, {request}),
  });
}

/** Reads the body as JSON. Returns the text of a body that isn't JSON. */
async function readJson(response: Response, request: ConnectorRequest): Promise<unknown> {
  const text = await readText(response, request);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function readText(response: Response, request: ConnectorRequest): Promise<string> {
  if (!response.body) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxAnswerSize) {
      reader.cancel().catch(() => undefined);
      throw new ResponseTooLargeError(maxAnswerSize, {request});
    }
    text += decoder.decode(value, {stream: true});
  }
}
