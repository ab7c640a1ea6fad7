import {Cookie as ToughCookie} from 'tough-cookie';
import type {SameSite} from './types.ts';

/** What a `Set-Cookie` asks for, before the rules of the jar. */
export interface Candidate {
  readonly name: string;
  readonly value: string;
  /** The attribute Domain without its leading dot. */
  readonly domain: string | undefined;
  /** The attribute Path. */
  readonly path: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: SameSite | undefined;
  /** In ms since 1970; `undefined` without Max-Age and Expires. */
  readonly expires: number | undefined;
}

/** RFC 6265bis, section 5.6: the largest value of an attribute, in bytes. */
const largestAttribute = 1024;

// RFC 6265bis, section 5.6, step 1. A tab is allowed.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the standard forbids these control characters
const forbidden = /[\0-\x08\x0a-\x1f\x7f]/;

/** Whether the text has no control character, and each code unit fits in a byte, as in a header. */
export function isCookieText(text: unknown): text is string {
  return typeof text === 'string' && !forbidden.test(text) && !/[^\0-\xff]/.test(text);
}

/**
 * Parses a `Set-Cookie` line (RFC 6265bis, section 5.6).
 *
 * @param now - the time from which Max-Age counts, in ms since 1970
 * @returns `undefined` for a line that user agents ignore
 */
export function parseSetCookie(line: string, now: number): Candidate | undefined {
  if (!isCookieText(line)) return undefined;
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  // tough-cookie parses the attributes and the dates. Its parser of the pair reads "=a=b" as a cookie with the name "a".
  const kept = attributes.filter((text) => text.length - text.indexOf('=') - 1 <= largestAttribute);
  const parsed = ToughCookie.parse(['x=', ...kept].join(';'));
  if (!parsed) return undefined;
  const {domain, path, secure, httpOnly, sameSite, maxAge, expires} = parsed;
  return {
    name: trim(pair.slice(0, Math.max(equals, 0))),
    value: trim(pair.slice(equals + 1)),
    domain: domain ?? undefined,
    path: path ?? undefined,
    secure,
    httpOnly,
    sameSite: sameSite as SameSite | undefined,
    expires:
      maxAge === null
        ? expires instanceof Date
          ? expires.getTime()
          : undefined
        : now + Number(maxAge) * 1_000,
  };
}

// Spaces and tabs only: `String.trim` would take the byte 0xA0 away too. Without a pattern, which would search a run of
// spaces inside the text again for each of its characters.
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end--;
  while (start < end && isSpace(text[start])) start++;
  return text.slice(start, end);
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
