import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {Handler} from '../../../../src/core/policy.ts';
import type {Trace} from '../../../../src/core/trace.ts';
import {RateLimitError} from '../../../../src/errors/index.ts';
import type {RateLimit} from '../../../../src/policies/rate-limit/index.ts';
import {rateLimitPolicy} from '../../../../src/policies/rate-limit/index.ts';
import {heapUsed} from '../../../support/heap.ts';
import {
  expectNoTimers,
  heldHandler,
  pass,
  requestTo,
  scriptedHandler,
  settle,
  useFakeClock,
  watch,
  wrapped,
} from '../support.ts';

useFakeClock();

/** Sends requests through a policy, and records which requests were sent, and when. */
function limiter(limit: RateLimit | readonly RateLimit[], next?: Handler) {
  const start = performance.now();
  const sent: Array<{readonly url: string; readonly at: number}> = [];
  const handler = wrapped(rateLimitPolicy(limit), (request) => {
    sent.push({url: request.url, at: performance.now() - start});
    return next ? next(request) : Promise.resolve(new Response());
  });
  return {
    sent,
    get times() {
      return sent.map(({at}) => at);
    },
    send(url = 'https://a.test/', headers = {}, trace?: Trace) {
      const request = requestTo(url, {headers});
      request.lifetime.trace = trace;
      return {request, outcome: watch(handler(request))};
    },
    many(count: number, url?: string) {
      return Array.from({length: count}, () => this.send(url));
    },
  };
}

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, {status, headers});

describe('a limit', () => {
  it('a limit lets its burst go at once, and then one request for each share of the time', async () => {
    const limit = limiter({requests: 5, per: 1_000});
    limit.many(8);
    await pass(10_000);
    expect(limit.times).toEqual([0, 0, 0, 0, 0, 200, 400, 600]);
    expectNoTimers();
  });

  it.each([
    [1, [0, 100, 200, 300, 400]],
    [3, [0, 0, 0, 100, 200]],
    [20, [0, 0, 0, 0, 0]],
  ])('a limit with a burst of %i lets that many requests go at once', async (burst, times) => {
    const limit = limiter({requests: 10, per: 1_000, burst});
    limit.many(5);
    await pass(10_000);
    expect(limit.times).toEqual(times);
  });

  it('a limit has its full burst again after a time of rest, and no more however long the rest is', async () => {
    const limit = limiter({requests: 4, per: 1_000});
    limit.many(4);
    await pass(3_600_000);
    limit.many(5);
    await pass(1_000);
    expect(limit.times).toEqual([0, 0, 0, 0, ...Array(4).fill(3_600_000), 3_600_250]);
  });

  it('a limit whose interval is not a whole number of ms is kept', async () => {
    const limit = limiter({requests: 3, per: 1_000});
    limit.many(3_003);
    await pass(1_000_000);
    expect(limit.times.slice(0, 3)).toEqual([0, 0, 0]);
    expect(limit.times[3]).toBe(334);
    // No ms is lost: the next wait is shorter by the time that a timer was late.
    expect(limit.times[3_002]).toBe(1_000_000);
  });

  it('a limit counts requests with any outcome', async () => {
    const limit = limiter({requests: 1, per: 100}, scriptedHandler(new Error('no'), 200, 404).handler);
    const outcomes = limit.many(3).map(({outcome}) => outcome);
    await pass(200);
    expect(limit.times).toEqual([0, 100, 200]);
    expect(outcomes.map(({error, value}) => value?.status ?? (error as Error).message)).toEqual([
      'no',
      200,
      404,
    ]);
  });

  it('a limit still works after a handler has thrown', async () => {
    const limit = limiter({requests: 1, per: 100, learn: true}, () => {
      throw new Error('no');
    });
    const {outcome} = limit.send();
    await settle();
    expect(outcome.error).toEqual(new Error('no'));
  });

  it('one policy in two handlers is one limit', async () => {
    const policy = rateLimitPolicy({requests: 1, per: 1_000});
    const [one, two] = [scriptedHandler(200), scriptedHandler(200)];
    void wrapped(policy, one.handler)(requestTo());
    void wrapped(policy, two.handler)(requestTo());
    await settle();
    expect([one.requests.length, two.requests.length]).toEqual([1, 0]);
    await pass(1_000);
    expect(two.requests.length).toBe(1);
  });

  it('a request for which scope returns undefined is not limited', async () => {
    const limit = limiter({
      requests: 1,
      per: 1_000,
      scope: ({method, url}) => (url.includes('free') ? undefined : method),
    });
    limit.many(2);
    limit.many(5, 'https://a.test/free');
    await settle();
    expect(limit.sent.length).toBe(6);
  });

  it('an empty list of limits limits nothing', async () => {
    const limit = limiter([]);
    limit.many(50);
    await settle();
    expect(limit.sent.length).toBe(50);
  });
});

