import type {NativeInit} from '../../core/native-init.ts';
import {describeValue} from '../../errors/printable.ts';
import {referrerPolicies} from '../undici/referrer.ts';

// Fetch, "RequestInit": the members that are enumerations.
const allowed: Readonly<Record<string, readonly string[]>> = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['omit', 'same-origin', 'include'],
  mode: ['same-origin', 'no-cors', 'cors'],
  priority: ['high', 'low', 'auto'],
  referrerPolicy: referrerPolicies,
};

/**
 * Checks the members of an init as the constructor of `Request` does (Fetch, "Request constructor"). In pages the browser
 * does that. Here no `Request` is made, because that takes longer than to send it.
 *
 * @param native - the members that have other values than the default ones
 * @throws TypeError
 */
export function checkInit(native: NativeInit & {readonly window?: unknown}, method: string): void {
  for (const name of Object.keys(native)) {
    const values = allowed[name];
    const value: unknown = native[name as keyof NativeInit];
    if (values && !values.includes(String(value))) {
      throw new TypeError(
        `${name} is ${describeValue(value)}; allowed: ${values.filter(Boolean).join(', ')}`,
      );
    }
  }
  const {cache, mode, referrer, window} = native;
  if (cache === 'only-if-cached' && mode !== 'same-origin') {
    throw new TypeError("cache: 'only-if-cached' needs mode: 'same-origin'");
  }
  if (mode === 'no-cors' && !['GET', 'HEAD', 'POST'].includes(method)) {
    throw new TypeError("mode: 'no-cors' allows the methods GET, HEAD and POST only");
  }
  // The error of the URL parser would show the URL.
  if (referrer && !URL.canParse(String(referrer))) throw new TypeError('referrer is not a URL');
  if (window !== undefined && window !== null) throw new TypeError('window can only be null');
}
