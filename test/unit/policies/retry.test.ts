import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {Handler} from '../../../src/core/policy.ts';
import {lifetimeOf} from '../../../src/core/request.ts';
import {ConnectionError, RateLimitError, RedirectError, TimeoutError} from '../../../src/errors/index.ts';
import type {Retry, RetryContext, RetryOptions} from '../../../src/policies/retry.ts';
import {defaultRetry, mergeRetry, retryPolicy} from '../../../src/policies/retry.ts';
import {
  connectionError,
  expectNoTimers,
  heldHandler,
  pass,
  type RequestOptions,
  requestTo,
  scriptedHandler,
  settle,
  useFakeClock,
  watch,
  watchedResponse,
  wrapped,
} from './support.ts';

useFakeClock();

/** The longest of all waits is drawn, so that times are known. */
const longestJitter = () => vi.spyOn(Math, 'random').mockReturnValue(1);

const noDelay = {minDelay: 0} satisfies RetryOptions;

/** Makes a call and lets all the time pass that it wants. */
async function call(next: Handler, retry: Retry = noDelay, options: RequestOptions = {}, url?: string) {
  const outcome = watch(wrapped(retryPolicy(retry), next)(requestTo(url, options)));
  await pass(10_000_000);
  expect(outcome.times).toBe(1);
  expectNoTimers();
  return outcome;
}

describe('what is tried again', () => {
  it.each([408, 429, 500, 502, 503, 504])('status %i of a GET', async (status) => {
    const {handler, requests} = scriptedHandler(status, 200);
    const {value} = await call(handler);
    expect(value?.status).toBe(200);
    expect(requests.length).toBe(2);
  });

  it.each([200, 204, 304, 400, 401, 403, 404, 409, 422, 501, 505])('not status %i', async (status) => {
    const {handler, requests} = scriptedHandler(status, 200);
    const {value} = await call(handler);
    expect(value?.status).toBe(status);
    expect(requests.length).toBe(1);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY'])('%s', async (method) => {
    const {handler, requests} = scriptedHandler(503, connectionError('receive'), 200);
    await call(handler, noDelay, {method});
    expect(requests.length).toBe(3);
  });

  it.each(['POST', 'PATCH', 'PROPFIND'])('not %s, which may have been done', async (method) => {
    for (const failure of [503, 429, connectionError('send'), connectionError('receive')]) {
      const {handler, requests} = scriptedHandler(failure, 200);
      await call(handler, noDelay, {method});
      expect(requests.length).toBe(1);
    }
  });

  it('POST with an Idempotency-Key, the same each time', async () => {
    const {handler, requests} = scriptedHandler(503, connectionError('receive'), 200);
    await call(handler, noDelay, {method: 'POST', headers: {'idempotency-key': 'k1'}});
    expect(requests.map(({headers}) => headers.get('idempotency-key'))).toEqual(['k1', 'k1', 'k1']);
  });

  it('not POST with a key that a policy further in makes up for each attempt', async () => {
    const {handler, requests} = scriptedHandler(503, 200);
    await call(
      (request) => {
        request.headers.set('idempotency-key', crypto.randomUUID());
        return handler(request);
      },
      noDelay,
      {method: 'POST'},
    );
    expect(requests.length).toBe(1);
  });

  it.each(['dns', 'connect', 'tls'] as const)('POST that never left: phase %s', async (phase) => {
    const {handler, requests} = scriptedHandler(connectionError(phase), 200);
    const {value} = await call(handler, noDelay, {method: 'POST', body: 'order'});
    expect(value?.status).toBe(200);
    expect(requests.length).toBe(2);
  });

  it('not POST that was answered with a redirect, to where no connection could be made', async () => {
    const url = 'https://example.com/orders?token=secret';
    const fail = (method: string, to: string) =>
      new ConnectionError('Refused', 'connect', {request: {method, url: to}});
    const attempts = async (error: Error) => {
      const {handler, requests} = scriptedHandler(error, 200);
      await call(handler, noDelay, {method: 'POST'}, url);
      return requests.length;
    };
    expect(await attempts(fail('POST', url))).toBe(2);
    expect(await attempts(fail('GET', url))).toBe(1);
    expect(await attempts(fail('POST', 'https://other.test/'))).toBe(1);
  });

  it('POST whose connection took too long', async () => {
    const {handler, requests} = scriptedHandler(new TimeoutError('connect', 10), 200);
    await call(handler, noDelay, {method: 'POST'});
    expect(requests.length).toBe(2);
  });

  it.each(['read', 'attempt', 'connect'] as const)('a timeout of phase %s', async (phase) => {
    const {handler, requests} = scriptedHandler(new TimeoutError(phase, 10), 200);
    await call(handler);
    expect(requests.length).toBe(2);
  });

  it.each(['pool', 'total'] as const)('not a timeout of phase %s', async (phase) => {
    const error = new TimeoutError(phase, 10);
    const {handler, requests} = scriptedHandler(error, 200);
    expect((await call(handler)).error).toBe(error);
    expect(requests.length).toBe(1);
  });

  it.each([
    new TypeError('a bug'),
    new TypeError('fetch failed'),
    new Error('anything'),
    new RedirectError('Too many redirects'),
    new RateLimitError(1),
    new DOMException('aborted', 'AbortError'),
  ])('not %s', async (error) => {
    const {handler, requests} = scriptedHandler(error, 200);
    expect((await call(handler)).error).toBe(error);
    expect(requests.length).toBe(1);
  });

  it('not what a policy throws before it begins', async () => {
    const error = new TypeError('a bug');
    const policy = wrapped(retryPolicy(noDelay), () => {
      throw error;
    });
    expect(() => policy(requestTo())).toThrow(error);
  });
});

