import {InvalidOptionError} from '../errors.ts';
import type {Policy} from '../request.ts';

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
    if (new URL(request.url).origin !== origin || request.headers.has('authorization')) return next(request);
    const value = header();
    if (typeof value === 'string') {
      request.headers.set('authorization', value);
      return next(request);
    }
    return value.then((text) => {
      request.headers.set('authorization', text);
      return next(request);
    });
  };
}

function headerOf(auth: Auth): () => string | Promise<string> {
  if ('bearer' in auth) {
    const {bearer} = auth;
    if (typeof bearer === 'string' && bearer !== '') {
      const value = `Bearer ${bearer}`;
      return () => value;
    }
    if (typeof bearer === 'function') {
      return () => {
        const token = bearer();
        return typeof token === 'string' ? `Bearer ${token}` : token.then((text) => `Bearer ${text}`);
      };
    }
    throw new InvalidOptionError(
      'auth.bearer',
      typeof bearer,
      'a string that is not empty, or a function that gets one',
    );
  }
  const {username, password} = auth.basic ?? {};
  if (typeof username !== 'string' || typeof password !== 'string' || username.includes(':')) {
    throw new InvalidOptionError('auth.basic', 'no pair of strings', 'a username without ":" and a password');
  }
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  const value = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  return () => value;
}
