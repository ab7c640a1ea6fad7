import {getEventListeners} from 'node:events';
import {describe, expect, it, vi} from 'vitest';
import {ConnectionError, HTTPError} from '../../../src/index.ts';
import {mockSession} from '../../support/mock-session.ts';
import {noHosts} from '../../support/no-hosts.ts';

const url = 'https://api.test/';

/** The number of listeners on the signal. */
function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

describe('an abort', () => {
  it.each<[string, unknown]>([
    ['an error', new Error('mine')],
    ['a string', 'stop'],
    ['null', null],
  ])('an aborted call rejects with the reason of the signal as it is: %s', async (_, reason) => {
    const controller = new AbortController();
    const {session} = mockSession(() => new Promise(() => {}));
    const calls = [
      session.fetch(url, {signal: controller.signal}),
      session.get(url, {signal: controller.signal}),
      session.get(url, {signal: controller.signal}).json(),
    ];
    await Promise.resolve();
    controller.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    expect(session.stats()).toMatchObject({active: 0, hosts: noHosts, totals: {errors: 3}});
  });

  it('an abort before the call cancels the stream that was to be sent', async () => {
    const {session, calls} = mockSession();
    const cancelled: unknown[] = [];
    const body = new ReadableStream({cancel: (reason) => void cancelled.push(reason)});
    const signal = AbortSignal.abort('before');
    await expect(session.fetch(url, {method: 'POST', body, signal})).rejects.toBe('before');
    expect(cancelled).toEqual(['before']);
    expect(calls).toHaveLength(0);
  });

  it('an abort without a reason rejects with an AbortError', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => new Promise(() => {}));
    const call = session.fetch(url, {signal: controller.signal});
    controller.abort();
    await expect(call).rejects.toMatchObject({name: 'AbortError'});
    await expect(call).rejects.toBe(controller.signal.reason);
  });

  it('an abort before the call sends nothing', async () => {
    const {session, calls} = mockSession();
    const signal = AbortSignal.abort('stop');
    await expect(session.fetch(url, {signal})).rejects.toBe('stop');
    await expect(session.get(url, {signal})).rejects.toBe('stop');
    expect(calls).toHaveLength(0);
    expect(session.stats().totals).toMatchObject({requests: 2, attempts: 0, errors: 2});
    await session.close();
  });

  it('an abort in the queue rejects at once, and the queue is empty', async () => {
    const {session, calls} = mockSession(() => new Promise(() => {}), {}, {limit: 1});
    const controller = new AbortController();
    const running = session.fetch(url);
    const queued = session.fetch(url, {signal: controller.signal});
    expect(session.stats()).toMatchObject({active: 1, queued: 1});
    controller.abort('stop');
    await expect(queued).rejects.toBe('stop');
    expect(session.stats()).toMatchObject({active: 1, queued: 0});
    expect(calls).toHaveLength(1);
    await session.destroy();
    await expect(running).rejects.toThrow();
  });

  it('an abort reaches the handler of the mock', async () => {
    const controller = new AbortController();
    const {session, calls} = mockSession(() => new Promise(() => {}));
    const call = session.fetch(url, {signal: controller.signal});
    expect(calls[0]?.signal.aborted).toBe(false);
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
    expect(calls[0]?.signal).toMatchObject({aborted: true, reason: 'stop'});
  });

  it('an abort fails a body that is arriving, with the reason as it is', async () => {
    const reason = new Error('mine');
    const controller = new AbortController();
    const {session} = mockSession(() => new Response(new ReadableStream()));
    const reading = (await session.fetch(url, {signal: controller.signal})).text();
    const later = session.get(url, {signal: controller.signal}).text();
    await vi.waitFor(() => expect(session.stats().active).toBe(2));
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(later).rejects.toBe(reason);
    expect(session.stats()).toMatchObject({active: 0, totals: {errors: 2}});
  });

  it('an abort fails an unread body, and cancels its source', async () => {
    let cancelled: unknown;
    const body = new ReadableStream({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const controller = new AbortController();
    const {session} = mockSession(() => new Response(body));
    const response = await session.fetch(url, {signal: controller.signal});
    controller.abort('stop');
    await expect(response.text()).rejects.toBe('stop');
    expect(cancelled).toBe('stop');
  });

  it('an abort after the end of the body has no effect', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => 'hello');
    const response = await session.fetch(url, {signal: controller.signal});
    expect(await response.clone().text()).toBe('"hello"');
    await vi.waitFor(() => expect(session.stats().active).toBe(0));
    controller.abort();
    expect(await response.text()).toBe('"hello"');
    expect(session.stats().totals.errors).toBe(0);
  });

  it('an abort of one call does not affect other calls', async () => {
    const controller = new AbortController();
    const {session} = mockSession(({url}) => (url.endsWith('a') ? new Promise(() => {}) : 'b'));
    const [a, b] = [session.fetch(`${url}a`, {signal: controller.signal}), session.fetch(`${url}b`)];
    controller.abort('stop');
    await expect(a).rejects.toBe('stop');
    expect(await (await b).json()).toBe('b');
  });
});

