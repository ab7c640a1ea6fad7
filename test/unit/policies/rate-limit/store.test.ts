import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {RateLimitError} from '../../../../src/errors/index.ts';
import type {RateLimit, RateLimitQuota, RateLimitStore} from '../../../../src/policies/rate-limit/index.ts';
import {rateLimitPolicy} from '../../../../src/policies/rate-limit/index.ts';
import {
  expectNoTimers,
  pass,
  requestTo,
  scriptedHandler,
  settle,
  useFakeClock,
  watch,
  wrapped,
} from '../support.ts';

useFakeClock();

/** A store that counts by fixed windows, as a remote server does. The test can make it fail. */
function fakeStore({
  latency = () => 1,
  points = 2,
  window = 1_000,
}: {
  latency?: () => number;
  points?: number;
  window?: number;
} = {}) {
  const windows = new Map<string, {until: number; taken: number}>();
  const store = {
    asked: [] as Array<[string, RateLimitQuota]>,
    givenBack: 0,
    underWay: 0,
    mostUnderWay: 0,
    failure: undefined as 'rejects' | 'throws' | 'is silent' | undefined,
    windows,
    take(key: string, quota: RateLimitQuota): number | Promise<number> {
      store.asked.push([key, quota]);
      if (store.failure === 'throws') throw new Error('gone');
      if (store.failure === 'is silent') return new Promise(() => {});
      return answer(key);
    },
    giveBack(key: string) {
      store.givenBack++;
      const current = windows.get(key);
      if (current) current.taken--;
    },
  } satisfies RateLimitStore & Record<string, unknown>;

  async function answer(key: string): Promise<number> {
    store.mostUnderWay = Math.max(store.mostUnderWay, ++store.underWay);
    const wait = latency();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    store.underWay--;
    if (store.failure === 'rejects') throw new Error('gone');
    const now = performance.now();
    let current = windows.get(key);
    if (!current || current.until <= now) {
      current = {until: now + window, taken: 0};
      windows.set(key, current);
    }
    if (current.taken >= points) return current.until - now;
    current.taken++;
    return 0;
  }
  return store;
}

function limiter(limit: RateLimit | readonly RateLimit[]) {
  const start = performance.now();
  const {handler, requests, times} = scriptedHandler(200);
  const policy = wrapped(rateLimitPolicy(limit), handler);
  return {
    requests,
    get times() {
      return times.map((time) => time - start);
    },
    send(url = 'https://a.test/') {
      const request = requestTo(url);
      return {request, outcome: watch(policy(request))};
    },
    many(count: number, url?: string) {
      return Array.from({length: count}, () => this.send(url));
    },
  };
}

const quota = {requests: 2, per: 1_000};

