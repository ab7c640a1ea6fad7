import type {Policy} from '../core/policy.ts';
import {lifetimeOf} from '../core/request.ts';
import {cookiesCallOption} from '../policies/cookies/call-option.ts';
import type {CookieJar} from '../policies/cookies/types.ts';
import {assertOption, isObject} from '../utils/check-options.ts';
import type {SessionOptions} from './options.ts';

/** For a child session whose parent has a jar. */
const noCookies: Policy = {
  name: 'cookies',
  callOptions: cookiesCallOption,
  rejectsOnAbort: true,
  isShareable: true,
  wrap: (next) => (request) => {
    lifetimeOf(request).sender = undefined;
    return next(request);
  },
};

/**
 * Returns the options with the jar among the policies, in place of the option `cookies`.
 *
 * @param makeJar - makes the policy that `cookies: true` stands for
 * @throws InvalidOptionError
 */
export function replaceCookies<Options extends SessionOptions>(
  options: Options,
  makeJar: () => Policy,
): Options {
  if (!isObject(options) || options.cookies === undefined) return options;
  const {cookies, ...others} = options;
  assertOption(
    typeof cookies === 'boolean' || isJar(cookies),
    'cookies',
    cookies,
    'true, false, or a jar that cookieJar() of aiofetch/cookies made',
  );
  const policy = typeof cookies === 'boolean' ? (cookies ? makeJar() : noCookies) : cookies;
  const {policies = []} = others;
  // A list that is none is refused later.
  return {
    ...others,
    policies: Array.isArray(policies) ? [...policies, policy] : policies,
  } as unknown as Options;
}

function isJar(value: unknown): value is CookieJar {
  return isObject(value) && 'wrap' in value && (value as CookieJar).name === 'cookies';
}