describe('listeners on a signal that outlives its calls', () => {
  const {signal} = new AbortController();
  const options = {signal};

  it('a call has at most one listener on the signal while it runs, and none afterwards', async () => {
    const {session} = mockSession(() => 'hello');
    const responses = await Promise.all([session.fetch(url, options), session.get(url, options)]);
    expect(listeners(signal)).toBeLessThanOrEqual(2);
    await Promise.all(responses.map((response) => response.text()));
    await vi.waitFor(() => expect(listeners(signal)).toBe(0));
  });

  it.each<[string, () => unknown, (error: unknown) => boolean]>([
    [
      'a thrown error',
      () => Promise.reject(new Error('mine')),
      (error) => (error as Error).message === 'mine',
    ],
    [
      'a network error',
      () => Promise.reject(new TypeError('x')),
      (error) => error instanceof ConnectionError,
    ],
    ['a status', () => new Response('x', {status: 500}), (error) => error instanceof HTTPError],
  ])('no listener is left after %s', async (_, handler, isExpected) => {
    const {session} = mockSession(handler);
    await expect(session.get(url, options)).rejects.toSatisfy(isExpected);
    await vi.waitFor(() => expect(listeners(signal)).toBe(0));
  });

  it('no listener is left after a response without a body', async () => {
    const {session} = mockSession(() => new Response(null, {status: 204}));
    await session.fetch(url, options);
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left after a small body that is not read', async () => {
    const {session} = mockSession(() => 'hello');
    await session.fetch(url, options);
    await vi.waitFor(() => expect(listeners(signal)).toBe(0));
  });

  it('no listener is left after a body was cancelled', async () => {
    const {session} = mockSession(() => new Response(new ReadableStream()));
    const response = await session.fetch(url, options);
    expect(listeners(signal)).toBe(1);
    await response.body?.cancel();
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left after a body broke off', async () => {
    const {session} = mockSession(
      () =>
        new Response(
          new ReadableStream({
            pull() {
              throw new TypeError('terminated');
            },
          }),
        ),
    );
    const response = await session.fetch(url, options);
    await expect(response.text()).rejects.toBeInstanceOf(ConnectionError);
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left after a timeout', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    await expect(session.fetch(url, {signal, timeout: 1})).rejects.toMatchObject({phase: 'total'});
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left after the session was destroyed', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const call = session.fetch(url, options);
    await session.destroy();
    await expect(call).rejects.toThrow();
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left after a call that was refused', async () => {
    const {session} = mockSession();
    await expect(session.fetch(url, {signal, timeout: -1})).rejects.toThrow();
    await expect(session.get(url, {signal, json: 1n})).rejects.toThrow();
    await session.close();
    await expect(session.fetch(url, options)).rejects.toThrow();
    expect(listeners(signal)).toBe(0);
  });

  it('no listener is left by hooks and progress listeners', async () => {
    const {session} = mockSession(() => 'hello', {
      hooks: {beforeRequest: [() => {}], afterResponse: [() => {}]},
    });
    const onUploadProgress = () => {};
    for (let count = 0; count < 20; count++) {
      await session.post(url, {signal, json: {a: 1}, onUploadProgress}).json();
    }
    await vi.waitFor(() => expect(listeners(signal)).toBe(0));
  });
});
