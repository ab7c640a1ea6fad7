import {describe, expect, it} from 'vitest';
import {adaptiveLimit} from '../../../src/connectors/limits/adaptive-limit.ts';
import {CircuitOpenError, InvalidOptionError} from '../../../src/errors/index.ts';
import {createBudget} from '../../../src/policies/budget.ts';
import {circuitBreakerPolicy} from '../../../src/policies/circuit-breaker.ts';
import {hedgePolicy} from '../../../src/policies/hedge/index.ts';
import {rateLimitPolicy} from '../../../src/policies/rate-limit/index.ts';
import {retryPolicy} from '../../../src/policies/retry/index.ts';
import {
  heldHandler,
  pass,
  requestTo,
  scriptedHandler,
  settle,
  useFakeClock,
  watch,
  wrapped,
} from './support.ts';

useFakeClock();

const host = (name: string) => requestTo(`https://${name}.test/`);

describe('policies with a state for each key keep maxKeys states', () => {
  it('a budget counts a host anew when it was forgotten', () => {
    const budget = createBudget(
      'budget',
      {ratio: 0, minimum: 1, maxKeys: 2},
      {ratio: 0, minimum: 1, window: 1e6},
    );
    expect([budget.take('a'), budget.take('a')]).toEqual([true, false]);
    budget.count('b');
    expect(budget.take('a')).toBe(false);
    budget.count('c');
    expect(budget.take('a')).toBe(false);
    budget.count('b');
    budget.count('c');
    expect(budget.take('a')).toBe(true);
  });

  it('a circuit breaker closes the circuit that it has forgotten', async () => {
    const {handler} = scriptedHandler(500);
    const send = wrapped(circuitBreakerPolicy({minimum: 1, maxKeys: 2}), handler);
    await send(host('a'));
    await expect(send(host('a'))).rejects.toBeInstanceOf(CircuitOpenError);
    await send(host('b'));
    await expect(send(host('a'))).rejects.toBeInstanceOf(CircuitOpenError);
    await send(host('c'));
    await expect(send(host('a'))).rejects.toBeInstanceOf(CircuitOpenError);
    await expect(send(host('b'))).resolves.toMatchObject({status: 500});
  });

  it('a circuit breaker does not forget a circuit while a request of its key is under way', async () => {
    const held = heldHandler();
    const send = wrapped(circuitBreakerPolicy({minimum: 1, maxKeys: 1}), held.handler);
    const first = send(host('a'));
    for (const name of ['b', 'c', 'd']) {
      const other = send(host(name));
      held.calls.at(-1)?.answer(new Response());
      await other;
    }
    held.call(0).answer(new Response(null, {status: 500}));
    await first;
    await expect(send(host('a'))).rejects.toBeInstanceOf(CircuitOpenError);
  });

  it('a rate limit gives a host that it has forgotten a whole burst', async () => {
    const {handler, requests} = scriptedHandler(200);
    const send = wrapped(
      rateLimitPolicy({requests: 1, per: 1e9, scope: 'host', maxWait: 0, maxKeys: 2}),
      handler,
    );
    await send(host('a'));
    await expect(send(host('a'))).rejects.toMatchObject({code: 'ERR_RATE_LIMIT'});
    await send(host('b'));
    await send(host('c'));
    await send(host('a'));
    expect(requests).toHaveLength(4);
  });

  it('a rate limit does not forget a host that requests wait for', async () => {
    const {handler, requests} = scriptedHandler(200);
    const send = wrapped(rateLimitPolicy({requests: 1, per: 1_000, scope: 'host', maxKeys: 1}), handler);
    await send(host('a'));
    const waiting = watch(send(host('a')));
    for (const name of ['b', 'c', 'd']) await send(host(name));
    const last = watch(send(host('a')));
    await settle();
    expect([waiting.isSettled, last.isSettled]).toEqual([false, false]);
    await pass(1_000);
    expect([waiting.isSettled, last.isSettled]).toEqual([true, false]);
    await pass(1_000);
    expect(last.isSettled).toBe(true);
    expect(requests).toHaveLength(6);
  });

  it('a hedge waits for `delay` again at a host whose latencies it has forgotten', async () => {
    const held = heldHandler();
    const send = wrapped(hedgePolicy({percentile: 0.5, budget: false, maxKeys: 1}), held.handler);
    const answerAfter = async (name: string, ms: number) => {
      const before = held.calls.length;
      const outcome = send(host(name));
      await pass(ms);
      const sent = held.calls.length - before;
      held.calls.at(-1)?.answer(new Response());
      await outcome;
      return sent;
    };
    for (let index = 0; index < 20; index++) await answerAfter('a', 10);
    expect(await answerAfter('a', 100)).toBe(2);
    await answerAfter('b', 10);
    expect(await answerAfter('a', 100)).toBe(1);
  });

  it('an adaptive limit begins anew at a host that was forgotten', () => {
    const limits = adaptiveLimit({initial: 10, maxKeys: 2}).hosts();
    const now = performance.now();
    limits.of('a').observe({status: 503, error: undefined, sentAt: now, now: now + 1, active: 10});
    expect(limits.of('a').limit).toBe(7);
    limits.of('b');
    limits.of('c');
    expect(Object.keys(limits.stats())).toEqual(['b', 'c']);
    expect(limits.of('a').limit).toBe(10);
  });
});

describe('the option maxKeys', () => {
  it.each([
    ['retry.budget', (maxKeys: number) => retryPolicy({budget: {maxKeys}})],
    ['hedge', (maxKeys: number) => hedgePolicy({maxKeys})],
    ['hedge.budget', (maxKeys: number) => hedgePolicy({budget: {maxKeys}})],
    ['circuitBreaker', (maxKeys: number) => circuitBreakerPolicy({maxKeys})],
    ['rateLimit', (maxKeys: number) => rateLimitPolicy({requests: 1, per: 1, maxKeys})],
    ['adaptiveLimit', (maxKeys: number) => adaptiveLimit({maxKeys})],
  ])('%s refuses a maxKeys that is not a whole number from 1', (where, make) => {
    expect(() => make(1)).not.toThrow();
    expect(() => make(0)).toThrow(InvalidOptionError);
    expect(() => make(0)).toThrow(`${where}.maxKeys`);
  });
});