describe('scopes', () => {
  const urls = [
    'https://a.test/1',
    'https://a.test/2',
    'https://b.test/1',
    'http://a.test/1',
    'https://a.test:8443/1',
  ];

  it.each([
    ['session', 1],
    [undefined, 1],
    ['host', 4],
    [({url}: {url: string}) => new URL(url).hostname, 2],
  ] as const)('requests are counted by the scope %s', async (scope, atOnce) => {
    const limit = limiter({requests: 1, per: 1_000, scope});
    for (const url of urls) limit.send(url);
    await settle();
    expect(limit.sent.length).toBe(atOnce);
    await pass(10_000);
    expect(limit.sent.length).toBe(5);
    expectNoTimers();
  });

  it('a scope can be the value of a header', async () => {
    const limit = limiter({requests: 1, per: 1_000, scope: ({headers}) => headers.get('x-api-key')});
    for (const key of ['one', 'two', 'one']) limit.send(undefined, {'x-api-key': key});
    await settle();
    expect(limit.sent.length).toBe(2);
  });
});

describe('several limits', () => {
  it('several limits all hold', async () => {
    const limit = limiter([
      {requests: 2, per: 100},
      {requests: 5, per: 10_000},
    ]);
    limit.many(7);
    await pass(60_000);
    expect(limit.times).toEqual([0, 0, 50, 100, 150, 2_000, 4_000]);
    expectNoTimers();
  });

  it('a request that waits long for one limit is still spaced by the other', async () => {
    // If tokens were taken one by one, those of the first limit would pile up behind the second and be spent at once.
    const limit = limiter(
      [
        {requests: 10, per: 1_000, burst: 1},
        {requests: 100, per: 60_000},
      ],
      scriptedHandler(answer(429, {'retry-after': '60'}), 200).handler,
    );
    limit.send();
    await settle();
    limit.many(10);
    await pass(120_000);
    expect(limit.times).toEqual([0, ...Array.from({length: 10}, (_, index) => 60_000 + index * 100)]);
  });

  it('with limits of the session and of hosts, the queue of one host does not delay another host', async () => {
    const limit = limiter([
      {requests: 100, per: 1_000},
      {requests: 1, per: 1_000, scope: 'host'},
    ]);
    limit.many(10, 'https://busy.test/');
    const {outcome} = limit.send('https://quiet.test/');
    await settle();
    expect(outcome.isSettled).toBe(true);
  });

  it('hosts take turns at the limit that they share', async () => {
    const limit = limiter([
      {requests: 10, per: 1_000, burst: 1},
      {requests: 1_000, per: 1_000, scope: 'host'},
    ]);
    limit.many(5, 'https://a.test/');
    limit.many(5, 'https://b.test/');
    await pass(10_000);
    const hosts = limit.sent.map(({url}) => url.slice(8, 9)).join('');
    expect(hosts).toMatch(/^a+(ba){3,}/);
    expect(limit.times).toEqual(Array.from({length: 10}, (_, index) => index * 100));
  });
});

