import {token} from '../../core/header-list.ts';
import type {Handler} from '../../core/policy.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {assertOption, checkKnown, isObject} from '../../utils/check-options.ts';
import {registerSecretNames} from '../../utils/secret-names.ts';
import type {AuthContext, AuthScheme, Credential} from './index.ts';
import {sendSigned} from './index.ts';
import {relabel, signEachHop} from './sign-each-hop.ts';

/** Options of {@link apiKey}: the key, and where the request carries it. */
export type ApiKeyOptions =
  /** `header` is the name of the header. */
  | {readonly header: string; readonly value: Credential; readonly query?: never}
  /** `query` is the name of the query parameter. */
  | {readonly query: string; readonly value: Credential; readonly header?: never};

/**
 * Signs requests with a key in a header or, for servers that ask for that, in the query. A call that sets the header or
 * the parameter itself keeps its own value. A redirect to another origin is followed without the key. Browsers hide
 * redirects: there, the redirect of a request with a key in a header fails with a `RedirectError`. A key in the query
 * appears neither in errors nor in the `url` of a response. HAR files and telemetry hide the key, whatever the name of its
 * header or parameter.
 *
 * @throws InvalidOptionError; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {apiKey, createSession} from 'aiofetch';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/',
 *   auth: apiKey({header: 'x-api-key', value: 'key'}),
 * });
 * const user = await session.get('users/1').json<{name: string}>();
 * ```
 */
export function apiKey(options: ApiKeyOptions): AuthScheme {
  checkKnown('apiKey', options, ['header', 'query', 'value']);
  const {header, query, value} = options;
  assertOption(
    (header === undefined) !== (query === undefined),
    'apiKey',
    isObject(options) ? Object.keys(options).join(', ') : options,
    'either header or query',
  );
  const getKey = checkKey(value);
  // A function may return the key of the user who makes the call.
  const isShareable = typeof value === 'string';
  if (header !== undefined) {
    assertOption(
      typeof header === 'string' && token.test(header),
      'apiKey.header',
      header,
      "a header's name (RFC 9110, section 5.1)",
    );
    if (typeof value === 'string') checkHeaderValue(value);
    registerSecretNames([header]);
    const inHeader: AuthScheme = (context) => (next) => (request) => {
      if (request.headers.has(header)) return next(request);
      return signEachHop(request, context, next, async (hop, send) =>
        sendSigned(send, hop, checkHeaderValue(await getKey()), header),
      );
    };
    return Object.assign(inHeader, {isShareable});
  }
  assertOption(typeof query === 'string' && query !== '', 'apiKey.query', query, "a parameter's name");
  registerSecretNames([query]);
  const inQuery: AuthScheme = (context) => (next) => async (request) => {
    if (hasParameter(request.url, query)) return next(request);
    const key = checkText(await getKey());
    return sendWithParameter(request, context, next, {name: query, value: key});
  };
  return Object.assign(inQuery, {isShareable});
}

interface Parameter {
  readonly name: string;
  readonly value: string;
}

async function sendWithParameter(
  request: ConnectorRequest,
  context: AuthContext,
  next: Handler,
  parameter: Parameter,
): Promise<Response> {
  const sign = (hop: ConnectorRequest, send: Handler) => send(hop.with({url: add(hop.url, parameter)}));
  const response = await (context.connector.capabilities.manualRedirect
    ? // A server may copy the key into its `Location`, so that it has to be removed for other origins.
      signEachHop(request, context, next, sign, (hop) => hop.with({url: remove(hop.url, parameter)}))
    : // The runtime follows redirects itself. A `Location` has the key only if the server puts it there.
      sign(request, next));
  const {redirected} = response;
  const url = remove(response.url, parameter);
  return url === response.url ? response : relabel(response, {url, redirected});
}

function hasParameter(url: string, name: string): boolean {
  const mark = url.indexOf('?');
  return mark !== -1 && new URLSearchParams(url.slice(mark)).has(name);
}

function add(url: string, {name, value}: Parameter): string {
  if (hasParameter(url, name)) return url;
  const separator = url.includes('?') ? (/[?&]$/.test(url) ? '' : '&') : '?';
  return `${url}${separator}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** Removes the parameter with that value from the URL, in any encoding. The rest of the URL stays as it is. */
function remove(url: string, {name, value}: Parameter): string {
  const mark = url.indexOf('?');
  if (mark === -1) return url;
  const normal = new URLSearchParams([[name, value]]).toString();
  const left = url
    .slice(mark + 1)
    .split('&')
    .filter((pair) => new URLSearchParams(pair).toString() !== normal);
  return left.length > 0 ? `${url.slice(0, mark)}?${left.join('&')}` : url.slice(0, mark);
}

function checkKey(value: Credential): () => string | Promise<string> {
  if (typeof value === 'function') return value;
  checkText(value);
  return () => value;
}

// The error shows no part of the value, because the key is a secret.
function checkText(value: string): string {
  const isString = typeof value === 'string';
  assertOption(
    isString && value !== '',
    'apiKey.value',
    isString ? new Error('an empty string') : value,
    'a string, or a function that returns one',
  );
  return value;
}

function checkHeaderValue(value: string): string {
  const isAllowed = /^[ -~]+$/.test(checkText(value));
  assertOption(
    isAllowed,
    'apiKey.value',
    new Error('it contains other characters'),
    'visible ASCII and spaces',
  );
  return value;
}
