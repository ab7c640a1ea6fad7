import {UnsupportedOptionError} from '../errors/index.ts';
import {replaceCookies} from './cookies-option.ts';
import type {SessionOptions} from './options.ts';

/**
 * Replaces the option `cookies` by a policy. `#root-options` leads here in workers. They are bundled, and the bundle of each
 * worker would need the package tough-cookie if this module loaded it.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function rootOptions<Options extends SessionOptions>(options: Options): Options {
  return replaceCookies(options, () => {
    throw new UnsupportedOptionError(
      'cookies',
      'createSession in this runtime',
      'true is for Node, Deno and Bun; here, give a jar that cookieJar() of aiofetch/cookies made',
    );
  });
}