describe('waiting requests', () => {
  it('waiting requests go in the order of their arrival', async () => {
    const limit = limiter({requests: 1, per: 10});
    for (let index = 0; index < 100; index++) limit.send(`https://a.test/${index}`);
    await pass(2_000);
    expect(limit.sent.map(({url}) => Number(url.slice(15)))).toEqual(
      Array.from({length: 100}, (_, index) => index),
    );
  });

  it('a new request does not overtake waiting ones while the timer of a due token is late', async () => {
    const limit = limiter({requests: 1, per: 100});
    limit.many(2, 'https://a.test/early');
    await settle();
    // The token is due, and the timer hasn't fired yet.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 100);
    limit.send('https://a.test/late');
    await Promise.resolve();
    expect(limit.sent.length).toBe(1);
    vi.restoreAllMocks();
    await pass(1_000);
    expect(limit.sent.map(({url}) => url.slice(15))).toEqual(['early', 'early', 'late']);
  });

  it('a new request to another host does not overtake waiting ones while the timer is late', async () => {
    const limit = limiter([
      {requests: 1, per: 100},
      {requests: 5, per: 100, scope: 'host'},
    ]);
    limit.many(2, 'https://early.test/');
    await settle();
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 100);
    limit.send('https://late.test/');
    await Promise.resolve();
    expect(limit.sent.length).toBe(1);
    vi.restoreAllMocks();
    await pass(1_000);
    expect(limit.sent.map(({url}) => url.slice(8, 12))).toEqual(['earl', 'earl', 'late']);
  });

  it('a waiting request that is aborted rejects at once with the reason, and its place is free', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const [, second, third] = limit.many(3);
    second?.request.lifetime.abort('enough');
    await settle();
    expect(second?.outcome).toMatchObject({error: 'enough', isSettled: true});
    await pass(1_000);
    expect(third?.outcome.isSettled).toBe(true);
    expectNoTimers();
  });

  it('the timer is cleared when the last waiting request is aborted', async () => {
    const limit = limiter([
      {requests: 1, per: 1_000},
      {requests: 1, per: 500, scope: 'host'},
    ]);
    for (const {request} of limit.many(4)) request.lifetime.abort('enough');
    await settle();
    expectNoTimers();
    await pass(1_000);
    limit.send();
    await settle();
    expect(limit.times).toEqual([0, 1_000]);
  });

  it('the timer of a bucket is cleared when no request waits for it, even if requests wait for another bucket', async () => {
    const limit = limiter([
      {requests: 1, per: 1_000},
      {requests: 9, per: 1_000, scope: 'host'},
    ]);
    limit.send();
    const waiting = [limit.send('https://a.test/'), limit.send('https://b.test/')];
    for (const {request} of waiting) request.lifetime.abort('enough');
    await settle();
    expectNoTimers();
  });

  it('a request that is let go and aborted in the same tick passes its token to the next request', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const [, second, third] = limit.many(3);
    await settle();
    // Abort synchronously, before the promise of the wait settles.
    vi.advanceTimersByTime(1_000);
    second?.request.lifetime.abort('enough');
    await settle();
    expect(second?.outcome.error).toBe('enough');
    expect(third?.outcome.isSettled).toBe(true);
    expect(limit.times).toEqual([0, 1_000]);
    expectNoTimers();
  });

  it('a request that is aborted before it begins takes no token', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    limit.send();
    const request = requestTo();
    request.lifetime.abort('before');
    const policy = wrapped(rateLimitPolicy({requests: 1, per: 1_000}), scriptedHandler(200).handler);
    void policy(requestTo());
    await expect(policy(request)).rejects.toBe('before');
    expectNoTimers();
  });

  it('a hundred thousand waiting requests can be aborted from the middle of the queue', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const count = 100_000;
    const all = limit.many(count);
    await settle();
    // The worst order for a list that is searched, which would take minutes.
    for (let index = 0; index < count; index++) {
      all[(count / 2 + index) % count]?.request.lifetime.abort('enough');
    }
    await settle();
    expect(all.filter(({outcome}) => !outcome.isSettled)).toEqual([]);
    expectNoTimers();
  });
});

