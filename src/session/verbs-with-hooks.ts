import {checkKnown} from '../utils/check-options.ts';
import type {KyOptions} from './call-options.ts';
import {checkResponseOptions} from './call-options.ts';
import {checkHookOptions} from './hooks.ts';
import {kyHooks} from './ky.ts';
import type {VerbsFactory} from './verbs.ts';
import {createVerbs} from './verbs.ts';

const known = new Set(['searchParams', 'throwHttpErrors', 'parseJson', 'stringifyJson', 'hooks', 'context']);

/**
 * Makes the verbs of a session of `aiofetch/core`, with ky's hooks. It adds ky to a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, verbsWithHooks} from 'aiofetch/core';
 *
 * await using session = createSession({
 *   verbs: verbsWithHooks({hooks: {beforeRequest: [({request}) => request.headers.set('x-request', 'yes')]}}),
 * });
 * await session.get('https://api.example.com/users/1').json();
 * ```
 */
export function verbsWithHooks(options: KyOptions = {}): VerbsFactory<Pick<KyOptions, 'hooks' | 'context'>> {
  checkKnown('verbsWithHooks', options, known);
  checkResponseOptions(options);
  checkHookOptions(options);
  return (host) => createVerbs(host, {...options, searchParams: [options.searchParams]}, kyHooks);
}
