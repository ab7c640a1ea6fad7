import {isObject} from '../../utils/check-options.ts';
import {isCookieText} from './set-cookie.ts';
import type {Cookie} from './types.ts';

/** Whether a value that was read from somewhere is a cookie as jars keep them. */
export function isCookie(value: unknown): value is Cookie {
  if (!isObject(value)) return false;
  const {
    name,
    value: text,
    domain,
    hostOnly,
    path,
    secure,
    httpOnly,
    sameSite,
    expires,
    created,
    used,
  } = value as Partial<Record<keyof Cookie, unknown>>;
  return (
    [name, text, domain, path].every((one) => isCookieText(one) && !one.includes(';')) &&
    [hostOnly, secure, httpOnly].every((one) => typeof one === 'boolean') &&
    [undefined, 'strict', 'lax', 'none'].includes(sameSite as string | undefined) &&
    (expires === undefined || Number.isFinite(expires)) &&
    Number.isFinite(created) &&
    Number.isFinite(used)
  );
}
