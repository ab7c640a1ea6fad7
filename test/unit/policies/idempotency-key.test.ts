import {describe, expect, it} from 'vitest';
import {InvalidOptionError} from '../../../src/errors/index.ts';
import type {IdempotencyKey} from '../../../src/policies/idempotency-key.ts';
import {idempotencyKeyPolicy} from '../../../src/policies/idempotency-key.ts';
import {retryPolicy} from '../../../src/policies/retry/index.ts';
import {
  heldHandler,
  pass,
  policyContext,
  requestTo,
  scriptedHandler,
  useFakeClock,
  wrapped,
} from './support.ts';

useFakeClock();

function keyOf(key: IdempotencyKey, method = 'POST', headers = {}): string | undefined {
  const options = typeof key === 'string' ? {idempotencyKey: key} : {};
  const request = requestTo('https://example.com/orders?x=1', {method, headers, options});
  void wrapped(idempotencyKeyPolicy(typeof key === 'string' ? false : key), heldHandler().handler)(request);
  return request.headers.get('idempotency-key');
}

describe('an Idempotency-Key', () => {
  it('the key is random and differs for each call with idempotencyKey: true', () => {
    const keys = new Set(Array.from({length: 100}, () => keyOf(true)));
    expect(keys.size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^[\da-f]{32}$/);
  });

  it('the key is the given text, or the text that a function returns for the request', () => {
    expect(keyOf('order-7')).toBe('order-7');
    expect(keyOf(({method, url}) => `${method} ${url}`)).toBe('POST https://example.com/orders?x=1');
    expect(keyOf(() => undefined)).toBeUndefined();
    expect(keyOf(false)).toBeUndefined();
  });

  it('requests with an idempotent method get a key only when the call names one', () => {
    expect(keyOf(true, 'PATCH')).toBeDefined();
    expect(keyOf(true, 'GET')).toBeUndefined();
    expect(keyOf(() => 'k', 'PUT')).toBeUndefined();
    expect(keyOf('k', 'PUT')).toBe('k');
  });

  it('a header that the call sets is kept', () => {
    for (const key of [true, 'other', () => 'other'])
      expect(keyOf(key, 'POST', {'Idempotency-Key': 'mine'})).toBe('mine');
  });

  it('a POST with a key is retried, with the same key in all attempts', async () => {
    const {handler, requests} = scriptedHandler(503);
    const request = requestTo(undefined, {method: 'POST'});
    void wrapped(idempotencyKeyPolicy(true), wrapped(retryPolicy(2), handler))(request);
    await pass(10_000);
    const keys = requests.map(({headers}) => headers.get('idempotency-key'));
    expect(keys).toEqual(Array(3).fill(keys[0]));
    expect(keys[0]).toBeDefined();
  });

  it('a text is allowed as the key of one call, not of a session', () => {
    const check = idempotencyKeyPolicy().callOptions?.idempotencyKey;
    expect(check?.('k', policyContext)).toBe('k');
    expect(() => idempotencyKeyPolicy('k' as never)).toThrow(InvalidOptionError);
    for (const key of ['', 7, {}, null])
      expect(() => check?.(key as never, policyContext)).toThrow('Option "idempotencyKey"');
    for (const key of [true, false, () => 'k']) expect(() => idempotencyKeyPolicy(key)).not.toThrow();
  });
});