describe('maxWait', () => {
  it('a request that would wait longer than maxWait is refused at once, and the error has the wait', async () => {
    const limit = limiter({requests: 10, per: 1_000, burst: 1, maxWait: 250});
    const outcomes = limit.many(5).map(({outcome}) => outcome);
    await settle();
    expect(outcomes.map(({isSettled}) => isSettled)).toEqual([true, false, false, true, true]);
    expect(outcomes[3]?.error).toBeInstanceOf(RateLimitError);
    expect(outcomes[3]?.error).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      retryAfter: 300,
      attempts: 1,
      request: {method: 'GET', url: 'https://a.test/'},
    });
    await pass(300);
    expect(limit.times).toEqual([0, 100, 200]);
  });

  it('a request that waits exactly maxWait is sent', async () => {
    const limit = limiter({requests: 1, per: 100, maxWait: 100});
    const [, second] = limit.many(2);
    await pass(100);
    expect(second?.outcome.value?.ok).toBe(true);
    expect(limit.times).toEqual([0, 100]);
  });

  it('a maxWait of 0 refuses every request that would wait', async () => {
    const limit = limiter({requests: 1, per: 1_000, maxWait: 0});
    const [first, second] = limit.many(2);
    await settle();
    expect(first?.outcome.value?.ok).toBe(true);
    expect(second?.outcome.error).toMatchObject({retryAfter: 1_000});
  });

  it('maxWait counts the free places of aborted requests', async () => {
    const limit = limiter({requests: 1, per: 100, maxWait: 200});
    const [, second] = limit.many(3);
    expect(limit.send().outcome.isSettled).toBe(false);
    await settle();
    second?.request.lifetime.abort('enough');
    const {outcome} = limit.send();
    await pass(200);
    expect(outcome.value?.ok).toBe(true);
  });

  it('a pause refuses the requests that would now wait longer than maxWait, at once', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 1, per: 100, maxWait: 500}, held.handler);
    const [, second, third] = limit.many(3);
    await settle();
    held.call(0).answer(answer(429, {'retry-after': '2'}));
    await settle();
    for (const waiting of [second, third]) {
      expect(waiting?.outcome.error).toBeInstanceOf(RateLimitError);
      expect(waiting?.outcome.error).toMatchObject({retryAfter: 2_000});
    }
    expectNoTimers();
  });

  it('the smallest maxWait of several limits counts', async () => {
    const limit = limiter([
      {requests: 1, per: 100, maxWait: 10_000},
      {requests: 100, per: 1_000, maxWait: 50},
    ]);
    const [, second] = limit.many(2);
    await settle();
    expect(second?.outcome.error).toMatchObject({retryAfter: 100});
  });
});

describe('a 429 or 503 with Retry-After', () => {
  it.each([429, 503])('a %i with Retry-After pauses all requests of the scope', async (status) => {
    const limit = limiter(
      {requests: 10, per: 1_000, scope: 'host'},
      scriptedHandler(answer(status, {'retry-after': '3'}), 200).handler,
    );
    limit.send();
    await settle();
    limit.many(2);
    limit.send('https://other.test/');
    await pass(2_999);
    expect(limit.times).toEqual([0, 0]);
    await pass(1);
    expect(limit.times).toEqual([0, 0, 3_000, 3_000]);
    expectNoTimers();
  });

  it('a pause delays the requests that wait already', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 1, per: 100}, held.handler);
    limit.many(3);
    await pass(50);
    held.call(0).answer(answer(429, {'retry-after': '1'}));
    await pass(10_000);
    // The tokens saved up by then are no more than the burst.
    expect(limit.times).toEqual([0, 1_050, 1_150]);
  });

  it('the longest of several pauses counts', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 3, per: 1_000}, held.handler);
    limit.many(4);
    await settle();
    held.call(0).answer(answer(429, {'retry-after': '5'}));
    held.call(1).answer(answer(429, {'retry-after': '1'}));
    await pass(10_000);
    expect(limit.times).toEqual([0, 0, 0, 5_000]);
  });

  it.each([
    [undefined, '100', 60_000],
    [5_000, '100', 5_000],
    [0, '100', 0],
  ])('a pause is no longer than maxPause: %s', async (maxPause, after, until) => {
    const limit = limiter(
      {requests: 10, per: 1_000, maxPause},
      scriptedHandler(answer(503, {'retry-after': after}), 200).handler,
    );
    limit.send();
    await settle();
    limit.send();
    await pass(200_000);
    expect(limit.times).toEqual([0, until]);
  });

  it('a 429 of one host does not pause the session if a limit is for each host', async () => {
    const limit = limiter(
      [
        {requests: 100, per: 1_000},
        {requests: 100, per: 1_000, scope: 'host'},
      ],
      scriptedHandler(answer(503, {'retry-after': '3'}), 200).handler,
    );
    limit.send('https://a.test/');
    await settle();
    limit.send('https://a.test/');
    limit.send('https://b.test/');
    await settle();
    expect(limit.sent.map(({url}) => url)).toEqual(['https://a.test/', 'https://b.test/']);
  });

  it.each([answer(429), answer(500, {'retry-after': '3'}), answer(200, {'retry-after': '3'})])(
    'another status, or one without Retry-After, pauses nothing',
    async (response) => {
      const limit = limiter({requests: 10, per: 1_000}, async () => response);
      limit.send();
      await settle();
      limit.send();
      await settle();
      expect(limit.times).toEqual([0, 0]);
    },
  );
});

