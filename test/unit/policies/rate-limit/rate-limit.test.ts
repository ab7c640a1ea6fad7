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

/** Sends requests through a policy, and knows which have got through, and when. */
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
  it('lets as many go at once as it says, and then one for each share of the time', async () => {
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
  ])('lets %i go at once where that is its burst', async (burst, times) => {
    const limit = limiter({requests: 10, per: 1_000, burst});
    limit.many(5);
    await pass(10_000);
    expect(limit.times).toEqual(times);
  });

  it('has its burst again after a rest, and no more than that however long', async () => {
    const limit = limiter({requests: 4, per: 1_000});
    limit.many(4);
    await pass(3_600_000);
    limit.many(5);
    await pass(1_000);
    expect(limit.times).toEqual([0, 0, 0, 0, ...Array(4).fill(3_600_000), 3_600_250]);
  });

  it('whose share of the time is no whole number of ms is kept to all the same', async () => {
    const limit = limiter({requests: 3, per: 1_000});
    limit.many(3_003);
    await pass(1_000_000);
    expect(limit.times.slice(0, 3)).toEqual([0, 0, 0]);
    expect(limit.times[3]).toBe(334);
    // Not a ms is lost for each: what a timer is late is made up for.
    expect(limit.times[3_002]).toBe(1_000_000);
  });

  it('counts a request whatever becomes of it', async () => {
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

  it('survives a handler that throws', async () => {
    const limit = limiter({requests: 1, per: 100, learn: true}, () => {
      throw new Error('no');
    });
    const {outcome} = limit.send();
    await settle();
    expect(outcome.error).toEqual(new Error('no'));
  });

  it('is one for all that its policy is part of', async () => {
    const policy = rateLimitPolicy({requests: 1, per: 1_000});
    const [one, two] = [scriptedHandler(200), scriptedHandler(200)];
    void wrapped(policy, one.handler)(requestTo());
    void wrapped(policy, two.handler)(requestTo());
    await settle();
    expect([one.requests.length, two.requests.length]).toEqual([1, 0]);
    await pass(1_000);
    expect(two.requests.length).toBe(1);
  });

  it('may be none for some requests', async () => {
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

  it('none at all is no limit', async () => {
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
  ] as const)('%s', async (scope, atOnce) => {
    const limit = limiter({requests: 1, per: 1_000, scope});
    for (const url of urls) limit.send(url);
    await settle();
    expect(limit.sent.length).toBe(atOnce);
    await pass(10_000);
    expect(limit.sent.length).toBe(5);
    expectNoTimers();
  });

  it('may be what a header says', async () => {
    const limit = limiter({requests: 1, per: 1_000, scope: ({headers}) => headers.get('x-api-key')});
    for (const key of ['one', 'two', 'one']) limit.send(undefined, {'x-api-key': key});
    await settle();
    expect(limit.sent.length).toBe(2);
  });
});

describe('several limits', () => {
  it('hold together', async () => {
    const limit = limiter([
      {requests: 2, per: 100},
      {requests: 5, per: 10_000},
    ]);
    limit.many(7);
    await pass(60_000);
    expect(limit.times).toEqual([0, 0, 50, 100, 150, 2_000, 4_000]);
    expectNoTimers();
  });

  it('that had a request wait long for one still space it by the other', async () => {
    // Taken one after the other, the tokens of the first would pile up behind the second, and be spent all at once.
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

  it('of the session and of each host don’t let one host’s queue hold up another', async () => {
    const limit = limiter([
      {requests: 100, per: 1_000},
      {requests: 1, per: 1_000, scope: 'host'},
    ]);
    limit.many(10, 'https://busy.test/');
    const {outcome} = limit.send('https://quiet.test/');
    await settle();
    expect(outcome.isSettled).toBe(true);
  });

  it('give the turns of the one they share to all in rotation', async () => {
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

describe('those who wait', () => {
  it('go in the order they came', async () => {
    const limit = limiter({requests: 1, per: 10});
    for (let index = 0; index < 100; index++) limit.send(`https://a.test/${index}`);
    await pass(2_000);
    expect(limit.sent.map(({url}) => Number(url.slice(15)))).toEqual(
      Array.from({length: 100}, (_, index) => index),
    );
  });

  it('are not overtaken by one who comes when a token is due and its timer late', async () => {
    const limit = limiter({requests: 1, per: 100});
    limit.many(2, 'https://a.test/early');
    await settle();
    // The time has come, and the timer hasn't run yet.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 100);
    limit.send('https://a.test/late');
    await Promise.resolve();
    expect(limit.sent.length).toBe(1);
    vi.restoreAllMocks();
    await pass(1_000);
    expect(limit.sent.map(({url}) => url.slice(15))).toEqual(['early', 'early', 'late']);
  });

  it('are not overtaken then by one for another host either', async () => {
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

  it('and are aborted leave at once, with the reason, and leave their place', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const [, second, third] = limit.many(3);
    second?.request.lifetime.abort('enough');
    await settle();
    expect(second?.outcome).toMatchObject({error: 'enough', isSettled: true});
    await pass(1_000);
    expect(third?.outcome.isSettled).toBe(true);
    expectNoTimers();
  });

  it('and are the last to leave take the timer with them', async () => {
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

  it('and leave it to nobody take the timer with them, whatever they wait for besides', async () => {
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

  it('and are granted and aborted in the same moment give their token to the next', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const [, second, third] = limit.many(3);
    await settle();
    // Synchronously, before the promise of the grant comes out.
    vi.advanceTimersByTime(1_000);
    second?.request.lifetime.abort('enough');
    await settle();
    expect(second?.outcome.error).toBe('enough');
    expect(third?.outcome.isSettled).toBe(true);
    expect(limit.times).toEqual([0, 1_000]);
    expectNoTimers();
  });

  it('that come aborted take nothing', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    limit.send();
    const request = requestTo();
    request.lifetime.abort('before');
    const policy = wrapped(rateLimitPolicy({requests: 1, per: 1_000}), scriptedHandler(200).handler);
    void policy(requestTo());
    await expect(policy(request)).rejects.toBe('before');
    expectNoTimers();
  });

  it('may be a hundred thousand, and all leave from the middle out', async () => {
    const limit = limiter({requests: 1, per: 1_000});
    const count = 100_000;
    const all = limit.many(count);
    await settle();
    // What a list that is searched would be worst at: it would take minutes.
    for (let index = 0; index < count; index++) {
      all[(count / 2 + index) % count]?.request.lifetime.abort('enough');
    }
    await settle();
    expect(all.filter(({outcome}) => !outcome.isSettled)).toEqual([]);
    expectNoTimers();
  });
});

describe('maxWait', () => {
  it('refuses at once who would wait longer, and says for how long', async () => {
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

  it('lets those wait who wait just as long', async () => {
    const limit = limiter({requests: 1, per: 100, maxWait: 100});
    const [, second] = limit.many(2);
    await pass(100);
    expect(second?.outcome.value?.ok).toBe(true);
    expect(limit.times).toEqual([0, 100]);
  });

  it('of 0 is no waiting at all', async () => {
    const limit = limiter({requests: 1, per: 1_000, maxWait: 0});
    const [first, second] = limit.many(2);
    await settle();
    expect(first?.outcome.value?.ok).toBe(true);
    expect(second?.outcome.error).toMatchObject({retryAfter: 1_000});
  });

  it('counts the places of those who left', async () => {
    const limit = limiter({requests: 1, per: 100, maxWait: 200});
    const [, second] = limit.many(3);
    expect(limit.send().outcome.isSettled).toBe(false);
    await settle();
    second?.request.lifetime.abort('enough');
    const {outcome} = limit.send();
    await pass(200);
    expect(outcome.value?.ok).toBe(true);
  });

  it('sends those away who are made to wait longer by a pause, as soon as that is known', async () => {
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

  it('is the smallest of several limits', async () => {
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
  it.each([429, 503])('%i pauses everybody in the scope', async (status) => {
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

  it('pauses those who wait already', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 1, per: 100}, held.handler);
    limit.many(3);
    await pass(50);
    held.call(0).answer(answer(429, {'retry-after': '1'}));
    await pass(10_000);
    // What has been saved up by then is no more than the burst.
    expect(limit.times).toEqual([0, 1_050, 1_150]);
  });

  it('pauses until the end of the longest', async () => {
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
  ])('pauses no longer than maxPause: %s', async (maxPause, after, until) => {
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

  it('of one host doesn’t pause a session that tells hosts apart', async () => {
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
    'nothing else does',
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

  it('waits for the reset when nothing remains', async () => {
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

  it('sends no more than remains, those under way counted', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 10, per: 100_000, learn: true}, held.handler);
    limit.many(4);
    await settle();
    // One was counted of the four: five are left, and three of them are on their way.
    held.call(0).answer(quota(6, 5, 1_000));
    await settle();
    limit.many(6);
    await settle();
    expect(limit.sent.length).toBe(6);
  });

  it('counts those under way that had to wait, too', async () => {
    const held = heldHandler();
    const limit = limiter({requests: 10, per: 100_000, burst: 2, learn: true}, held.handler);
    limit.many(3);
    await pass(10_000);
    expect(limit.sent.length).toBe(3);
    await pass(20_000);
    held.call(0).answer(quota(100, 3, 1_000));
    await settle();
    // Two of the three that are left are on their way.
    limit.many(3);
    await settle();
    expect(limit.sent.length).toBe(4);
  });

  it('never sends more than the limit says itself', async () => {
    const limit = limiter({requests: 2, per: 1_000, learn: true}, async () => quota(100, 99, 60));
    limit.many(4);
    await pass(1_000);
    expect(limit.times).toEqual([0, 0, 500, 1_000]);
  });

  it('takes what the server allows at once for the burst, until it allows more', async () => {
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

  it('is not done where nobody asked', async () => {
    const limit = limiter({requests: 5, per: 1_000}, async () => quota(5, 0, 100));
    limit.many(1);
    await settle();
    limit.many(4);
    await settle();
    expect(limit.sent.length).toBe(5);
  });
});

describe('memory', () => {
  it('is that of the hosts of the moment: a million take none', async () => {
    const policy = rateLimitPolicy({requests: 1, per: 1_000, scope: 'host'});
    const response = new Response();
    const handler = wrapped(policy, async () => response);
    const request = requestTo();
    let before = 0;
    for (let index = 0; index < 1_000_000; index++) {
      if (index === 100_000) before = heapUsed();
      request.url = `https://host-${index}.test/`;
      void handler(request);
      if (index % 1_000 === 0) await pass(1_000);
    }
    expect(heapUsed() - before).toBeLessThan(3_000_000);
  });
});

describe('a host', () => {
  it('whose requests wait for another limit is not forgotten, though none of its own tokens are used', async () => {
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
  it('has its new requests wait for its new tokens, though some had waited before', async () => {
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
  ])('that can’t be are refused: %j', (options, option, name = 'InvalidOptionError') => {
    const make = () => rateLimitPolicy(options as RateLimit);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

/** No stretch of time has more than the burst and its share: what a token bucket promises. */
function expectWithin(times: readonly number[], {requests, per, burst = requests}: RateLimit): void {
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const stretch = (times[to] as number) - (times[from] as number);
      expect(to - from + 1).toBeLessThanOrEqual(burst + (stretch * requests) / per + 1e-6);
    }
  }
}

describe('whatever the schedule', () => {
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

  it('one limit never sends more than it allows, first come first served, each exactly once, none in a pause', async () => {
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
        // Sent, or aborted while it waited.
        const unsent = outcomes.filter((_, index) => !order.includes(index));
        expect(unsent.every(({error}) => error === 'aborted')).toBe(true);
      }),
      {numRuns: 2_000},
    );
  }, 120_000);

  it('one limit sends everything as early as it may', async () => {
    await fc.assert(
      fc.asyncProperty(limits, fc.array(arrival, {maxLength: 40}), async (limit, arrivals) => {
        const schedule = arrivals.map((one) => ({...one, status: 200, abortAfter: undefined}));
        const {sent} = await run(limit, schedule);
        const {requests, per, burst = requests} = limit;
        // The textbook's bucket, in the order of arrival.
        let tokens = burst;
        let at = 0;
        let arrived = 0;
        for (const [index, {after}] of schedule.entries()) {
          arrived += after;
          const from = Math.max(at, arrived);
          const tokensAt = (time: number) => Math.min(burst, tokens + ((time - at) * requests) / per);
          const missing = 1 - tokensAt(from);
          // A timer takes whole ms.
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

  it('several limits all hold, first come first served for each host, and no token is lost', async () => {
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

          // After the rest, all of the smaller burst is there, and not one more.
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

describe('a listener that is told of a wait', () => {
  it('may make calls that wait in the same line', async () => {
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
