/**
 * The attributes of URLs and methods by the HTTP semantic conventions, without values that are sensitive.
 *
 * @module
 */
import {addressOf} from '../utils/url-parts.ts';

// The methods that the conventions call well-known: RFC 9110, section 9, PATCH and QUERY.
const wellKnownMethods = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
];

// The parameters that the conventions name as sensitive, and similar ones, in lower case.
const sensitiveNames = [
  'awsaccesskeyid',
  'signature',
  'sig',
  'x-goog-signature',
  'x-goog-credential',
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-security-token',
  'access_token',
  'api_key',
  'apikey',
  'key',
  'password',
  'secret',
  'token',
];

/** The server of a request. */
export interface ServerAttributes {
  'server.address': string;
  'server.port': number;
}

interface MethodAttributes {
  'http.request.method': string;
  'http.request.method_original'?: string;
}

export type DescribeMethod = (method: string) => MethodAttributes;

/** Describes unknown methods as `_OTHER`: each made-up name would begin a new time series. */
export function methodDescriber(known: Iterable<string> = wellKnownMethods): DescribeMethod {
  const names = new Set(known);
  return (method) =>
    names.has(method)
      ? {'http.request.method': method}
      : {'http.request.method': '_OTHER', 'http.request.method_original': method};
}

export function serverOf(url: string): ServerAttributes {
  const {hostname, port} = addressOf(new URL(url));
  return {'server.address': hostname, 'server.port': port};
}

/**
 * Hides credentials and the values of some query parameters, and leaves the rest of the URL as it is.
 *
 * @param more - names of further parameters
 */
export function urlRedactor(more: Iterable<string> = []): (url: string) => string {
  const names = new Set([...sensitiveNames, ...Array.from(more, (name) => name.toLowerCase())]);
  return (url) => {
    const bare = url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1REDACTED:REDACTED@');
    const mark = bare.indexOf('?');
    if (mark === -1) return bare;
    const pairs = bare.slice(mark + 1).split('&');
    return `${bare.slice(0, mark)}?${pairs.map((pair) => redactPair(pair, names)).join('&')}`;
  };
}

function redactPair(pair: string, names: ReadonlySet<string>): string {
  const equals = pair.indexOf('=');
  if (equals === -1) return pair;
  const name = pair.slice(0, equals);
  return names.has(decode(name).toLowerCase()) ? `${name}=REDACTED` : pair;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
