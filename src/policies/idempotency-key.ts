import type {ConnectorRequest} from '../core/request.ts';
import {isIdempotent} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {InvalidOptionError} from '../errors/index.ts';
import {randomHex} from '../utils/random.ts';

/**
 * What is sent as `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), so that a server does only once what
 * it is told several times: `true` for a random one with each call, a function that makes one (`undefined`: none), or,
 * for a single call, the key itself; `false`: none.
 */
export type IdempotencyKey = boolean | string | ((request: RedactedRequest) => string | undefined);

/**
 * The option of a session, or of a call when `perCall` is true.
 *
 * @throws InvalidOptionError for what can't be
 */
export function checkIdempotencyKey(
  key: IdempotencyKey | undefined,
  perCall: boolean,
): IdempotencyKey | undefined {
  if (key === undefined || typeof key === 'boolean' || typeof key === 'function') return key;
  if (perCall && typeof key === 'string' && key !== '') return key;
  throw new InvalidOptionError(
    'idempotencyKey',
    key,
    `a boolean${perCall ? ', a string' : ''} or a function`,
  );
}

/**
 * Sets the header before the first attempt at a call, so that it stays the same over all of them. A call that is
 * idempotent by its method is given none, unless its key is said out loud; one that has the header keeps it.
 */
export function setIdempotencyKey(request: ConnectorRequest, key: IdempotencyKey): void {
  if (typeof key === 'string' ? request.headers.has('idempotency-key') : isIdempotent(request)) return;
  const value =
    typeof key === 'function'
      ? key({method: request.method, url: request.url})
      : key === true
        ? randomHex()
        : key;
  if (value) request.headers.set('idempotency-key', value);
}
