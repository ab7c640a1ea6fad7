import type {PolicyDefinition} from '../../core/policy.ts';
import {lifetimeOf} from '../../core/request.ts';
import {urlOrigin} from '../../utils/url-parts.ts';
import {isFailure} from './decide.ts';
import {retry} from './loop.ts';
import type {Retry, RetrySettings} from './options.ts';
import {checkRetry, defaultRetry, mergeRetry} from './options.ts';

/**
 * Makes another attempt after a failed one where a repetition is harmless: idempotent methods, requests with an
 * `Idempotency-Key`, and requests that were never sent. The caller gets the outcome of the last attempt. Calls give `retry`
 * over these options. `createSession` of `aiofetch` has this policy, by its `retry` option.
 *
 * @throws InvalidOptionError
 *
 * @example
 * ```ts
 * import {createSession, retryPolicy} from 'aiofetch';
 *
 * await using session = createSession({
 *   retry: false,
 *   policies: [retryPolicy({retries: 5, onRetry: ({attempt, delay}) => console.log(attempt, delay)})],
 * });
 * ```
 */
export function retryPolicy(retry: Retry = {}): PolicyDefinition<{readonly retry?: Retry | undefined}> {
  return retryWith(mergeRetry(defaultRetry(), retry));
}

/**
 * A {@link retryPolicy} with complete settings. p-retry's loop begins only after the first attempt has failed, so that a
 * call that succeeds doesn't pay for it.
 *
 * @param isDefault - whether neither the session nor a parent has the `retry` option. The default retries apply to verbs and to
 * calls with the `retry` option, not to other calls of `session.fetch`. SDKs call `session.fetch` and have retries of their own:
 * a call would be sent as often as both numbers of attempts multiplied.
 */
export function retryWith(
  own: RetrySettings,
  isDefault = false,
): PolicyDefinition<{readonly retry?: Retry | undefined}> {
  return {
    name: 'retry',
    isShareable: true,
    callOptions: {retry: checkRetry},
    rejectsOnAbort: true,
    wrap: (next) => (request) => {
      const asked = request.options['retry'] as Retry | undefined;
      const settings = mergeRetry(own, asked);
      if (settings.retries === 0 || (isDefault && !asked && !lifetimeOf(request).isOfVerb))
        return next(request);
      settings.budget?.count(urlOrigin(request.url));
      // Policies further in may set headers in place. The next attempt must not start with them.
      const headers = request.headers.copy();
      return next(request).then(
        (response) =>
          isFailure(settings, {response}) ? retry(next, request, headers, settings, {response}) : response,
        (error) => retry(next, request, headers, settings, {error}),
      );
    },
  };
}
