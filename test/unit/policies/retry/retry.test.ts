import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import type {Handler} from '../../../../src/core/policy.ts';
import {lifetimeOf} from '../../../../src/core/request.ts';
import {ConnectionError, RateLimitError, RedirectError, TimeoutError} from '../../../../src/errors/index.ts';
import {retryPolicy} from '../../../../src/policies/retry/index.ts';
import type {Retry, RetryContext, RetryOptions} from '../../../../src/policies/retry/options.ts';
import {defaultRetry, mergeRetry} from '../../../../src/policies/retry/options.ts';
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
} from '../support.ts';

useFakeClock();

/** Makes each random wait the longest possible, so that its time is known. */
const longestJitter = () => vi.spyOn(Math, 'random').mockReturnValue(1);

const noDelay = {minDelay: 0} satisfies RetryOptions;

/** Makes a call and lets time pass until it has ended. */
async function call(next: Handler, retry: Retry = noDelay, options: RequestOptions = {}, url?: string) {
  const outcome = watch(wrapped(retryPolicy(retry), next)(requestTo(url, options)));
  await pass(10_000_000);
  expect(outcome.times).toBe(1);
  expectNoTimers();
  return outcome;
}

describe('which failures are retried', () => {
  it.each([408, 429, 500, 502, 503, 504])('a GET with status %i is retried', async (status) => {
    const {handler, requests} = scriptedHandler(status, 200);
    const {value} = await call(handler);
    expect(value?.status).toBe(200);
    expect(requests.length).toBe(2);
  });

  it.each([200, 204, 304, 400, 401, 403, 404, 409, 422, 501, 505])(
    'a GET with status %i is not retried',
    async (status) => {
      const {handler, requests} = scriptedHandler(status, 200);
      const {value} = await call(handler);
      expect(value?.status).toBe(status);
      expect(requests.length).toBe(1);
    },
  );

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY'])('a failed %s is retried', async (method) => {
    const {handler, requests} = scriptedHandler(503, connectionError('receive'), 200);
    await call(handler, noDelay, {method});
    expect(requests.length).toBe(3);
  });

  it.each(['POST', 'PATCH', 'PROPFIND'])(
    'a failed %s is not retried, because the server may have processed it',
    async (method) => {
      for (const failure of [503, 429, connectionError('send'), connectionError('receive')]) {
        const {handler, requests} = scriptedHandler(failure, 200);
        await call(handler, noDelay, {method});
        expect(requests.length).toBe(1);
      }
    },
  );

  it('a POST with an Idempotency-Key is retried with the same key', async () => {
    const {handler, requests} = scriptedHandler(503, connectionError('receive'), 200);
    await call(handler, noDelay, {method: 'POST', headers: {'idempotency-key': 'k1'}});
    expect(requests.map(({headers}) => headers.get('idempotency-key'))).toEqual(['k1', 'k1', 'k1']);
  });

  it('a POST is not retried if a policy further in makes a new key for each attempt', async () => {
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

  it.each(['dns', 'connect', 'tls'] as const)(
    'a POST that failed in the phase %s is retried, because it was not sent',
    async (phase) => {
      const {handler, requests} = scriptedHandler(connectionError(phase), 200);
      const {value} = await call(handler, noDelay, {method: 'POST', body: 'order'});
      expect(value?.status).toBe(200);
      expect(requests.length).toBe(2);
    },
  );

  it('a POST that was redirected to an unreachable server is not retried', async () => {
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

  it('a POST is retried after a timeout of the connection', async () => {
    const {handler, requests} = scriptedHandler(new TimeoutError('connect', 10), 200);
    await call(handler, noDelay, {method: 'POST'});
    expect(requests.length).toBe(2);
  });

  it.each(['read', 'attempt', 'connect'] as const)('a timeout of the phase %s is retried', async (phase) => {
    const {handler, requests} = scriptedHandler(new TimeoutError(phase, 10), 200);
    await call(handler);
    expect(requests.length).toBe(2);
  });

  it.each(['pool', 'total'] as const)('a timeout of the phase %s is not retried', async (phase) => {
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
  ])('the error "%s" is not retried', async (error) => {
    const {handler, requests} = scriptedHandler(error, 200);
    expect((await call(handler)).error).toBe(error);
    expect(requests.length).toBe(1);
  });

  it('an error that a policy throws synchronously is not retried', async () => {
    const error = new TypeError('a bug');
    const policy = wrapped(retryPolicy(noDelay), () => {
      throw error;
    });
    expect(() => policy(requestTo())).toThrow(error);
  });
});

describe('the number of attempts', () => {
  it('a call has two retries by default', async () => {
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
  ] as Array<[Retry, number]>)('the option retry %j allows %i attempts', async (retry, attempts) => {
    const {handler, requests} = scriptedHandler(connectionError('receive'));
    await call(handler, retry);
    expect(requests.length).toBe(attempts);
  });

  it('a call with infinite retries is retried until it succeeds', async () => {
    const {handler, requests} = scriptedHandler(...Array(50).fill(503), 200);
    const {value} = await call(handler, {retries: Infinity, maxDelay: 10});
    expect(value?.status).toBe(200);
    expect(requests.length).toBe(51);
  });

  it('the wait is still a finite number after a thousand attempts', async () => {
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

  it('each attempt carries its number', async () => {
    const {handler, requests} = scriptedHandler(503);
    await call(handler, 3);
    expect(requests.map(({attempt}) => attempt)).toEqual([1, 2, 3, 4]);
  });

  it('the call rejects with the last error, which counts the attempts', async () => {
    const {error} = await call(async (request) => {
      throw new ConnectionError('Reset', 'receive', {request, attempts: request.attempt});
    }, 4);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({attempts: 5});
  });

  it('the call resolves with the last response, and its body is unread', async () => {
    let count = 0;
    const {value} = await call(async () => new Response(`answer ${++count}`, {status: 503}));
    expect(await value?.text()).toBe('answer 3');
  });

  it('a response or an error that is not retried ends the call', async () => {
    const first = scriptedHandler(503, 404, 200);
    expect((await call(first.handler)).value?.status).toBe(404);
    const error = new Error('something else');
    const second = scriptedHandler(503, error, 200);
    expect((await call(second.handler)).error).toBe(error);
    expect(second.requests.length).toBe(2);
  });

  it('the retry option of a call replaces that of the policy', async () => {
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
  it('a body function makes a new body for each attempt', async () => {
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
  ])('%s as a body is sent again unchanged', async (_name, body) => {
    const {handler, requests} = scriptedHandler(503);
    await call(handler, noDelay, {method: 'PUT', body});
    expect(requests.map((request) => request.body)).toEqual([body, body, body]);
  });

  it('a stream is not sent twice, and shouldRetry is not called for it', async () => {
    const shouldRetry = vi.fn(() => true);
    for (const body of [new ReadableStream(), (async function* () {})()]) {
      const {handler, requests} = scriptedHandler(503, 200);
      const {value} = await call(handler, {...noDelay, shouldRetry}, {method: 'PUT', body});
      expect(value?.status).toBe(503);
      expect(requests.length).toBe(1);
    }
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  it('the body of a discarded response is cancelled before the wait, so that its slot is free', async () => {
    longestJitter();
    const answer = watchedResponse(503);
    const outcome = watch(
      wrapped(retryPolicy({retries: 1, minDelay: 1_000}), async () => answer.response)(requestTo()),
    );
    await pass(999);
    expect(answer.cancelled).toBe(true);
    expect(outcome.isSettled).toBe(false);
  });

  it('the body of a discarded response does not count as unread', async () => {
    longestJitter();
    const request = requestTo();
    const handler: Handler = async (sent) => {
      const lifetime = lifetimeOf(sent);
      // As connectors do for a response without a body.
      lifetime.bodyOpened();
      lifetime.bodyClosed();
      return new Response(null, {status: 503});
    };
    void wrapped(retryPolicy({retries: 1, minDelay: 1_000}), handler)(request);
    await pass(500);
    expect(request.lifetime.hasUnreadBody).toBe(false);
  });

  it('the body of the returned response is not cancelled', async () => {
    const answers = [watchedResponse(503), watchedResponse(503), watchedResponse(503)];
    let count = 0;
    await call(async () => (answers[count++] as (typeof answers)[number]).response);
    expect(answers.map(({cancelled}) => cancelled)).toEqual([true, true, false]);
  });
});

describe('headers', () => {
  it('headers that policies further in set do not stay for the next attempt', async () => {
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
  it('the longest wait doubles with each retry, up to maxDelay', async () => {
    const random = longestJitter();
    const options = {retries: 6, minDelay: 100, maxDelay: 1_000};
    const {handler, times} = scriptedHandler(503);
    await call(handler, options);
    const waits = (at: number[]) => at.slice(1).map((time, index) => time - (at[index] as number));
    expect(waits(times)).toEqual([100, 200, 400, 800, 1_000, 1_000]);

    random.mockReturnValue(0);
    const second = scriptedHandler(503);
    await call(second.handler, options);
    // A timer takes at least 1 ms.
    expect(Math.max(...waits(second.times))).toBeLessThanOrEqual(1);
  });

  it('the wait is random between 0 and its bound, and half of the bound on average', async () => {
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
    // With 400 waits, this is five standard deviations of the mean.
    expect(Math.abs(mean - 500)).toBeLessThan(73);
    expect(new Set(delays).size).toBeGreaterThan(390);
  });

  it('the wait is the time of Retry-After, in seconds or as a date, without jitter', async () => {
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

  it.each(['ratelimit-reset', 'x-ratelimit-reset'])(
    'the wait lasts until the quota is renewed, by the header %s',
    async (name) => {
      const {handler, times} = scriptedHandler(
        new Response(null, {status: 429, headers: {[name]: '9'}}),
        200,
      );
      await call(handler);
      expect((times[1] as number) - (times[0] as number)).toBe(9_000);
    },
  );

  it('the wait ignores the reset of a quota that is not used up', async () => {
    longestJitter();
    const headers = {'x-ratelimit-remaining': '4000', 'x-ratelimit-reset': '3000'};
    const {handler, times} = scriptedHandler(new Response(null, {status: 502, headers}), 200);
    await call(handler, {minDelay: 250});
    expect((times[1] as number) - (times[0] as number)).toBe(250);
  });

  it('a wait that the server asks for may be longer than maxDelay', async () => {
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

  it('the wait has no bound with maxRetryAfter: Infinity', async () => {
    const {handler, times} = scriptedHandler(
      new Response(null, {status: 429, headers: {'retry-after': '3600'}}),
      200,
    );
    await call(handler, {maxRetryAfter: Infinity});
    expect((times[1] as number) - (times[0] as number)).toBe(3_600_000);
  });

  it('a wait that the total timeout leaves no time for is not begun: the call ends at once', async () => {
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

  it('a wait that ends before the total timeout is begun', async () => {
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
  it('an abort during the wait rejects at once with its reason and leaves no timer', async () => {
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

  it('an abort during an attempt is not retried', async () => {
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

  it('an abort that the attempt ignored takes effect when the attempt fails', async () => {
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

  it('an abort during shouldRetry or onRetry takes effect when the function has returned', async () => {
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
  it('shouldRetry gets the facts about the attempt, and no secret', async () => {
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
  ])(
    'shouldRetry decides with true or false, and undefined leaves the decision to the rules (%s)',
    async (_name, answer) => {
      const attempts = async (status: number, decision: boolean | undefined) => {
        const {handler, requests} = scriptedHandler(status);
        await call(handler, {...noDelay, shouldRetry: () => answer(decision)});
        return requests.length;
      };
      expect(await attempts(404, true)).toBe(3);
      expect(await attempts(404, undefined)).toBe(1);
      expect(await attempts(503, false)).toBe(1);
      expect(await attempts(503, undefined)).toBe(3);
    },
  );

  it('shouldRetry can make a POST and any error be retried', async () => {
    const {handler, requests} = scriptedHandler(503, new Error('anything'), 200);
    await call(handler, {...noDelay, shouldRetry: () => true}, {method: 'POST', body: 'x'});
    expect(requests.length).toBe(3);
  });

  it('shouldRetry is not called after a success, nor when no retry is left', async () => {
    const shouldRetry = vi.fn(() => true);
    await call(scriptedHandler(200).handler, {...noDelay, shouldRetry});
    expect(shouldRetry).not.toHaveBeenCalled();
    await call(scriptedHandler(500).handler, {...noDelay, retries: 2, shouldRetry});
    expect(shouldRetry).toHaveBeenCalledTimes(2);
  });

  it('shouldRetry can read a clone of the response', async () => {
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
  ])(
    'an error that shouldRetry throws ends the call, and the response is discarded (%s)',
    async (_name, shouldRetry) => {
      const answer = watchedResponse(503);
      const {error} = await call(async () => answer.response, {...noDelay, shouldRetry});
      expect(error).toEqual(new TypeError('mine'));
      expect(answer.cancelled).toBe(true);
    },
  );
});

describe('onRetry', () => {
  it('onRetry is called before each wait, which begins when its promise has settled', async () => {
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

  it('onRetry is not called when no retry follows', async () => {
    const onRetry = vi.fn();
    await call(scriptedHandler(404).handler, {...noDelay, onRetry});
    await call(scriptedHandler(503).handler, {...noDelay, onRetry, shouldRetry: () => false});
    await call(scriptedHandler(503).handler, {...noDelay, onRetry, budget: {ratio: 0, minimum: 0}});
    expect(onRetry).not.toHaveBeenCalled();
  });

  it('an error that onRetry throws ends the call', async () => {
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
  it('the budget bounds the retries to a host that is down', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, budget: {ratio: 0.2, minimum: 0}}), handler);
    for (let index = 0; index < 100; index++) void policy(requestTo());
    await pass(1_000);
    expect(requests.length).toBe(120);
  });

  it('the budget allows its minimum of retries when there are few calls', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, budget: {ratio: 0, minimum: 3}}), handler);
    for (let index = 0; index < 10; index++) void policy(requestTo());
    await pass(1_000);
    expect(requests.length).toBe(13);
  });

  it('each host has a budget of its own', async () => {
    const {handler, requests} = scriptedHandler(503);
    const policy = wrapped(retryPolicy({...noDelay, retries: 1, budget: {ratio: 0, minimum: 1}}), handler);
    for (const url of ['https://a.test/1', 'https://a.test/2', 'https://b.test/'])
      void policy(requestTo(url));
    await pass(1_000);
    expect(requests.length).toBe(5);
  });

  it('the budget is available again after its window', async () => {
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

  it('merged settings share the budget of the base, unless they have one of their own', () => {
    const base = defaultRetry();
    expect(mergeRetry(base, {retries: 5}).budget).toBe(base.budget);
    expect(mergeRetry(base, {budget: {ratio: 1}}).budget).not.toBe(base.budget);
    expect(mergeRetry(base, {budget: false}).budget).toBeUndefined();
  });

  it('with a used-up budget, the call resolves with the failed response', async () => {
    const answer = watchedResponse(503);
    const {value} = await call(async () => answer.response, {budget: {ratio: 0, minimum: 0}});
    expect(value).toBe(answer.response);
    expect(answer.cancelled).toBe(false);
  });
});

describe('options', () => {
  it('each retry option of a call replaces the same option of the session', () => {
    const base = mergeRetry(defaultRetry(), {retries: 7, minDelay: 1, statuses: [500]});
    expect(mergeRetry(base, undefined)).toBe(base);
    expect(mergeRetry(base, true)).toBe(base);
    expect(mergeRetry(base, 3)).toMatchObject({retries: 3, minDelay: 1, statuses: [500]});
    expect(mergeRetry(base, false)).toMatchObject({retries: 0, minDelay: 1});
    expect(mergeRetry(base, {maxDelay: 0})).toMatchObject({retries: 7, maxDelay: 0});
  });

  it.each([
    [-1, 'retry.retries'],
    [1.5, 'retry.retries'],
    ['3', 'retry.retries'],
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
  ])('invalid retry options are refused: %j', (retry, option, name = 'InvalidOptionError') => {
    const make = () => retryPolicy(retry as Retry);
    expect(make).toThrow(expect.objectContaining({name, option}) as Error);
  });
});

describe('any sequence of outcomes', () => {
  const outcome = fc.oneof(
    fc.constantFrom(200, 404, 500, 503, 429),
    fc.constantFrom('dns', 'receive', 'bug' as const),
  );

  it('a call settles once with the outcome of its last attempt, within its retries, and every other body is cancelled', async () => {
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