describe('how often', () => {
  it('twice, if nothing else is said', async () => {
    const {handler, requests} = scriptedHandler(503);
    const {value} = await call(handler, {});
    expect(value?.status).toBe(503);
    expect(requests.length).toBe(3);
  });

  it.each([
    [0, 1],
    [false, 1],
    [1, 2],
    [7, 8],
    [{retries: 4}, 5],
  ] as Array<[Retry, number]>)('%j: %i attempts', async (retry, attempts) => {
    const {handler, requests} = scriptedHandler(connectionError('receive'));
    await call(handler, retry);
    expect(requests.length).toBe(attempts);
  });

  it('without end, where that is said', async () => {
    const {handler, requests} = scriptedHandler(...Array(50).fill(503), 200);
    const {value} = await call(handler, {retries: Infinity, maxDelay: 10});
    expect(value?.status).toBe(200);
    expect(requests.length).toBe(51);
  });

  it('and after a thousand attempts the wait is a number still', async () => {
    const delays: number[] = [];
    const {handler} = scriptedHandler(...Array(1_100).fill(503), 200);
    const retry = {
      retries: Infinity,
      budget: false,
      onRetry: ({delay}: RetryContext) => void delays.push(delay),
    } satisfies RetryOptions;
    await call(handler, {...retry, minDelay: 0});
    expect(delays).toEqual(Array(1_100).fill(0));
    await call(scriptedHandler(...Array(1_100).fill(503), 200).handler, {...retry, minDelay: 1, maxDelay: 2});
    expect(delays.slice(1_100).every((delay) => delay >= 0 && delay <= 2)).toBe(true);
  });

  it('each attempt has its number', async () => {
    const {handler, requests} = scriptedHandler(503);
    await call(handler, 3);
    expect(requests.map(({attempt}) => attempt)).toEqual([1, 2, 3, 4]);
  });

  it('the last error is what comes out, with the attempts in it', async () => {
    const {error} = await call(async (request) => {
      throw new ConnectionError('Reset', 'receive', {request, attempts: request.attempt});
    }, 4);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({attempts: 5});
  });

  it('the last answer is what comes out, its body unread', async () => {
    let count = 0;
    const {value} = await call(async () => new Response(`answer ${++count}`, {status: 503}));
    expect(await value?.text()).toBe('answer 3');
  });

  it('an answer that is no failure ends it, and so does an error that is no failure', async () => {
    const first = scriptedHandler(503, 404, 200);
    expect((await call(first.handler)).value?.status).toBe(404);
    const error = new Error('something else');
    const second = scriptedHandler(503, error, 200);
    expect((await call(second.handler)).error).toBe(error);
    expect(second.requests.length).toBe(2);
  });

  it('by settings that each request may have of its own', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, retries: 5}), handler);
    await policy(requestTo(undefined, {options: {retry: 0}}));
    expect(requests.length).toBe(1);
    void policy(requestTo(undefined, {options: {retry: {retries: 1}}}));
    await pass(1_000);
    expect(requests.length).toBe(3);
  });
});

