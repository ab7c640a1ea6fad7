import {redactUrl} from '../errors/redact-url.ts';
import {isSecretName} from '../utils/secret-names.ts';
import type {HarPair} from './format.ts';

/** Replaces secret values. In a recording that is replayed it matches any value. */
export const redacted = 'REDACTED';

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
  const more = new Set(moreHeaders.map((name) => name.toLowerCase()));
  const shownValue = (name: string, value: string) => {
    const lower = name.toLowerCase();
    if (isSecretName(lower) || more.has(lower)) return redacted;
    if (urlHeaders.has(lower)) return redactUrl(value, redacted);
    // RFC 8288, section 3: URLs between angle brackets, such as that of the next page.
    return lower === 'link'
      ? value.replace(/<([^<>]*)>/g, (_, url: string) => `<${redactUrl(url, redacted)}>`)
      : value;
  };
  return {
    url: (url) => redactUrl(url, redacted),
    headers: (headers) => Array.from(headers, ([name, value]) => ({name, value: shownValue(name, value)})),
    cookie: ({name}) => ({name, value: redacted}),
  };
}
