import type {Handler, Policy} from '../core/policy.ts';
import {UnsupportedOptionError} from '../errors/index.ts';
import {cookiesCallOption} from '../policies/cookies/call-option.ts';
import type {CookieJar} from '../policies/cookies/types.ts';
import {replaceCookies} from './cookies-option.ts';
import type {SessionOptions} from './options.ts';

/** The module that makes jars. */
interface CookiesModule {
  cookieJar(): CookieJar;
}

/**
 * Replaces the option `cookies` by a policy. `#root-options` leads here on Node, Deno and Bun.
 *
 * @throws InvalidOptionError
 */
export function rootOptions<Options extends SessionOptions>(options: Options): Options {
  return replaceCookies(options, lazyJar);
}

/** A jar that is made when the first request needs it. Most sessions have none, and its list of suffixes takes time to load. */
function lazyJar(): Policy {
  let jar: Promise<CookieJar> | undefined;
  return {
    name: 'cookies',
    callOptions: cookiesCallOption,
    rejectsOnAbort: true,
    isShareable: true,
    wrap(next, context) {
      let handler: Handler | undefined;
      return async (request) => {
        if (!handler) {
          jar ??= makeJar();
          const made = await Promise.race([jar, request.lifetime.whenAborted()]);
          handler ??= made.wrap(next, context);
        }
        return handler(request);
      };
    },
  };
}

/** @throws UnsupportedOptionError where the package tough-cookie is not installed */
async function makeJar(): Promise<CookieJar> {
  // Not a literal: a bundler would follow it, and fail where tough-cookie is not installed.
  const name = ['aiofetch', 'cookies'].join('/');
  let module: CookiesModule;
  try {
    module = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    const error = new UnsupportedOptionError(
      'cookies',
      'createSession',
      'the package "tough-cookie" is missing. Run: npm install tough-cookie. In a bundle, give a jar that cookieJar() of aiofetch/cookies made',
    );
    error.cause = cause;
    throw error;
  }
  return module.cookieJar();
}