describe('bodies', () => {
  it('a function makes a new one for each attempt', async () => {
    let made = 0;
    const {handler, requests} = scriptedHandler(503);
    const body = () => `body ${++made}`;
    await call(
      (request) => {
        if (typeof request.body === 'function') request.body();
        return handler(request);
      },
      noDelay,
      {method: 'PUT', body},
    );
    expect(requests.every((request) => request.body === body)).toBe(true);
    expect(made).toBe(3);
  });

  it.each([
    ['text', 'text'],
    ['bytes', new Uint8Array(3)],
    ['a Blob', new Blob(['x'])],
    ['URLSearchParams', new URLSearchParams('a=b')],
    ['FormData', new FormData()],
  ])('%s is sent again as it is', async (_name, body) => {
    const {handler, requests} = scriptedHandler(503);
    await call(handler, noDelay, {method: 'PUT', body});
    expect(requests.map((request) => request.body)).toEqual([body, body, body]);
  });

  it('a stream is not sent twice, whatever anybody says', async () => {
    const shouldRetry = vi.fn(() => true);
    for (const body of [new ReadableStream(), (async function* () {})()]) {
      const {handler, requests} = scriptedHandler(503, 200);
      const {value} = await call(handler, {...noDelay, shouldRetry}, {method: 'PUT', body});
      expect(value?.status).toBe(503);
      expect(requests.length).toBe(1);
    }
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  it('of an answer that is discarded is cancelled before the wait: it would keep its slot', async () => {
    longestJitter();
    const answer = watchedResponse(503);
    const outcome = watch(
      wrapped(retryPolicy({retries: 1, minDelay: 1_000}), async () => answer.response)(requestTo()),
    );
    await pass(999);
    expect(answer.cancelled).toBe(true);
    expect(outcome.isSettled).toBe(false);
  });

  it('of an answer that is discarded is not one that nobody cares to read', async () => {
    longestJitter();
    const request = requestTo();
    const handler: Handler = async (sent) => {
      const lifetime = lifetimeOf(sent);
      // As connectors do, for one that has none.
      lifetime.bodyOpened();
      lifetime.bodyClosed();
      return new Response(null, {status: 503});
    };
    void wrapped(retryPolicy({retries: 1, minDelay: 1_000}), handler)(request);
    await pass(500);
    expect(request.lifetime.hasUnreadBody).toBe(false);
  });

  it('of the answer that comes out is not', async () => {
    const answers = [watchedResponse(503), watchedResponse(503), watchedResponse(503)];
    let count = 0;
    await call(async () => (answers[count++] as (typeof answers)[number]).response);
    expect(answers.map(({cancelled}) => cancelled)).toEqual([true, true, false]);
  });
});

describe('headers', () => {
  it('that policies further in set don’t pile up, nor stay', async () => {
    const {handler, requests} = scriptedHandler(503);
    let token = 0;
    await call(
      (request) => {
        expect(request.headers.has('authorization')).toBe(false);
        request.headers.set('authorization', `Bearer ${++token}`);
        request.headers.append('via', 'x');
        return handler(request);
      },
      noDelay,
      {headers: {accept: 'a/b'}},
    );
    expect(requests.map(({headers}) => headers.flat)).toEqual(
      [1, 2, 3].map((n) => ['accept', 'a/b', 'authorization', `Bearer ${n}`, 'via', 'x']),
    );
  });
});

describe('the wait', () => {
  it('is drawn by lot from all that is allowed, which doubles up to a bound', async () => {
    const random = longestJitter();
    const options = {retries: 6, minDelay: 100, maxDelay: 1_000};
    const {handler, times} = scriptedHandler(503);
    await call(handler, options);
    const waits = (at: number[]) => at.slice(1).map((time, index) => time - (at[index] as number));
    expect(waits(times)).toEqual([100, 200, 400, 800, 1_000, 1_000]);

    random.mockReturnValue(0);
    const second = scriptedHandler(503);
    await call(second.handler, options);
    // A timer takes 1 ms at least.
    expect(Math.max(...waits(second.times))).toBeLessThanOrEqual(1);
  });

  it('is anything between nothing and its bound, and about half of that', async () => {
    const delays: number[] = [];
    for (let index = 0; index < 400; index++) {
      const {handler} = scriptedHandler(503, 200);
      await call(handler, {
        minDelay: 1_000,
        onRetry: ({delay}) => {
          delays.push(delay);
        },
      });
    }
    expect(delays.every((delay) => delay >= 0 && delay <= 1_000)).toBe(true);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    // 400 of them: five standard deviations of the mean.
    expect(Math.abs(mean - 500)).toBeLessThan(73);
    expect(new Set(delays).size).toBeGreaterThan(390);
  });

  it('is what Retry-After asks for, in seconds or as a date, without jitter', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.1);
    for (const value of ['7', new Date(Date.now() + 7_000).toUTCString()]) {
      const {handler, times} = scriptedHandler(
        new Response(null, {status: 503, headers: {'retry-after': value}}),
        200,
      );
      const outcome = watch(wrapped(retryPolicy(), handler)(requestTo()));
      await pass(7_000);
      expect(outcome.value?.status).toBe(200);
      expect((times[1] as number) - (times[0] as number)).toBe(7_000);
      vi.setSystemTime(Date.UTC(2026, 0, 1));
    }
  });

  it.each(['ratelimit-reset', 'x-ratelimit-reset'])('is until the quota is renewed, by %s', async (name) => {
    const {handler, times} = scriptedHandler(new Response(null, {status: 429, headers: {[name]: '9'}}), 200);
    await call(handler);
    expect((times[1] as number) - (times[0] as number)).toBe(9_000);
  });

  it('is its own when an error comes with a quota that is not used up', async () => {
    longestJitter();
    const headers = {'x-ratelimit-remaining': '4000', 'x-ratelimit-reset': '3000'};
    const {handler, times} = scriptedHandler(new Response(null, {status: 502, headers}), 200);
    await call(handler, {minDelay: 250});
    expect((times[1] as number) - (times[0] as number)).toBe(250);
  });

  it('that a server asks for may be longer than maxDelay', async () => {
    const {handler, times} = scriptedHandler(
      new Response(null, {status: 429, headers: {'retry-after': '50'}}),
      200,
    );
    await call(handler, {maxDelay: 1_000});
    expect((times[1] as number) - (times[0] as number)).toBe(50_000);
  });

  it.each([
    [{}, 61],
    [{maxRetryAfter: 10_000}, 11],
    [{maxRetryAfter: 0}, 1],
  ])(
    'that is longer than may be asked for is not waited: the answer comes at once (%j)',
    async (options, after) => {
      const shouldRetry = vi.fn(() => true);
      const answer = watchedResponse(429, {'retry-after': String(after)});
      const outcome = watch(
        wrapped(retryPolicy({...options, shouldRetry}), async () => answer.response)(requestTo()),
      );
      await settle();
      expect(outcome.value).toBe(answer.response);
      expect(answer.cancelled).toBe(false);
      expect(shouldRetry).not.toHaveBeenCalled();
      expectNoTimers();
    },
  );

  it('may be as long as a server likes, where that is said', async () => {
    const {handler, times} = scriptedHandler(
      new Response(null, {status: 429, headers: {'retry-after': '3600'}}),
      200,
    );
    await call(handler, {maxRetryAfter: Infinity});
    expect((times[1] as number) - (times[0] as number)).toBe(3_600_000);
  });

  it('for which the total leaves no time is not begun: the last result comes at once', async () => {
    longestJitter();
    for (const failure of [new Response(null, {status: 503}), connectionError('receive')]) {
      const request = requestTo();
      request.lifetime.deadline = performance.now() + 400;
      const {handler, requests} = scriptedHandler(failure);
      const outcome = watch(wrapped(retryPolicy({minDelay: 400}), handler)(request));
      await settle();
      expect(outcome.value ?? outcome.error).toBe(failure);
      expect(requests.length).toBe(1);
      expectNoTimers();
    }
  });

  it('for which there is time enough is begun', async () => {
    longestJitter();
    const request = requestTo();
    request.lifetime.deadline = performance.now() + 401;
    const {handler, requests} = scriptedHandler(503, 200);
    void wrapped(retryPolicy({minDelay: 400}), handler)(request);
    await pass(400);
    expect(requests.length).toBe(2);
  });
});

