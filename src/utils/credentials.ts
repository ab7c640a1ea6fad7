import {encodeBase64} from './base64.ts';

// More characters than the b64token of RFC 6750, section 2.1, because some servers issue tokens with others.
const visible = /^[!-~]+$/;

/** Whether the value is a string that can be sent as a bearer token. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === 'string' && visible.test(value);
}

export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

/** Whether the value can be sent by HTTP Basic (RFC 7617, section 2: the first ":" ends the username). */
export function isBasicCredentials(value: unknown): value is BasicCredentials {
  const {username, password} = (value ?? {}) as Partial<Record<keyof BasicCredentials, unknown>>;
  return typeof username === 'string' && typeof password === 'string' && !username.includes(':');
}

/** Returns the value of `Authorization` or `Proxy-Authorization` for HTTP Basic, in UTF-8. */
export function basicAuthorization({username, password}: BasicCredentials): string {
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}
