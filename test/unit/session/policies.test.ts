import {describe, expect, it} from 'vitest';
import type {Handler, Policy} from '../../../src/index.ts';
import {HTTPError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

/** A response, and a member that shows whether its body was cancelled. */
function watchedResponse() {
  let cancelled = false;
  const body = new ReadableStream({
    cancel() {
      cancelled = true;
    },
  });
  return {
    response: new Response(body),
    get cancelled() {
      return cancelled;
    },
  };
}

describe('policies', () => {
  it('policies wrap each other in order: the first is the outermost', async () => {
    const order: string[] = [];
    const named =
      (name: string): Policy =>
      (next) =>
      async (request) => {
        order.push(`${name} in`);
        const response = await next(request);
        order.push(`${name} out`);
        return response;
      };
    const {session} = mockSession(
      () => {
        order.push('sent');
      },
      {policies: [named('first'), named('second')]},
    );
    await session.fetch(url);
    expect(order).toEqual(['first in', 'second in', 'sent', 'second out', 'first out']);
  });

  it('a policy is wrapped once for a session, and again for its child', () => {
    let made = 0;
    const policy: Policy = (next) => {
      made++;
      return next;
    };
    const {session} = mockSession(() => ({}), {policies: [policy]});
    void session.fetch(url);
    void session.fetch(url);
    expect(made).toBe(1);
    session.extend({});
    expect(made).toBe(2);
  });

  it('a policy sees the request as it will be sent: URL, method, headers, body, attempt and signal', async () => {
    let seen: unknown;
    const {session} = mockSession(() => ({}), {
      baseUrl: 'https://api.test/v1/',
      headers: {x: '1'},
      policies: [
        (next) => (request) => {
          const {url, method, headers, body, redirect, attempt, signal} = request;
          seen = {url, method, headers: [...headers], body, redirect, attempt, signal};
          return next(request);
        },
      ],
    });
    await session.put('users', {body: 'text', searchParams: {a: 'b'}, headers: {y: '2'}});
    expect(seen).toEqual({
      url: 'https://api.test/v1/users?a=b',
      method: 'PUT',
      headers: [
        ['x', '1'],
        ['y', '2'],
      ],
      body: 'text',
      redirect: 'follow',
      attempt: 1,
      signal: expect.any(AbortSignal),
    });
  });

  it('a policy can change headers in place, and anything else by passing on another request', async () => {
    const {session, calls} = mockSession(() => ({}), {
      policies: [
        (next) => (request) => {
          request.headers.set('x-policy', '1');
          return next(request.with({url: `${request.url}moved?b=c`, method: 'POST', body: 'other'}));
        },
      ],
    });
    await session.fetch(url);
    const [call] = calls;
    expect(call).toMatchObject({url: 'https://api.test/moved?b=c', method: 'POST'});
    expect(call?.headers.get('x-policy')).toBe('1');
    expect(await call?.text()).toBe('other');
  });

  it('a policy can answer without the connector', async () => {
    const {session, calls} = mockSession(() => ({}), {
      policies: [() => async () => Response.json({cached: true})],
    });
    expect(await (await session.fetch(url)).json()).toEqual({cached: true});
    expect(await session.get(url).json()).toEqual({cached: true});
    expect(calls).toHaveLength(0);
    expect(session.stats()).toMatchObject({active: 0, totals: {requests: 2, attempts: 0, errors: 0}});
    await session.close();
  });

  it('a policy can replace the response', async () => {
    const {session} = mockSession(() => ({a: 1}), {
      policies: [
        (next) => async (request) => {
          const response = await next(request);
          return Response.json({...((await response.json()) as object), b: 2}, {status: 201});
        },
      ],
    });
    const response = await session.fetch(url);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({a: 1, b: 2});
  });

  it('a policy sees a status as a response, which the verb turns into an error afterwards', async () => {
    const seen: number[] = [];
    const {session} = mockSession(() => new Response(null, {status: 404}), {
      policies: [
        (next) => async (request) => {
          const response = await next(request);
          seen.push(response.status);
          return response;
        },
      ],
    });
    await expect(session.get(url)).rejects.toBeInstanceOf(HTTPError);
    expect(seen).toEqual([404]);
  });

  it.each<[string, (next: Handler) => Handler]>([
    [
      'synchronously',
      () => () => {
        throw new Error('mine');
      },
    ],
    ['by rejecting', () => () => Promise.reject(new Error('mine'))],
    [
      'after the response',
      (next) => async (request) => {
        await (await next(request)).text();
        throw new Error('mine');
      },
    ],
  ])('a policy that fails %s rejects the call, and nothing stays behind', async (_, policy) => {
    const {session} = mockSession(() => ({}), {policies: [policy]});
    await expect(session.fetch(url)).rejects.toThrow('mine');
    await expect(session.get(url)).rejects.toThrow('mine');
    expect(session.stats()).toMatchObject({active: 0, queued: 0, totals: {requests: 2, errors: 2}});
    await session.close();
  });

  it('a policy can handle the error of an inner policy', async () => {
    const {session} = mockSession(
      () => {
        throw new Error('inner');
      },
      {policies: [(next) => (request) => next(request).catch((error: Error) => new Response(error.message))]},
    );
    expect(await session.get(url).text()).toBe('inner');
    expect(session.stats().totals.errors).toBe(0);
  });

  it('a network error that a policy throws before anything is sent counts as the failure of a first attempt', async () => {
    const policy: Policy = () => () => Promise.reject(new TypeError('fetch failed'));
    const {session} = mockSession(undefined, {policies: [policy]});
    expect(await rejection(session.fetch(url))).toMatchObject({name: 'TypeError', attempts: 1});
  });

  it('a policy is not called for a call that was aborted before it began', async () => {
    const seen: string[] = [];
    const policy: Policy = (next) => (request) => {
      seen.push(request.url);
      return next(request);
    };
    const {session} = mockSession(undefined, {policies: [policy]});
    const signal = AbortSignal.abort(new Error('before'));
    expect(await rejection(session.fetch(url, {signal}))).toBe(signal.reason);
    expect(await rejection(session.get(url, {signal}))).toBe(signal.reason);
    expect(seen).toEqual([]);
  });

  it('a policy can send a failed request again, and each attempt is counted', async () => {
    const retry: Policy = (next) => (request) => next(request).catch(() => next(request));
    const {session, calls} = mockSession(
      ({attempt}) => {
        if (attempt === 1) throw new Error('first');
        return {attempt};
      },
      {policies: [retry]},
    );
    expect(await session.post(url, {json: {a: 1}}).json()).toEqual({attempt: 2});
    expect(await Promise.all(calls.map((call) => call.json()))).toEqual([{a: 1}, {a: 1}]);
    expect(session.stats().totals).toMatchObject({requests: 1, attempts: 2, retries: 1, errors: 0});
  });

  it('a policy frees the slot of an unwanted response by cancelling it', async () => {
    const retry: Policy = (next) => async (request) => {
      const response = await next(request);
      if (response.ok) return response;
      await response.body?.cancel();
      return next(request);
    };
    const {session} = mockSession(
      ({attempt}) => (attempt === 1 ? new Response(new ReadableStream(), {status: 503}) : {}),
      {policies: [retry]},
      {limit: 1},
    );
    expect(await session.get(url).json()).toEqual({});
    await session.close();
  });

  it('a policy that returns no response makes the call reject with a clear error', async () => {
    const {session} = mockSession(() => ({}), {
      policies: [() => (async () => undefined) as unknown as Handler],
    });
    const error = await rejection(session.fetch(url));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('A policy returned no Response');
    await session.close();
  });

  it('a policy can return a response without a promise', async () => {
    const {session} = mockSession(() => ({}), {
      policies: [() => (() => new Response('plain')) as unknown as Handler],
    });
    expect(await session.get(url).text()).toBe('plain');
  });
});

describe('an abort while a policy waits', () => {
  function waiting() {
    let goOn = () => {};
    const waited = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const watched = watchedResponse();
    const policy: Policy = (next) => async (request) => {
      await waited;
      return next(request);
    };
    const late: Policy = () => async () => {
      await waited;
      return watched.response;
    };
    return {policy, late, watched, goOn};
  }

  it('an abort while a policy waits rejects the call at once, and nothing is sent', async () => {
    const {policy, goOn} = waiting();
    const {session, calls} = mockSession(() => ({}), {policies: [policy]});
    const controller = new AbortController();
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(session.stats().totals).toMatchObject({requests: 1, errors: 1});
    goOn();
    await session.close();
    expect(calls).toHaveLength(0);
  });

  it('an abort cancels the body of a response that a policy returns late', async () => {
    const {late, watched, goOn} = waiting();
    const {session} = mockSession(() => ({}), {policies: [late]});
    const controller = new AbortController();
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    goOn();
    await expect.poll(() => watched.cancelled).toBe(true);
    expect(session.stats().totals.errors).toBe(1);
  });

  it('close() does not wait for an aborted call whose policy never settles', async () => {
    const {session} = mockSession(() => ({}), {policies: [() => () => new Promise(() => {})]});
    const controller = new AbortController();
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    await session.close();
  });

  it('an abort by the policy itself rejects the call', async () => {
    const controller = new AbortController();
    const {session, calls} = mockSession(() => ({}), {
      policies: [
        (next) => (request) => {
          controller.abort('stop');
          return next(request).catch(() => new Promise(() => {}));
        },
      ],
    });
    await expect(session.fetch(url, {signal: controller.signal})).rejects.toBe('stop');
    expect(calls).toHaveLength(0);
    expect(session.stats().totals).toMatchObject({attempts: 0, errors: 1});
    await session.close();
  });

  it('an abort reaches the policy through the signal of the request', async () => {
    let reason: unknown;
    const {session} = mockSession(() => ({}), {
      policies: [
        () => (request) =>
          new Promise((_resolve, reject) => {
            request.signal.addEventListener('abort', () => {
              reason = request.signal.reason;
              reject(new Error('mine'));
            });
          }),
      ],
    });
    const controller = new AbortController();
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(reason).toBe('stop');
  });

  it('an abort has no effect once the policy has answered', async () => {
    const {session} = mockSession(() => ({}), {policies: [() => async () => new Response('here')]});
    const controller = new AbortController();
    const response = await session.fetch(url, {signal: controller.signal});
    controller.abort();
    expect(await response.text()).toBe('here');
    expect(session.stats().totals.errors).toBe(0);
  });
});
