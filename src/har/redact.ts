import {redactUrl} from '../errors/redact-url.ts';
import type {HarPair} from './format.ts';

/** What stands for a value that isn't shown, and, when a recording is replayed, for any. */
export const redacted = 'REDACTED';

// What is sent to prove who one is, or given for that.
const secretHeaders = [
  'authorization',
  'cookie',
  'proxy-authenticate',
  'proxy-authorization',
  'set-cookie',
  'www-authenticate',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
];

// Their values are URLs.
const urlHeaders = new Set(['content-location', 'location', 'referer']);

/** What a recording shows of what it hears. */
export interface Redaction {
  url(url: string): string;
  headers(headers: Iterable<readonly [string, string]>): HarPair[];
  cookie(pair: HarPair): HarPair;
}

export function createRedaction(isOn: boolean, moreHeaders: readonly string[]): Redaction {
  if (!isOn) {
    return {
      url: (url) => url,
      headers: (headers) => Array.from(headers, ([name, value]) => ({name, value})),
      cookie: (pair) => pair,
    };
  }
  const secret = new Set([...secretHeaders, ...moreHeaders.map((name) => name.toLowerCase())]);
  const shownValue = (name: string, value: string) => {
    const lower = name.toLowerCase();
    if (secret.has(lower)) return redacted;
    return urlHeaders.has(lower) ? redactUrl(value, redacted) : value;
  };
  return {
    url: (url) => redactUrl(url, redacted),
    headers: (headers) => Array.from(headers, ([name, value]) => ({name, value: shownValue(name, value)})),
    cookie: ({name}) => ({name, value: redacted}),
  };
}