describe('a store', () => {
  it('a store is asked about each request, with its key and quota', async () => {
    const store = fakeStore({points: 10});
    const limit = limiter({...quota, scope: 'host', store});
    limit.send('https://a.test/');
    limit.send('https://b.test/');
    await pass(10);
    expect(limit.requests.length).toBe(2);
    expect(store.asked.map(([key, {requests, per, burst}]) => ({key, requests, per, burst}))).toEqual([
      {key: 'https://a.test', requests: 2, per: 1_000, burst: 2},
      {key: 'https://b.test', requests: 2, per: 1_000, burst: 2},
    ]);
    expectNoTimers();
  });

  it('a store can refuse the quota when the policy is made', () => {
    const check = vi.fn(() => {
      throw new Error('not that');
    });
    expect(() => rateLimitPolicy({...quota, store: {take: () => 0, check}})).toThrow('not that');
    expect(check).toHaveBeenCalledWith(expect.objectContaining(quota));
  });

  it('a store may answer without a promise', async () => {
    const limit = limiter({...quota, store: {take: () => 0}});
    limit.many(5);
    await settle();
    expect(limit.requests.length).toBe(5);
    expectNoTimers();
  });

  it('a store that refused is asked again at the time it named, for one request at first, in the order of arrival', async () => {
    const store = fakeStore();
    const limit = limiter({...quota, store});
    for (let index = 0; index < 6; index++) limit.send(`https://a.test/${index}`);
    await pass(10);
    expect(limit.requests.length).toBe(2);
    const before = store.asked.length;
    await pass(985);
    expect(store.asked.length).toBe(before);
    await pass(4_000);
    expect(limit.requests.map(({url}) => url.slice(15))).toEqual(['0', '1', '2', '3', '4', '5']);
    // One check after a refusal, and twice as many after each success: two windows, each with at most 1 + 2 checks.
    expect(store.asked.length - before).toBeLessThanOrEqual(6);
    expectNoTimers();
  });

  it('a store is asked about several requests at once', async () => {
    const store = fakeStore({points: 1_000, latency: () => 10});
    const limit = limiter({...quota, store});
    limit.many(200);
    await pass(10);
    expect(limit.requests.length).toBe(16);
    await pass(40);
    expect(limit.requests.length).toBe(200);
  });

  it('a store gets back what it took for a request that was aborted meanwhile', async () => {
    const store = fakeStore();
    const limit = limiter({...quota, store});
    const [first, second] = limit.many(2);
    first?.request.lifetime.abort('enough');
    second?.request.lifetime.abort('enough');
    await settle();
    expect(first?.outcome.error).toBe('enough');
    await pass(10);
    expect(store.givenBack).toBe(2);
    limit.many(2);
    await pass(10);
    expect(limit.requests.length).toBe(2);
    expectNoTimers();
  });

  it("the store's answer for an aborted request lets the next waiting request go", async () => {
    const store = fakeStore({latency: () => 10});
    const limit = limiter({...quota, store});
    const [first] = limit.many(1);
    await pass(5);
    limit.send('https://a.test/next');
    first?.request.lifetime.abort('enough');
    await pass(5);
    expect(limit.requests.map(({url}) => url)).toEqual(['https://a.test/next']);
  });

  it('a store and a local limit both hold, and a refusal loses no local token', async () => {
    const store = fakeStore({points: 5, window: 10_000, latency: () => 0});
    const limit = limiter([
      {requests: 2, per: 100},
      {requests: 5, per: 10_000, store},
    ]);
    limit.many(7);
    await pass(60_000);
    expect(limit.times).toEqual([0, 0, 50, 100, 150, 10_000, 10_000]);
    expectNoTimers();
  });

  it('a local limit counts a request about which a store is asked only once', async () => {
    const limit = limiter([
      {requests: 1, per: 1_000, maxWait: 1_000},
      {requests: 9, per: 1_000, store: fakeStore({points: 9, latency: () => 10})},
    ]);
    const [, second, third] = limit.many(3);
    await settle();
    expect(second?.outcome.isSettled).toBe(false);
    expect(third?.outcome.error).toMatchObject({name: 'RateLimitError', retryAfter: 2_000});
    await pass(1_010);
    expect(limit.times).toEqual([10, 1_010]);
  });

  it('of several stores, the first gets back what the second refused', async () => {
    const first = fakeStore({points: 3});
    const second = fakeStore({points: 1, window: 5_000});
    const limit = limiter([
      {...quota, store: first},
      {...quota, store: second},
    ]);
    limit.many(3);
    await pass(100);
    expect(limit.requests.length).toBe(1);
    expect(first.givenBack).toBe(2);
    await pass(30_000);
    expect(limit.requests.length).toBe(3);
  });

  it('a 429 with Retry-After pauses a limit that a store counts', async () => {
    const policy = rateLimitPolicy({...quota, store: fakeStore({points: 100})});
    const {handler, times} = scriptedHandler(
      new Response(null, {status: 429, headers: {'retry-after': '3'}}),
      200,
    );
    void wrapped(policy, handler)(requestTo());
    await pass(10);
    void wrapped(policy, handler)(requestTo());
    await pass(10_000);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(3_000);
  });

  it('a store whose answer comes during a pause is asked again after it', async () => {
    const latencies = [10, 100];
    const store = fakeStore({points: 100, latency: () => latencies.shift() ?? 10});
    const {handler, times} = scriptedHandler(
      new Response(null, {status: 429, headers: {'retry-after': '3'}}),
      200,
    );
    const start = performance.now();
    const send = wrapped(rateLimitPolicy({...quota, store}), handler);
    void send(requestTo());
    const outcome = watch(send(requestTo()));
    await pass(100);
    expect(store.givenBack).toBe(1);
    expect(outcome.isSettled).toBe(false);
    await pass(10_000);
    expect(times.map((time) => time - start)).toEqual([10, 3_020]);
    expectNoTimers();
  });

  describe('a store that is asked about a host', () => {
    /** The first check takes a second. The response to the fourth request asks for a pause. */
    function slow() {
      const latencies = [1_000];
      const store = fakeStore({points: 100, latency: () => latencies.shift() ?? 10});
      const paused = () => new Response(null, {status: 429, headers: {'retry-after': '3'}});
      const {handler, times} = scriptedHandler(200, 200, 200, paused, 200);
      const send = wrapped(rateLimitPolicy({...quota, scope: 'host', store}), handler);
      const first = requestTo('https://a.test/');
      const outcome = watch(send(first));
      for (let index = 0; index < 3; index++) void send(requestTo(`https://other-${index}.test/`));
      return {first, outcome, times, send: () => void send(requestTo('https://a.test/'))};
    }

    it("a host and its pauses are remembered while a request waits for the store's answer", async () => {
      const {outcome, times, send} = slow();
      await pass(1_000);
      expect(outcome.value?.status).toBe(429);
      send();
      await pass(10_000);
      expect((times[4] as number) - (times[3] as number)).toBeGreaterThanOrEqual(3_000);
    });

    it('a host and its pauses are remembered when that request was aborted before the answer', async () => {
      const {first, outcome, times, send} = slow();
      first.lifetime.abort('enough');
      await pass(20);
      expect(outcome.error).toBe('enough');
      send();
      await pass(20);
      send();
      await pass(10_000);
      expect((times[4] as number) - (times[3] as number)).toBeGreaterThanOrEqual(3_000);
    });
  });

  it('requests are refused when the store asks to wait longer than maxWait', async () => {
    const store = fakeStore({points: 1});
    const limit = limiter({...quota, store, maxWait: 100});
    const [, second] = limit.many(2);
    await pass(10);
    expect(second?.outcome.error).toBeInstanceOf(RateLimitError);
    expect(second?.outcome.error).toMatchObject({retryAfter: 1_000});
    const {outcome} = limit.send();
    await settle();
    expect(outcome.error).toBeInstanceOf(RateLimitError);
    expectNoTimers();
  });
});

