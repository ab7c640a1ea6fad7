/**
 * The attributes of URLs and methods by the HTTP semantic conventions, without values that are sensitive.
 *
 * @module
 */
import {isSecretName} from '../utils/secret-names.ts';
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
 * Hides credentials and query values, and leaves the rest of the URL as it is.
 *
 * @param only - the query parameters to hide, beside those whose names look like credentials; `undefined` to hide all. The
 * conventions name four parameters of signed URLs that are always hidden, all of which look like credentials.
 */
export function urlRedactor(only: readonly string[] | undefined): (url: string) => string {
  const names = only && new Set(only.map((name) => name.toLowerCase()));
  const isHidden = (name: string) => !names || names.has(name.toLowerCase()) || isSecretName(name);
  return (url) => {
    const bare = url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1REDACTED:REDACTED@');
    const mark = bare.indexOf('?');
    if (mark === -1) return bare;
    const pairs = bare.slice(mark + 1).split('&');
    return `${bare.slice(0, mark)}?${pairs.map((pair) => redactPair(pair, isHidden)).join('&')}`;
  };
}

function redactPair(pair: string, isHidden: (name: string) => boolean): string {
  const equals = pair.indexOf('=');
  // A part without "=" may be a value too.
  if (equals === -1) return pair !== '' && isHidden('') ? 'REDACTED' : pair;
  const name = pair.slice(0, equals);
  return isHidden(decode(name)) ? `${name}=REDACTED` : pair;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
