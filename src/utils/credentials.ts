import {encodeBase64} from './base64.ts';

// More than RFC 6750, section 2.1, has in its b64token: some servers hand out others.
const visible = /^[!-~]+$/;

/** Whether it is a string that can be sent as a bearer token. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && visible.test(value);
}

export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

/** Whether it can be sent by HTTP Basic (RFC 7617, section 2: the first ":" ends the username). */
export function isBasicCredentials(value: unknown): value is BasicCredentials {
  const {username, password} = (value ?? {}) as Partial<Record<keyof BasicCredentials, unknown>>;
  return typeof username === 'string' && typeof password === 'string' && !username.includes(':');
}

/** The value of `Authorization`, or `Proxy-Authorization`, for HTTP Basic, in UTF-8. */
export function basicAuthorization({username, password}: BasicCredentials): string {
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}
