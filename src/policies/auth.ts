import {assertOption, isObject} from '../options.ts';
import type {Policy} from '../request.ts';
import {urlParts} from '../url-parts.ts';

/** A credential, or a function that gets it for each attempt. */
export type Credential = string | (() => string | Promise<string>);

/** What a session signs its requests with. Sent to the origin of `baseUrl` only, and never where a redirect leads elsewhere. */
export type Auth =
  /** `Authorization: Bearer …` (RFC 6750). */
  | {readonly bearer: Credential}
  /** `Authorization: Basic …` (RFC 7617). */
  | {readonly basic: {readonly username: string; readonly password: string}};

/**
 * Sets `Authorization` on requests to one origin, unless the caller has set it.
 *
 * @throws InvalidOptionError when `auth` is not what it may be
 */
export function authPolicy(auth: Auth, origin: string): Policy {
  const header = headerOf(auth);
  return (next) => (request) => {
    // The origin, and not just a prefix of the URL: "https://api.example.com.evil.test" begins the same way.
    if (urlParts(request.url).origin !== origin || request.headers.has('authorization')) return next(request);
    // On a copy: the caller's record may go on to another origin, or wants another token the next time.
    const send = (value: string) => {
      const headers = request.headers.copy();
      headers.set('authorization', value);
      return next(request.with({headers}));
    };
    const value = header();
    return typeof value === 'string' ? send(value) : value.then(send);
  };
}

function headerOf(auth: Auth): () => string | Promise<string> {
  assertOption(
    isObject(auth) && 'bearer' in auth !== 'basic' in auth,
    'auth',
    auth,
    'an object with bearer, or with basic',
  );
  if ('basic' in auth) {
    const value = basicOf(auth.basic);
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

// More than RFC 6750, section 2.1, has in its b64token: some servers hand out others. A value that is none isn't shown:
// it may be half of a secret.
const visible = /^[!-~]+$/;

function bearerOf(token: string): string {
  const isString = typeof token === 'string';
  assertOption(
    isString && visible.test(token),
    'auth.bearer',
    isString ? new Error('empty, or with other characters') : typeof token,
    'visible ASCII characters, or a function that gets them',
  );
  return `Bearer ${token}`;
}

function basicOf(basic: {readonly username: string; readonly password: string}): string {
  const {username, password} = basic ?? {};
  assertOption(
    typeof username === 'string' && typeof password === 'string' && !username.includes(':'),
    'auth.basic',
    typeof basic,
    'a username without ":" and a password',
  );
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
