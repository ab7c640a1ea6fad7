import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {
  AiofetchError,
  createSession,
  hedgePolicy,
  InvalidOptionError,
  SessionClosedError,
} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

/** A handler whose responses the test gives one by one. */
function controlled() {
  const answers: Array<(value: unknown) => void> = [];
  return {
    answers,
    handler: () =>
      new Promise((resolve) => {
        answers.push(resolve);
      }),
  };
}

/** A hedged call with two attempts. The first got a 503, which the policy keeps while the second runs. */
async function hedged() {
  fakeTimers();
  const {answers, handler} = controlled();
  const {session} = mockSession(handler as never, {policies: [hedgePolicy({delay: 10})]});
  const call = session.fetch(url);
  await vi.advanceTimersByTimeAsync(20);
  // The body never ends, so it stays unread.
  answers[0]?.(new Response(new ReadableStream(), {status: 503}));
  await vi.advanceTimersByTimeAsync(1);
  return {session, call, answers};
}

function fakeTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

/** Records whether a promise has settled. */
function watch(promise: Promise<unknown>) {
  const state = {settled: false};
  promise.then(
    () => {
      state.settled = true;
    },
    () => {
      state.settled = true;
    },
  );
  return state;
}

describe('close()', () => {
  it('close() refuses new calls with a SessionClosedError that names the request', async () => {
    const {session, calls} = mockSession();
    expect(session.closed).toBe(false);
    const closing = session.close();
    expect(session.closed).toBe(true);
    for (const call of [session.fetch, session.get]) {
      const error = await rejection(call(`${url}?token=s3cret`));
      expect(error).toBeInstanceOf(SessionClosedError);
      expect(error).toMatchObject({
        code: 'ERR_SESSION_CLOSED',
        message: `Session is closed (GET ${url}?token=…)`,
        request: {method: 'GET', url: `${url}?token=…`},
      });
    }
    await closing;
    expect(calls).toHaveLength(0);
    expect(session.stats().totals.requests).toBe(0);
  });

  it('close() lets running and queued calls finish', async () => {
    const {answers, handler} = controlled();
    const {session} = mockSession(handler, {}, {limit: 1});
    const calls = [0, 1, 2].map(() => session.fetch(url).then((response) => response.json()));
    const closing = watch(session.close());
    for (const [index, call] of calls.entries()) {
      await vi.waitFor(() => expect(answers).toHaveLength(index + 1));
      expect(closing.settled).toBe(false);
      answers[index]?.(index);
      expect(await call).toBe(index);
    }
    await vi.waitFor(() => expect(closing.settled).toBe(true));
    expect(session.stats()).toMatchObject({active: 0, queued: 0, totals: {errors: 0}});
  });

  it('a call counts from its verb on: a promise that is returned from inside `await using` resolves', async () => {
    async function load() {
      await using session = createSession({connector: mockConnector(() => 'hello')});
      return session.get(url).json();
    }
    expect(await load()).toBe('hello');
  });

  it('close() waits for a body that is being read, however slowly', async () => {
    fakeTimers();
    let goOn = () => {};
    const body = new ReadableStream({
      start(controller) {
        goOn = () => {
          controller.enqueue(new TextEncoder().encode('done'));
          controller.close();
        };
      },
    });
    const {session} = mockSession(() => new Response(body), {timeout: {read: 0}});
    const text = (await session.fetch(url)).text();
    const closing = watch(session.close());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closing.settled).toBe(false);
    goOn();
    expect(await text).toBe('done');
    await vi.waitFor(() => expect(closing.settled).toBe(true));
  });

  it('close() waits for another attempt while a policy keeps an earlier response', async () => {
    const {session, call, answers} = await hedged();
    const closing = session.close();
    await vi.advanceTimersByTimeAsync(5_000);
    answers[1]?.(new Response('better'));
    expect(await (await call).text()).toBe('better');
    await closing;
  });

  it('close() does not wait for a kept response that the caller got and does not read', async () => {
    const {session, call, answers} = await hedged();
    answers[1]?.(Promise.reject(new TypeError('fetch failed')));
    expect((await call).status).toBe(503);
    await expect(session.close()).resolves.toBeUndefined();
  });

  it('close() gives up an unread body also while a fake clock stands still', async () => {
    fakeTimers();
    const answers: Array<(response: Response) => void> = [];
    const {session} = mockSession(() => new Promise((resolve) => answers.push(resolve)));
    const call = session.fetch(url);
    const closing = session.close();
    answers[0]?.(new Response(new ReadableStream()));
    const response = await call;
    await closing;
    const error = await rejection(response.text());
    expect(error).toBeInstanceOf(SessionClosedError);
    expect(error.message).toMatch(/before the response was read/);
  });

  it('close() does not wait for a small unread body, because it has arrived already', async () => {
    const {session} = mockSession(() => 'hello');
    const response = await session.fetch(url);
    await session.close();
    expect(await response.json()).toBe('hello');
  });

  it('close() can be called several times, also while it waits', async () => {
    const {answers, handler} = controlled();
    const {session} = mockSession(handler);
    const call = session.fetch(url);
    const closings = [session.close(), session.close(), session[Symbol.asyncDispose]()];
    const states = closings.map(watch);
    await new Promise((resolve) => setImmediate(resolve));
    expect(states.map(({settled}) => settled)).toEqual([false, false, false]);
    answers[0]?.({});
    await call;
    await Promise.all(closings);
    await session.close();
    await session.destroy();
  });

  it('`await using` calls close()', async () => {
    const {answers, handler} = controlled();
    const connector = mockConnector(handler);
    let call: Promise<Response> | undefined;
    let session: ReturnType<typeof createSession> | undefined;
    const block = (async () => {
      await using inner = createSession({connector});
      session = inner;
      call = inner.fetch(url);
    })();
    await vi.waitFor(() => expect(session?.closed).toBe(true));
    answers[0]?.({});
    await block;
    expect((await call)?.status).toBe(200);
  });

  it('close() leaves no timer behind', async () => {
    fakeTimers();
    const {session} = mockSession();
    await session.fetch(url);
    const closing = session.close({timeout: 60_000});
    await vi.advanceTimersByTimeAsync(0);
    await closing;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('close() leaves a connector open that the session was given', async () => {
    const connector = mockConnector(() => 'hello');
    await createSession({connector}).close();
    await createSession({connector}).destroy();
    const session = createSession({connector});
    expect(await session.get(url).json()).toBe('hello');
    await session.close();
  });
});

describe('close({timeout})', () => {
  it('the close timeout aborts running and queued calls', async () => {
    fakeTimers();
    const {session} = mockSession(() => new Promise(() => {}), {}, {limit: 1});
    const calls = [session.fetch(url), session.fetch(url), session.get(url)].map(rejection);
    const closing = watch(session.close({timeout: 500}));
    await vi.advanceTimersByTimeAsync(499);
    expect(closing.settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    for (const call of calls) {
      const error = await call;
      expect(error).toBeInstanceOf(SessionClosedError);
      expect(error.message).toBe('Session was closed and the call did not end in 500 ms');
    }
    await vi.waitFor(() => expect(closing.settled).toBe(true));
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });

  it('the close timeout aborts bodies that are arriving', async () => {
    fakeTimers();
    const {session} = mockSession(() => new Response(new ReadableStream()));
    const text = rejection((await session.fetch(url)).text());
    const closing = session.close({timeout: 500});
    await vi.advanceTimersByTimeAsync(500);
    expect(await text).toBeInstanceOf(SessionClosedError);
    await closing;
  });

  it('the close timeout aborts calls that a policy or a hook delays', async () => {
    fakeTimers();
    const {session} = mockSession(() => ({}), {
      policies: [() => () => new Promise(() => {})],
    });
    const {session: other} = mockSession(() => ({}), {hooks: {beforeRequest: [() => new Promise(() => {})]}});
    const call = rejection(session.fetch(url));
    void rejection(other.get(url));
    const closings = [session.close({timeout: 500}), other.close({timeout: 500})];
    await vi.advanceTimersByTimeAsync(500);
    expect(await call).toBeInstanceOf(SessionClosedError);
    await Promise.all(closings);
  });

  it('close() resolves before its timeout when nothing is left to wait for', async () => {
    fakeTimers();
    const {session} = mockSession();
    await session.close({timeout: 60_000});
    expect(vi.getTimerCount()).toBe(0);
  });

  it('the close timeouts 0 and Infinity mean no limit, as all timeouts', async () => {
    fakeTimers();
    const {session} = mockSession(() => new Promise(() => {}), {timeout: {read: 0}});
    const call = rejection(session.fetch(url));
    const closings = [
      watch(session.close({timeout: 0})),
      watch(session.close({timeout: Number.POSITIVE_INFINITY})),
    ];
    await vi.advanceTimersByTimeAsync(600_000);
    expect(closings.map(({settled}) => settled)).toEqual([false, false]);
    await session.destroy();
    await call;
    await vi.waitFor(() => expect(closings.map(({settled}) => settled)).toEqual([true, true]));
  });

  it('a close timeout that is no duration is refused, and the session stays open', async () => {
    const {session} = mockSession();
    await expect(session.close({timeout: -1})).rejects.toBeInstanceOf(InvalidOptionError);
    expect(session.closed).toBe(false);
  });

  it('a second close() with a timeout shortens the first', async () => {
    fakeTimers();
    const {session} = mockSession(() => new Promise(() => {}), {timeout: {read: 0}});
    const call = rejection(session.fetch(url));
    const closing = session.close();
    const shorter = session.close({timeout: 500});
    await vi.advanceTimersByTimeAsync(500);
    expect(await call).toBeInstanceOf(SessionClosedError);
    await Promise.all([closing, shorter]);
  });
});

describe('destroy(reason)', () => {
  it('destroy() ends queued and running calls at once with a SessionClosedError whose cause is the reason', async () => {
    const reason = new Error('mine');
    const {session} = mockSession(() => new Promise(() => {}), {}, {limit: 1});
    const calls = [session.fetch(url), session.fetch(url), session.get(url), session.get(url).json()].map(
      rejection,
    );
    await vi.waitFor(() => expect(session.stats()).toMatchObject({active: 1, queued: 3}));
    const destroyed = session.destroy(reason);
    expect(session.closed).toBe(true);
    for (const call of calls) {
      const error = await call;
      expect(error).toBeInstanceOf(SessionClosedError);
      expect(error).toMatchObject({message: 'Session was destroyed', cause: reason});
    }
    await destroyed;
    expect(session.stats()).toMatchObject({active: 0, queued: 0, totals: {errors: 4}});
    await expect(session.fetch(url)).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('destroy() without a reason sets no cause', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const call = rejection(session.fetch(url));
    await session.destroy();
    expect('cause' in (await call)).toBe(false);
  });

  it('destroy() rejects calls with a reason that is an AiofetchError as it is', async () => {
    const reason = new AiofetchError('Quota is used up', 'ERR_QUOTA');
    const {session} = mockSession(() => new Promise(() => {}));
    const call = rejection(session.fetch(url));
    await session.destroy(reason);
    expect(await call).toBe(reason);
  });

  it('destroy() ends bodies that are arriving, and cancels their sources', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    const {session} = mockSession(() => new Response(body));
    const response = await session.fetch(url);
    await session.destroy();
    await expect(response.text()).rejects.toBeInstanceOf(SessionClosedError);
    expect(cancelled).toBe(true);
  });

  it('destroy() aborts the signals of handlers and policies', async () => {
    const {session, calls} = mockSession(() => new Promise(() => {}));
    const call = rejection(session.fetch(url));
    await session.destroy();
    expect(calls[0]?.signal.reason).toBe(await call);
  });

  it('destroy() ends a close() that waits', async () => {
    const {session} = mockSession(() => new Promise(() => {}));
    const call = rejection(session.fetch(url));
    const closing = session.close();
    await session.destroy();
    await closing;
    expect(await call).toBeInstanceOf(SessionClosedError);
  });

  it('destroy() can be called several times', async () => {
    const {session} = mockSession();
    await Promise.all([session.destroy(), session.destroy()]);
    await session.destroy();
  });
});

describe('a connector that the session made', () => {
  /** A session with its own connector, which the test can inspect. */
  async function owning() {
    const {createSessionOn} = await import('../../../src/session/create-session.ts');
    const {sharedPlatform} = await import('../../../src/connectors/base/shared-platform.ts');
    const connector = mockConnector(() => new Promise(() => {}));
    const close = vi.spyOn(connector, 'close');
    const destroy = vi.spyOn(connector, 'destroy');
    return {
      session: createSessionOn({}, {...sharedPlatform, defaultConnector: () => connector}),
      connector,
      close,
      destroy,
    };
  }

  it('closing the session closes its own connector', async () => {
    const {session, close, destroy} = await owning();
    await session.extend({}).close();
    expect(close).not.toHaveBeenCalled();
    await session.close();
    expect(close).toHaveBeenCalledOnce();
    expect(destroy).not.toHaveBeenCalled();
  });

  it('the connector is closed after the calls of child sessions have ended', async () => {
    const {session, close} = await owning();
    const child = session.extend({});
    const call = rejection(child.fetch(url));
    const closing = session.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(close).not.toHaveBeenCalled();
    await child.destroy();
    await call;
    await closing;
    expect(close).toHaveBeenCalledOnce();
  });

  it('destroying the session destroys its own connector', async () => {
    const {session, destroy} = await owning();
    const call = rejection(session.fetch(url));
    await session.destroy('mine');
    expect(destroy).toHaveBeenCalledExactlyOnceWith(await call);
  });

  it('the close timeout destroys the connector, and then the connector is closed', async () => {
    const {session, close, destroy} = await owning();
    const call = rejection(session.fetch(url));
    await session.close({timeout: 5});
    expect(destroy).toHaveBeenCalledExactlyOnceWith(await call);
    expect(close).toHaveBeenCalledOnce();
  });
});
