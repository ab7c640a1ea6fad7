import type {PolicyDefinition} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {isIdempotent} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {assertOption} from '../utils/check-options.ts';
import {randomHex} from '../utils/random.ts';

/**
 * The value of the `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header), by which a server recognises
 * a repeated request: `true` for a random key for each call, a function that makes one (`undefined` for none), or, for a
 * single call, the key itself; `false` for none.
 */
export type IdempotencyKey = boolean | string | ((request: RedactedRequest) => string | undefined);

/**
 * @throws InvalidOptionError
 */
function checkKey(key: IdempotencyKey, mayBeText: boolean): IdempotencyKey {
  const isAllowed =
    typeof key === 'boolean' ||
    typeof key === 'function' ||
    (mayBeText && typeof key === 'string' && key !== '');
  assertOption(isAllowed, 'idempotencyKey', key, `a boolean${mayBeText ? ', a string' : ''} or a function`);
  return key;
}

/**
 * Sends an `Idempotency-Key` with each call, the same over all its attempts, so that a retry policy further in may
 * repeat a POST. Calls give `idempotencyKey` instead of the session's. `createSession` of `aiofetch` has this policy.
 *
 * @throws InvalidOptionError
 *
 * @example
 * ```ts
 * import {createSession, idempotencyKeyPolicy, retryPolicy} from 'aiofetch/core';
 *
 * await using session = createSession({policies: [idempotencyKeyPolicy(true), retryPolicy()]});
 * await session.fetch('https://api.example.com/orders', {method: 'POST', body: '{}'});
 * ```
 */
export function idempotencyKeyPolicy(
  key: Exclude<IdempotencyKey, string> = false,
): PolicyDefinition<{readonly idempotencyKey?: IdempotencyKey | undefined}> {
  checkKey(key, false);
  return {
    name: 'idempotencyKey',
    isShareable: true,
    callOptions: {idempotencyKey: (value) => checkKey(value, true)},
    rejectsOnAbort: true,
    wrap: (next) => (request) => {
      const given = request.options['idempotencyKey'] as IdempotencyKey | undefined;
      const wanted = given ?? key;
      if (wanted !== false) setIdempotencyKey(request, wanted);
      return next(request);
    },
  };
}

/**
 * Sets the header before the first attempt, so that all attempts have the same key. A call that is idempotent by its
 * method gets a key only when the call names one. A call that has the header keeps it.
 */
function setIdempotencyKey(request: ConnectorRequest, key: IdempotencyKey): void {
  if (typeof key === 'string' ? request.headers.has('idempotency-key') : isIdempotent(request)) return;
  const value =
    typeof key === 'function'
      ? key({method: request.method, url: request.url})
      : key === true
        ? randomHex()
        : key;
  if (value) request.headers.set('idempotency-key', value);
}