describe.each(['rejects', 'throws', 'is silent'] as const)('a store that %s', (failure) => {
  const after = failure === 'is silent' ? 1_000 : 1;

  it('requests are refused with whenStoreFails: closed, and by default', async () => {
    for (const whenStoreFails of ['closed', undefined] as const) {
      const store = fakeStore();
      store.failure = failure;
      const limit = limiter({...quota, store, whenStoreFails});
      const outcomes = limit.many(3).map(({outcome}) => outcome);
      await pass(after);
      for (const {error} of outcomes) {
        expect(error).toBeInstanceOf(RateLimitError);
        expect(error).toMatchObject({retryAfter: undefined, cause: expect.any(Error)});
      }
      expect(limit.requests.length).toBe(0);
      expectNoTimers();
    }
  });

  it('requests are sent with whenStoreFails: open', async () => {
    const store = fakeStore();
    store.failure = failure;
    const limit = limiter({...quota, store, whenStoreFails: 'open'});
    limit.many(10);
    await pass(after);
    expect(limit.requests.length).toBe(10);
    expectNoTimers();
  });

  it("the store's count holds again when the store is back", async () => {
    const store = fakeStore();
    const limit = limiter({...quota, store, whenStoreFails: 'open'});
    store.failure = failure;
    limit.many(3);
    await pass(after);
    store.failure = undefined;
    limit.many(3);
    await pass(10);
    expect(limit.requests.length).toBe(5);
  });

  it('local limits hold while the store fails', async () => {
    const store = fakeStore();
    store.failure = failure;
    const limit = limiter([
      {requests: 1, per: 1_000},
      {...quota, store, whenStoreFails: 'open'},
    ]);
    limit.many(3);
    await pass(after);
    expect(limit.requests.length).toBe(1);
  });
});

describe('a slow store', () => {
  it('storeTimeout sets how long a store may take', async () => {
    const slow = () => fakeStore({latency: () => 1_500});
    const patient = limiter({...quota, store: slow(), storeTimeout: 2_000});
    const hasty = limiter({...quota, store: slow(), storeTimeout: 100});
    patient.send();
    const {outcome} = hasty.send();
    await pass(100);
    expect(outcome.error).toMatchObject({
      cause: expect.objectContaining({message: 'rateLimit.storeTimeout of 100 ms ran out'}),
    });
    await pass(2_000);
    expect(patient.requests.length).toBe(1);
  });
});

describe('any schedule of requests', () => {
  it('no window has more requests than the store allows, each request settles once, and the order of arrival is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({min: 1, max: 5}),
        fc.boolean(),
        fc.array(
          fc.record({
            after: fc.oneof(fc.constant(0), fc.nat(700)),
            latency: fc.nat(40),
            abortAfter: fc.option(fc.nat(1_500), {nil: undefined, freq: 3}),
          }),
          {maxLength: 40},
        ),
        async (points, isSteady, schedule) => {
          let asked = 0;
          const store = fakeStore({
            points,
            latency: () => (isSteady ? 5 : (schedule[asked++ % schedule.length]?.latency ?? 0)),
          });
          const sentIn = new Map<number, number>();
          const sent: number[] = [];
          const limit = rateLimitPolicy({requests: 10, per: 1_000, store});
          const handler = wrapped(limit, async ({url}) => {
            sent.push(Number(new URL(url).pathname.slice(1)));
            const {until = 0} = store.windows.get('session') ?? {};
            sentIn.set(until, (sentIn.get(until) ?? 0) + 1);
            return new Response();
          });
          const outcomes: Array<ReturnType<typeof watch>> = [];
          for (const [index, {after, abortAfter}] of schedule.entries()) {
            await pass(after);
            const request = requestTo(`https://a.test/${index}`);
            outcomes.push(watch(handler(request)));
            if (abortAfter !== undefined) setTimeout(() => request.lifetime.abort('aborted'), abortAfter);
          }
          await pass(100_000);

          for (const outcome of outcomes) expect(outcome.times).toBe(1);
          for (const count of sentIn.values()) expect(count).toBeLessThanOrEqual(points);
          expect(sent).toEqual(sent.toSorted((a, b) => a - b));
          const unsent = outcomes.filter((_, index) => !sent.includes(index));
          expect(unsent.every(({error}) => error === 'aborted')).toBe(true);
          expect(store.underWay).toBe(0);
          expectNoTimers();
        },
      ),
      {numRuns: 2_000},
    );
  }, 120_000);
});