describe('learning', () => {
  const quota = (limit: number, remaining: number, reset: number, status = 200) =>
    answer(status, {
      'ratelimit-limit': String(limit),
      'ratelimit-remaining': String(remaining),
      'ratelimit-reset': String(reset),
    });

  it('with learn, requests wait for the reset when none remain', async () => {
    const limit = limiter(
      {requests: 100, per: 1_000, learn: true},
      scriptedHandler(quota(5, 0, 4), 200).handler,
    );
    limit.send();
    await settle();
    limit.send();
    await pass(10_000);
    expect(limit.times).toEqual([0, 4_000]);
  });

  it('with learn, no more requests are sent than remain, minus those in flight', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 10, per: 100_000, learn: true}, held.handler);
    limit.many(4);
    await settle();
    // The server has counted one of the four requests: five are left, three of which are in flight.
    held.call(0).answer(quota(6, 5, 1_000));
    await settle();
    limit.many(6);
    await settle();
    expect(limit.sent.length).toBe(6);
  });

  it('with learn, requests in flight that had waited are counted too', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 10, per: 100_000, burst: 2, learn: true}, held.handler);
    limit.many(3);
    await pass(10_000);
    expect(limit.sent.length).toBe(3);
    await pass(20_000);
    held.call(0).answer(quota(100, 3, 1_000));
    await settle();
    // Two of the three requests left are in flight.
    limit.many(3);
    await settle();
    expect(limit.sent.length).toBe(4);
  });

  it('with learn, the configured limit still holds', async () => {
    const limit = limiter({requests: 2, per: 1_000, learn: true}, async () => quota(100, 99, 60));
    limit.many(4);
    await pass(1_000);
    expect(limit.times).toEqual([0, 0, 500, 1_000]);
  });

  it("with learn, the burst is the server's limit until the server allows more", async () => {
    let allowed = 3;
    const limit = limiter({requests: 10, per: 1_000, learn: true}, async () =>
      quota(allowed, allowed - 1, 1),
    );
    limit.send();
    await pass(10_000);
    limit.many(5);
    await settle();
    expect(limit.sent.length).toBe(4);
    allowed = 8;
    await pass(10_000);
    limit.send();
    await pass(10_000);
    const before = limit.sent.length;
    limit.many(10);
    await settle();
    expect(limit.sent.length - before).toBe(8);
  });

  it('without learn, the quota of a server is ignored', async () => {
    const limit = limiter({requests: 5, per: 1_000}, async () => quota(5, 0, 100));
    limit.many(1);
    await settle();
    limit.many(4);
    await settle();
    expect(limit.sent.length).toBe(5);
  });
});

describe('memory', () => {
  it('200,000 hosts take no memory, because hosts without current requests are forgotten', async () => {
    const policy = rateLimitPolicy({requests: 1, per: 1_000, scope: 'host'});
    const response = new Response();
    const handler = wrapped(policy, async () => response);
    const request = requestTo();
    let before = 0;
    for (let index = 0; index < 200_000; index++) {
      if (index === 50_000) before = heapUsed();
      request.url = `https://host-${index}.test/`;
      void handler(request);
      if (index % 1_000 === 0) await pass(1_000);
    }
    expect(heapUsed() - before).toBeLessThan(3_000_000);
  });
});

describe('a host', () => {
  it('a host whose requests wait for another limit is not forgotten', async () => {
    const limit = limiter([
      {requests: 1, per: 1_000, burst: 1},
      {requests: 2, per: 1_000_000, scope: 'host'},
    ]);
    limit.many(1, 'https://first.test/');
    limit.many(2, 'https://a.test/');
    for (let index = 0; index < 5; index++)
      limit.send(`https://other-${index}.test/`).request.lifetime.abort('enough');
    await pass(5_000);
    expect(limit.times).toEqual([0, 1_000, 2_000]);
    const {outcome} = limit.send('https://a.test/');
    await pass(100_000);
    expect(outcome.isSettled).toBe(false);
  });
});

describe('a host that was forgotten', () => {
  it('new requests to a forgotten host wait for its new bucket', async () => {
    const limit = limiter({requests: 1, per: 1_000, scope: 'host'});
    limit.many(2);
    await pass(5_000);
    expect(limit.times).toEqual([0, 1_000]);
    for (let index = 0; index < 3; index++) limit.send(`https://other-${index}.test/`);
    limit.many(2);
    await settle();
    expect(limit.times).toEqual([0, 1_000, 5_000, 5_000, 5_000, 5_000]);
    await pass(1_000);
    expect(limit.times.at(-1)).toBe(6_000);
    expectNoTimers();
  });
});

