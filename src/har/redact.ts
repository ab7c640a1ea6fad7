import {redactUrl} from '../errors/redact-url.ts';
import type {HarPair} from './format.ts';

/** Replaces secret values. In a recording that is replayed it matches any value. */
export const redacted = 'REDACTED';

// Headers that carry credentials, or challenges and cookies from which credentials are made.
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

// Headers whose values are URLs.
const urlHeaders = new Set(['content-location', 'location', 'referer']);

/** Removes secrets from the values that a recording shows. */
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