describe('an abort', () => {
  it('during the wait rejects at once with its reason, and leaves nothing behind', async () => {
    longestJitter();
    const request = requestTo();
    const {handler, requests} = scriptedHandler(503);
    const outcome = watch(wrapped(retryPolicy({minDelay: 5_000}), handler)(request));
    await pass(1_000);
    request.lifetime.abort('changed my mind');
    await settle();
    expect(outcome).toMatchObject({error: 'changed my mind', isSettled: true});
    expect(requests.length).toBe(1);
    expectNoTimers();
  });

  it('during an attempt is no failure of the attempt', async () => {
    const request = requestTo();
    const shouldRetry = vi.fn(() => true);
    const {handler, calls} = heldHandler();
    const outcome = watch(wrapped(retryPolicy({...noDelay, shouldRetry}), handler)(request));
    request.lifetime.abort('enough');
    await pass(1_000);
    expect(outcome.error).toBe('enough');
    expect(calls.length).toBe(1);
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  it('that the attempt did not obey counts when its failure is in', async () => {
    const request = requestTo();
    const answer = watchedResponse(503);
    let finish: (response: Response) => void = () => {};
    const outcome = watch(
      wrapped(
        retryPolicy(noDelay),
        () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      )(request),
    );
    request.lifetime.abort('enough');
    finish(answer.response);
    await settle();
    expect(outcome.error).toBe('enough');
    expect(answer.cancelled).toBe(true);
  });

  it('while shouldRetry or onRetry is waited for counts when that is done', async () => {
    for (const name of ['shouldRetry', 'onRetry'] as const) {
      const request = requestTo();
      let decide: (value: true) => void = () => {};
      const {handler, requests} = scriptedHandler(503);
      const ask = () =>
        new Promise<true>((resolve) => {
          decide = resolve;
        });
      const outcome = watch(wrapped(retryPolicy({...noDelay, [name]: ask}), handler)(request));
      await settle();
      request.lifetime.abort('enough');
      decide(true);
      await settle();
      expect(outcome.error).toBe('enough');
      expect(requests.length).toBe(1);
      expectNoTimers();
    }
  });
});

describe('shouldRetry', () => {
  it('is told what there is to know, and nothing that may not be logged', async () => {
    longestJitter();
    const contexts: RetryContext[] = [];
    const shouldRetry = (context: RetryContext) => {
      contexts.push(context);
      return undefined;
    };
    const response = new Response(null, {status: 503});
    const error = connectionError('receive');
    const {handler} = scriptedHandler(response, error, 200);
    await call(handler, {minDelay: 100, shouldRetry}, {}, 'https://example.com/a?key=secret');
    const request = {method: 'GET', url: 'https://example.com/a?key=…'};
    expect(contexts).toEqual([
      {request, attempt: 1, retriesLeft: 2, delay: 100, response},
      {request, attempt: 2, retriesLeft: 1, delay: 200, error},
    ]);
  });

  it.each([
    ['sync', (value: boolean | undefined) => value],
    ['async', async (value: boolean | undefined) => value],
  ])('decides with true or false, and leaves it to the rules with undefined (%s)', async (_name, answer) => {
    const attempts = async (status: number, decision: boolean | undefined) => {
      const {handler, requests} = scriptedHandler(status);
      await call(handler, {...noDelay, shouldRetry: () => answer(decision)});
      return requests.length;
    };
    expect(await attempts(404, true)).toBe(3);
    expect(await attempts(404, undefined)).toBe(1);
    expect(await attempts(503, false)).toBe(1);
    expect(await attempts(503, undefined)).toBe(3);
  });

  it('can have a POST sent again, and any error', async () => {
    const {handler, requests} = scriptedHandler(503, new Error('anything'), 200);
    await call(handler, {...noDelay, shouldRetry: () => true}, {method: 'POST', body: 'x'});
    expect(requests.length).toBe(3);
  });

  it('is not asked about a success, nor when there is no other attempt', async () => {
    const shouldRetry = vi.fn(() => true);
    await call(scriptedHandler(200).handler, {...noDelay, shouldRetry});
    expect(shouldRetry).not.toHaveBeenCalled();
    await call(scriptedHandler(500).handler, {...noDelay, retries: 2, shouldRetry});
    expect(shouldRetry).toHaveBeenCalledTimes(2);
  });

  it('can read a clone of the answer', async () => {
    const {handler} = scriptedHandler(() => Response.json({code: 'busy'}, {status: 409}));
    const seen: unknown[] = [];
    const {value} = await call(handler, {
      ...noDelay,
      shouldRetry: async ({response, attempt}) => {
        seen.push(await response?.clone().json());
        return attempt < 2;
      },
    });
    expect(seen).toEqual([{code: 'busy'}, {code: 'busy'}]);
    expect(await value?.json()).toEqual({code: 'busy'});
  });

  it.each([
    [
      'sync',
      () => {
        throw new TypeError('mine');
      },
    ],
    ['async', () => Promise.reject(new TypeError('mine'))],
  ])('ends the call with what it throws, and the answer is discarded (%s)', async (_name, shouldRetry) => {
    const answer = watchedResponse(503);
    const {error} = await call(async () => answer.response, {...noDelay, shouldRetry});
    expect(error).toEqual(new TypeError('mine'));
    expect(answer.cancelled).toBe(true);
  });
});

describe('onRetry', () => {
  it('is called before each wait, and waited for', async () => {
    longestJitter();
    const seen: Array<[number, number, number]> = [];
    const {handler, times} = scriptedHandler(503);
    const start = performance.now();
    await call(handler, {
      minDelay: 100,
      onRetry: async ({attempt, delay}) => {
        seen.push([attempt, delay, performance.now() - start]);
        await new Promise((resolve) => setTimeout(resolve, 10));
      },
    });
    expect(seen).toEqual([
      [1, 100, 0],
      [2, 200, 110],
    ]);
    expect(times.map((time) => time - start)).toEqual([0, 110, 320]);
  });

  it('is not called when there is no retry', async () => {
    const onRetry = vi.fn();
    await call(scriptedHandler(404).handler, {...noDelay, onRetry});
    await call(scriptedHandler(503).handler, {...noDelay, onRetry, shouldRetry: () => false});
    await call(scriptedHandler(503).handler, {...noDelay, onRetry, budget: {ratio: 0, minimum: 0}});
    expect(onRetry).not.toHaveBeenCalled();
  });

  it('ends the call with what it throws', async () => {
    const error = new Error('mine');
    for (const onRetry of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]) {
      const {handler, requests} = scriptedHandler(503);
      expect((await call(handler, {...noDelay, onRetry})).error).toBe(error);
      expect(requests.length).toBe(1);
    }
  });
});

describe('the budget', () => {
  it('bounds what retries put on a host that is down', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, budget: {ratio: 0.2, minimum: 0}}), handler);
    for (let index = 0; index < 100; index++) void policy(requestTo());
    await pass(1_000);
    expect(requests.length).toBe(120);
  });

  it('lets some be retried where there are few', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, budget: {ratio: 0, minimum: 3}}), handler);
    for (let index = 0; index < 10; index++) void policy(requestTo());
    await pass(1_000);
    expect(requests.length).toBe(13);
  });

  it('is each host’s own', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, retries: 1, budget: {ratio: 0, minimum: 1}}), handler);
    for (const url of ['https://a.test/1', 'https://a.test/2', 'https://b.test/'])
      void policy(requestTo(url));
    await pass(1_000);
    expect(requests.length).toBe(5);
  });

  it('comes back with time', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(
      retryPolicy({...noDelay, retries: 1, budget: {ratio: 0, minimum: 1, window: 1_000}}),
      handler,
    );
    for (let second = 0; second < 4; second++) {
      void policy(requestTo());
      void policy(requestTo());
      await pass(1_000);
    }
    expect(requests.length).toBe(12);
  });

  it('is one for the settings that are laid over others, unless they have their own', () => {
    const base = defaultRetry();
    expect(mergeRetry(base, {retries: 5}).budget).toBe(base.budget);
    expect(mergeRetry(base, {budget: {ratio: 1}}).budget).not.toBe(base.budget);
    expect(mergeRetry(base, {budget: false}).budget).toBeUndefined();
  });

  it('used up gives the answer as it is', async () => {
    const answer = watchedResponse(503);
    const {value} = await call(async () => answer.response, {budget: {ratio: 0, minimum: 0}});
    expect(value).toBe(answer.response);
    expect(answer.cancelled).toBe(false);
  });
});