describe('options', () => {
  const valid = {requests: 1, per: 1};

  it.each([
    [undefined, 'rateLimit'],
    [5, 'rateLimit'],
    [{per: 1_000}, 'rateLimit.requests'],
    [{requests: 1}, 'rateLimit.per'],
    [{...valid, requests: 0}, 'rateLimit.requests'],
    [{...valid, requests: 1.5}, 'rateLimit.requests'],
    [{...valid, requests: Infinity}, 'rateLimit.requests'],
    [{...valid, per: 0}, 'rateLimit.per'],
    [{...valid, per: '1'}, 'rateLimit.per'],
    [{...valid, burst: 0}, 'rateLimit.burst'],
    [{...valid, scope: 'hosts'}, 'rateLimit.scope'],
    [{...valid, maxWait: -1}, 'rateLimit.maxWait'],
    [{...valid, maxPause: Number.NaN}, 'rateLimit.maxPause'],
    [{...valid, store: {}}, 'rateLimit.store'],
    [{...valid, store: null}, 'rateLimit.store'],
    [{...valid, whenStoreFails: 'shut'}, 'rateLimit.whenStoreFails'],
    [{...valid, storeTimeout: 0}, 'rateLimit.storeTimeout'],
    [{...valid, interval: 5}, 'rateLimit.interval', 'UnsupportedOptionError'],
    [[valid, {...valid, per: -1}], 'rateLimit[1].per'],
  ])('invalid rate limit options are refused: %j', (options, option, name = 'InvalidOptionError') => {
    const make = () => rateLimitPolicy(options as RateLimit);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

/** Checks the guarantee of a token bucket: no period has more requests than the burst plus the period's share. */
function expectWithin(times: readonly number[], {requests, per, burst = requests}: RateLimit): void {
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const stretch = (times[to] as number) - (times[from] as number);
      expect(to - from + 1).toBeLessThanOrEqual(burst + (stretch * requests) / per + 1e-6);
    }
  }
}

describe('any schedule of requests', () => {
  const limits = fc.record({
    requests: fc.integer({min: 1, max: 8}),
    per: fc.integer({min: 1, max: 2_000}),
    burst: fc.option(fc.integer({min: 1, max: 10}), {nil: undefined}),
  });
  const arrival = fc.record({
    after: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(3_000)),
    host: fc.constantFrom('a', 'b', 'c'),
    latency: fc.nat(500),
    status: fc.oneof(
      {weight: 8, arbitrary: fc.constant(200)},
      {weight: 1, arbitrary: fc.constantFrom(429, 503)},
    ),
    abortAfter: fc.option(fc.nat(2_000), {nil: undefined, freq: 3}),
  });

  interface Arrival {
    readonly after: number;
    readonly host: string;
    readonly latency: number;
    readonly status: number;
    readonly abortAfter: number | undefined;
  }

  async function run(limit: RateLimit | readonly RateLimit[], schedule: readonly Arrival[]) {
    const sent: Array<{host: string; index: number; at: number}> = [];
    const pauses: Array<{host: string; from: number; to: number}> = [];
    const start = performance.now();
    const clock = () => performance.now() - start;
    const handler = wrapped(rateLimitPolicy(limit), async (request) => {
      const {hostname, pathname} = new URL(request.url);
      const index = Number(pathname.slice(1));
      sent.push({host: hostname, index, at: clock()});
      const {latency, status} = schedule[index] as Arrival;
      await new Promise((resolve) => setTimeout(resolve, latency));
      if (status === 200) return new Response();
      pauses.push({host: hostname, from: clock(), to: clock() + 1_000});
      return answer(status, {'retry-after': '1'});
    });
    const outcomes: Array<ReturnType<typeof watch>> = [];
    for (const [index, {after, host, abortAfter}] of schedule.entries()) {
      await pass(after);
      const request = requestTo(`https://${host}/${index}`);
      outcomes.push(watch(handler(request)));
      if (abortAfter !== undefined) setTimeout(() => request.lifetime.abort('aborted'), abortAfter);
    }
    await pass(1_000_000);
    for (const outcome of outcomes) expect(outcome.times).toBe(1);
    expectNoTimers();
    return {sent, pauses, outcomes, clock, handler};
  }

  it('one limit never sends more than it allows, sends in the order of arrival, sends each request once, and sends none in a pause', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, {maxLength: 40}), async (limit, schedule) => {
        const {sent, pauses, outcomes} = await run(limit, schedule);
        expectWithin(
          sent.map(({at}) => at),
          limit,
        );
        const order = sent.map(({index}) => index);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        for (const {from, to} of pauses) expect(sent.some(({at}) => at > from && at < to)).toBe(false);
        // Each request was sent, or aborted while it waited.
        const unsent = outcomes.filter((_, index) => !order.includes(index));
        expect(unsent.every(({error}) => error === 'aborted')).toBe(true);
      }),
      {numRuns: 2_000},
    );
  }, 120_000);

  it('one limit sends every request as early as it allows', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, {maxLength: 40}), async (limit, arrivals) => {
        const schedule = arrivals.map((one) => ({...one, status: 200, abortAfter: undefined}));
        const {sent} = await run(limit, schedule);
        const {requests, per, burst = requests} = limit;
        // A textbook token bucket, in the order of arrival.
        let tokens = burst;
        let at = 0;
        let arrived = 0;
        for (const [index, {after}] of schedule.entries()) {
          arrived += after;
          const from = Math.max(at, arrived);
          const tokensAt = (time: number) => Math.min(burst, tokens + ((time - at) * requests) / per);
          const missing = 1 - tokensAt(from);
          // Timers take whole ms.
          const time = missing > 0 ? Math.ceil(from + (missing * per) / requests - 1e-6) : from;
          tokens = tokensAt(time);
          tokens--;
          at = time;
          expect(sent[index]?.at).toBe(time);
        }
        expect(sent.length).toBe(schedule.length);
      }),
      {numRuns: 1_000},
    );
  }, 120_000);

  it("several limits all hold, each host's requests go in the order of arrival, and no token is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        limits,
        limits,
        fc.array(arrival, {maxLength: 40}),
        async (ofAll, ofHost, schedule) => {
          const both = [ofAll, {...ofHost, scope: 'host'}] as const;
          const {sent, pauses, handler, clock} = await run(both, schedule);
          const times = (host?: string) =>
            sent.filter((one) => host === undefined || one.host === host).map(({at}) => at);
          expectWithin(times(), ofAll);
          for (const host of ['a', 'b', 'c']) {
            expectWithin(times(host), ofHost);
            const order = sent.filter((one) => one.host === host).map(({index}) => index);
            expect(order).toEqual(order.toSorted((a, b) => a - b));
          }
          for (const {host, from, to} of pauses)
            expect(sent.some((one) => one.host === host && one.at > from && one.at < to)).toBe(false);

          // After the rest, the smaller burst is available, and no more than that.
          const smaller = Math.min(ofAll.burst ?? ofAll.requests, ofHost.burst ?? ofHost.requests);
          const before = sent.length;
          const at = clock();
          const after = Array.from({length: smaller + 1}, () => {
            const request = requestTo('https://a/0');
            return {request, outcome: watch(handler(request))};
          });
          await settle();
          expect(sent.slice(before).filter((one) => one.at === at).length).toBe(smaller);
          for (const {request} of after) request.lifetime.abort('done');
          await pass(10_000);
        },
      ),
      {numRuns: 2_000},
    );
  }, 120_000);
});

describe('a trace listener that is notified of a wait', () => {
  it('a trace listener may make calls that wait in the same queue', async () => {
    const limit = limiter({requests: 1, per: 100, burst: 1});
    let more = 0;
    const trace = {
      emit(type: string) {
        if (type === 'rateLimitWaitEnd' && more++ < 3) limit.send('https://a.test/more');
      },
    } as unknown as Trace;
    limit.send();
    const {request, outcome} = limit.send('https://a.test/traced', {}, trace);
    limit.send('https://a.test/last');
    await pass(10_000);
    expect(limit.sent).toEqual([
      {url: 'https://a.test/', at: 0},
      {url: request.url, at: 100},
      {url: 'https://a.test/last', at: 200},
      {url: 'https://a.test/more', at: 300},
    ]);
    expect(outcome).toMatchObject({isSettled: true, times: 1});
    expectNoTimers();
  });
});
