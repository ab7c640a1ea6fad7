import {InvalidOptionError} from '../../errors/index.ts';
import {isCookie} from './is-cookie.ts';
import type {Cookie} from './types.ts';

const header = '# Netscape HTTP Cookie File';
const httpOnlyMark = '#HttpOnly_';

/**
 * Writes cookies in the format of Netscape, which `curl --cookie`, wget and browser extensions read. The format has no place
 * for SameSite, for a cookie without a name, and for a tab in a name or value: such cookies are left out, as curl does.
 *
 * @example
 * ```ts
 * import {cookieJar, toNetscape} from 'aiofetch/cookies';
 *
 * const jar = cookieJar();
 * await jar.set('sid=1; Path=/', 'https://example.com/');
 * console.log(toNetscape(await jar.list()));
 * ```
 */
export function toNetscape(cookies: readonly Cookie[]): string {
  const lines = cookies
    .filter(({name, value, path}) => name !== '' && ![name, value, path].some((text) => text.includes('\t')))
    .map(({name, value, domain, hostOnly, path, secure, httpOnly, expires}) =>
      [
        `${httpOnly ? httpOnlyMark : ''}${hostOnly ? '' : '.'}${domain}`,
        toFlag(!hostOnly),
        path,
        toFlag(secure),
        // Whole seconds. 0 means the end of the session, so that no cookie may have it as its time.
        expires === undefined ? 0 : Math.max(Math.floor(expires / 1_000), 1),
        name,
        value,
      ].join('\t'),
    );
  return [header, '', ...lines, ''].join('\n');
}

function toFlag(value: boolean): string {
  return value ? 'TRUE' : 'FALSE';
}

/**
 * Reads cookies in the format of Netscape, as `curl --cookie-jar` and browser extensions write them. The option `cookies` of
 * `cookieJar` takes the result.
 *
 * @throws InvalidOptionError with the number of a line that is none, and without its text
 *
 * @example
 * ```ts
 * import {cookieJar, fromNetscape} from 'aiofetch/cookies';
 *
 * const text = 'example.com\tFALSE\t/\tTRUE\t0\tsid\t1';
 * const jar = cookieJar({cookies: fromNetscape(text)});
 * console.log(await jar.get('https://example.com/'));
 * ```
 */
export function fromNetscape(text: string): Cookie[] {
  const now = Date.now();
  return text.split(/\r?\n/).flatMap((line, index) => {
    const httpOnly = line.startsWith(httpOnlyMark);
    const content = httpOnly ? line.slice(httpOnlyMark.length) : line;
    if (content.trim() === '' || (!httpOnly && content.startsWith('#'))) return [];
    const cookie = readLine(content.split('\t'), httpOnly, now);
    if (isCookie(cookie)) return [cookie];
    throw new InvalidOptionError(
      'text',
      new Error(`line ${index + 1} is no cookie`),
      'lines of seven fields with tabs between them',
    );
  });
}

function readLine(fields: readonly string[], httpOnly: boolean, now: number): unknown {
  // curl leaves the last tab out when the value is empty.
  const [domain = '', subdomains = '', path, secure = '', expires = '', name, value = '', ...more] = fields;
  if (more.length > 0 || !isFlag(subdomains) || !isFlag(secure) || !/^\d+$/.test(expires)) return undefined;
  if (!domain || !path?.startsWith('/') || !name) return undefined;
  const seconds = Number(expires);
  return {
    name,
    value,
    domain: domain.replace(/^\./, '').toLowerCase(),
    hostOnly: subdomains.toUpperCase() === 'FALSE',
    path,
    secure: secure.toUpperCase() === 'TRUE',
    httpOnly,
    ...(seconds > 0 && {expires: seconds * 1_000}),
    created: now,
    used: now,
  };
}

function isFlag(text: string): boolean {
  return /^(?:true|false)$/i.test(text);
}