describe('options', () => {
  it('are laid over those before, one by one', () => {
    const base = mergeRetry(defaultRetry(), {retries: 7, minDelay: 1, statuses: [500]});
    expect(mergeRetry(base, undefined)).toBe(base);
    expect(mergeRetry(base, 3)).toMatchObject({retries: 3, minDelay: 1, statuses: [500]});
    expect(mergeRetry(base, false)).toMatchObject({retries: 0, minDelay: 1});
    expect(mergeRetry(base, {maxDelay: 0})).toMatchObject({retries: 7, maxDelay: 0});
  });

  it.each([
    [-1, 'retry.retries'],
    [1.5, 'retry.retries'],
    ['3', 'retry.retries'],
    [true, 'retry.retries'],
    [null, 'retry'],
    [{retries: Number.NaN}, 'retry.retries'],
    [{statuses: 503}, 'retry.statuses'],
    [{statuses: ['503']}, 'retry.statuses'],
    [{minDelay: -1}, 'retry.minDelay'],
    [{maxDelay: '1'}, 'retry.maxDelay'],
    [{maxRetryAfter: Number.NaN}, 'retry.maxRetryAfter'],
    [{budget: true}, 'retry.budget'],
    [{budget: {ratio: -1}}, 'retry.budget.ratio'],
    [{budget: {minimum: '1'}}, 'retry.budget.minimum'],
    [{budget: {window: 0}}, 'retry.budget.window'],
    [{budget: {share: 1}}, 'retry.budget.share', 'UnsupportedOptionError'],
    [{shouldRetry: true}, 'retry.shouldRetry'],
    [{onRetry: 1}, 'retry.onRetry'],
    [{limit: 2}, 'retry.limit', 'UnsupportedOptionError'],
  ])('that can’t be are refused: %j', (retry, option, name = 'InvalidOptionError') => {
    const make = () => retryPolicy(retry as Retry);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

describe('whatever happens', () => {
  const outcome = fc.oneof(
    fc.constantFrom(200, 404, 500, 503, 429),
    fc.constantFrom('dns', 'receive', 'bug' as const),
  );

  it('a call settles once, with its last attempt’s end, within its attempts, and its bodies are cancelled but that one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, {minLength: 1, maxLength: 8}),
        fc.nat(5),
        fc.constantFrom('GET', 'POST'),
        fc.option(fc.nat(3_000), {nil: undefined}),
        async (script, retries, method, abortAt) => {
          const ends: Array<{response?: ReturnType<typeof watchedResponse>; error?: unknown}> = [];
          const handler: Handler = async (request) => {
            await new Promise((resolve) => setTimeout(resolve, 100));
            if (request.lifetime.isAborted) throw request.lifetime.reason;
            const step = script[Math.min(ends.length, script.length - 1)];
            if (typeof step === 'number') {
              const response = watchedResponse(step);
              ends.push({response});
              return response.response;
            }
            const error = step === 'bug' ? new TypeError('bug') : connectionError(step as 'dns');
            ends.push({error});
            throw error;
          };
          const request = requestTo(undefined, {method});
          const [listens, leaves] = [
            vi.spyOn(request.lifetime, 'onAbort'),
            vi.spyOn(request.lifetime, 'offAbort'),
          ];
          const seen = watch(wrapped(retryPolicy({retries, minDelay: 300, budget: false}), handler)(request));
          if (abortAt !== undefined) setTimeout(() => request.lifetime.abort('aborted'), abortAt);
          await pass(100_000);

          expect(seen.times).toBe(1);
          expectNoTimers();
          expect(ends.length).toBeLessThanOrEqual(retries + 1);
          const last = ends.at(-1);
          if (abortAt === undefined) expect(leaves.mock.calls).toEqual(listens.mock.calls);
          if (seen.error === 'aborted') {
            expect(ends.every(({response}) => !response || response.cancelled)).toBe(true);
            return;
          }
          expect(seen.value ?? seen.error).toBe(last?.response?.response ?? last?.error);
          const cancelled = ends.flatMap(({response}) => (response ? [response.cancelled] : []));
          expect(cancelled.filter((is) => !is).length).toBe(last?.response ? 1 : 0);
        },
      ),
      {numRuns: 2_000},
    );
  });
});
