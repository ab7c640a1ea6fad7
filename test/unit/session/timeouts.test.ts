import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {ConnectorDefinition, ConnectorOptions, Session, SessionOptions} from '../../../src/index.ts';
import {createConnector, createSession, TimeoutError} from '../../../src/index.ts';
import {rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/?key=s3cret';
const capabilities = {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: false};

/** A session over a connector that is made of `send`. */
function sessionOver(
  send: ConnectorDefinition['send'],
  options: SessionOptions = {},
  limits: ConnectorOptions = {},
): Session {
  const connector = createConnector({name: 'test', capabilities, send}, limits);
  return createSession({retry: false, ...options, connector});
}

const hanging = () => new Promise<Response>(() => {});

/** A body whose chunks the test gives one by one. */
function controlledBody() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return {body, push: (size = 1) => controller.enqueue(new Uint8Array(size)), end: () => controller.close()};
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Lets the time pass, and returns the outcome of the promise by then. */
async function outcomeIn(time: number, promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    () => {
      outcome = 'fulfilled';
    },
    (error) => {
      outcome = error;
    },
  );
  await vi.advanceTimersByTimeAsync(time);
  return outcome;
}

describe('timeout.total', () => {
  it('total covers the wait for the response', async () => {
    const session = sessionOver(hanging, {timeout: 100});
    const call = session.fetch(url);
    expect(await outcomeIn(99, call)).toBe('pending');
    const error = await outcomeIn(1, call);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      phase: 'total',
      limit: 100,
      attempts: 1,
      request: {method: 'GET', url: 'https://api.test/?key=…'},
      message: 'total timeout of 100 ms ran out (GET https://api.test/?key=…)',
    });
  });

  it('total covers the body, even a body that never stops arriving', async () => {
    const {body, push} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: {total: 100}});
    const text = (await session.fetch(url)).text();
    for (let time = 0; time < 90; time += 10) {
      push();
      expect(await outcomeIn(10, text)).toBe('pending');
    }
    expect(await outcomeIn(10, text)).toMatchObject({phase: 'total'});
  });

  it('total covers the queue', async () => {
    const session = sessionOver(hanging, {}, {limit: 1});
    const first = rejection(session.fetch(url));
    const second = session.fetch(url, {timeout: 100});
    expect(await outcomeIn(100, second)).toMatchObject({phase: 'total'});
    expect(session.stats().queued).toBe(0);
    await session.destroy();
    await first;
  });

  it('total covers policies, and all their attempts', async () => {
    const session = sessionOver(async () => new Response('x'), {
      timeout: 100,
      policies: [
        (next) => async (request) => {
          for (;;) {
            await (await next(request)).text();
            await new Promise((resolve) => setTimeout(resolve, 30));
          }
        },
      ],
    });
    const call = session.fetch(url);
    expect(await outcomeIn(100, call)).toMatchObject({phase: 'total', attempts: 4});
    await vi.runAllTimersAsync();
  });

  it('a total timeout before anything was sent reports one attempt', async () => {
    const session = sessionOver(hanging, {timeout: 100, policies: [() => hanging]});
    expect(await outcomeIn(100, session.fetch(url))).toMatchObject({phase: 'total', attempts: 1});
  });

  it('no total timer is started for a call that was aborted before it began', async () => {
    const session = sessionOver(hanging, {timeout: 100});
    const signal = AbortSignal.abort(new Error('before'));
    expect(await rejection(session.fetch(url, {signal}))).toBe(signal.reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('total covers hooks', async () => {
    const session = sessionOver(async () => new Response('x'), {
      timeout: 100,
      hooks: {beforeRequest: [() => new Promise((resolve) => setTimeout(resolve, 150))]},
    });
    expect(await outcomeIn(150, session.get(url))).toMatchObject({phase: 'total'});
  });

  it('total ends with the body, not before', async () => {
    const {body, push, end} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: 100});
    const bytes = (await session.fetch(url)).bytes();
    push();
    end();
    expect((await bytes).length).toBe(1);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
  });

  it('a total timeout aborts the running request', async () => {
    let signal: AbortSignal | undefined;
    const session = sessionOver(
      (_request, given) => {
        signal = given;
        return hanging();
      },
      {timeout: 100},
    );
    const error = await outcomeIn(100, session.fetch(url));
    expect(signal?.reason).toBe(error);
  });
});

describe('timeout.pool', () => {
  it('pool covers the wait for a slot', async () => {
    const session = sessionOver(hanging, {timeout: {pool: 100}}, {limit: 1});
    const first = rejection(session.fetch(url));
    const second = session.fetch(url);
    expect(await outcomeIn(99, second)).toBe('pending');
    expect(await outcomeIn(1, second)).toMatchObject({phase: 'pool', limit: 100});
    expect(session.stats()).toMatchObject({active: 1, queued: 0});
    await session.destroy();
    await first;
  });

  it('pool covers nothing but the wait for a slot', async () => {
    const session = sessionOver(hanging, {timeout: {pool: 100, read: 0}}, {limit: 1});
    const first = session.fetch(url);
    expect(await outcomeIn(10_000, first)).toBe('pending');
    await session.destroy();
  });

  it('pool ends when the slot is granted', async () => {
    const answers: Array<(response: Response) => void> = [];
    const session = sessionOver(
      () => new Promise((resolve) => answers.push(resolve)),
      {timeout: {pool: 100, read: 0}},
      {limit: 1},
    );
    const [first, second] = [session.fetch(url), session.fetch(url)];
    await outcomeIn(50, second);
    answers[0]?.(new Response());
    await first;
    expect(await outcomeIn(10_000, second)).toBe('pending');
    await session.destroy();
  });

  it('the wait for a slot does not count for attempt or read', async () => {
    const answers: Array<(response: Response) => void> = [];
    const session = sessionOver(
      () => new Promise((resolve) => answers.push(resolve)),
      {timeout: {attempt: 100, read: 100}},
      {limit: 1},
    );
    const first = session.fetch(url, {timeout: {attempt: 0, read: 0}});
    const second = session.fetch(url);
    expect(await outcomeIn(10_000, second)).toBe('pending');
    answers[0]?.(new Response());
    await first;
    await session.destroy();
    await rejection(second);
  });
});

describe('timeout.read', () => {
  it('read is 300 s by default, as in Node’s fetch', async () => {
    const session = sessionOver(hanging);
    const call = session.fetch(url);
    expect(await outcomeIn(299_999, call)).toBe('pending');
    expect(await outcomeIn(1, call)).toMatchObject({phase: 'read', limit: 300_000});
  });

  it.each([0, false, Number.POSITIVE_INFINITY] as const)(
    'the value %o means no read timeout',
    async (read) => {
      const session = sessionOver(hanging, {timeout: {read}});
      expect(await outcomeIn(600_000, session.fetch(url))).toBe('pending');
      await session.destroy();
    },
  );

  it.each<[string, NonNullable<Parameters<Session['fetch']>[1]>['body']]>([
    ['no body', null],
    ['a small string', '{}'],
    ['small bytes', new Uint8Array(100)],
    ['a small Blob', new Blob(['x'])],
    ['URLSearchParams', new URLSearchParams({a: 'b'})],
  ])('read covers the wait for the response to a request with %s', async (_, body) => {
    const session = sessionOver(hanging, {timeout: {read: 100}});
    expect(await outcomeIn(100, session.fetch(url, {method: 'POST', body: body ?? null}))).toMatchObject({
      phase: 'read',
    });
  });

  it('read does not cover the upload of a large body, whose end can not be seen', async () => {
    const session = sessionOver(hanging, {timeout: {read: 100}});
    const call = session.fetch(url, {method: 'POST', body: 'x'.repeat(100_000)});
    expect(await outcomeIn(10_000, call)).toBe('pending');
    await session.destroy();
  });

  it('read begins with the end of the upload if the connector reports it', async () => {
    let sent = () => {};
    const session = sessionOver(
      (_request, _signal, progress) => {
        sent = progress.done.bind(progress);
        return hanging();
      },
      {timeout: {read: 100}},
    );
    const call = session.fetch(url, {method: 'POST', body: new ReadableStream()});
    expect(await outcomeIn(10_000, call)).toBe('pending');
    sent();
    expect(await outcomeIn(99, call)).toBe('pending');
    expect(await outcomeIn(1, call)).toMatchObject({phase: 'read'});
  });

  it('read covers the silence between two chunks', async () => {
    const {body, push} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: {read: 100}});
    const text = (await session.fetch(url)).text();
    for (let count = 0; count < 3; count++) {
      expect(await outcomeIn(99, text)).toBe('pending');
      push();
    }
    expect(await outcomeIn(99, text)).toBe('pending');
    expect(await outcomeIn(2, text)).toMatchObject({phase: 'read'});
  });

  it('read does not cover a slow reader, because the server is ready', async () => {
    const {body, push, end} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: {read: 100}});
    const response = await session.fetch(url);
    push(200_000);
    await vi.advanceTimersByTimeAsync(10_000);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(200_000);
    end();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('read covers an unread body while there is room for more of it', async () => {
    const {body} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: {read: 100}});
    const response = await session.fetch(url);
    await vi.advanceTimersByTimeAsync(100);
    expect(session.stats().active).toBe(0);
    expect(await rejection(response.text())).toMatchObject({phase: 'read'});
  });

  it('read ends with a response that has no body', async () => {
    const session = sessionOver(async () => new Response(null));
    await session.fetch(url);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('timeout.attempt', () => {
  it('attempt covers one attempt from its slot to the end of its body', async () => {
    const {body, push} = controlledBody();
    const session = sessionOver(async () => new Response(body), {timeout: {attempt: 100}});
    const text = (await session.fetch(url)).text();
    expect(await outcomeIn(50, text)).toBe('pending');
    push();
    expect(await outcomeIn(49, text)).toBe('pending');
    expect(await outcomeIn(1, text)).toMatchObject({phase: 'attempt', limit: 100});
  });

  it('the attempt timeout starts again with each attempt', async () => {
    const session = sessionOver(hanging, {
      timeout: {attempt: 100},
      policies: [(next) => (request) => next(request).catch(() => next(request))],
    });
    const call = session.fetch(url);
    expect(await outcomeIn(199, call)).toBe('pending');
    expect(await outcomeIn(1, call)).toMatchObject({phase: 'attempt', attempts: 2});
  });

  it('no attempt timer is left when the body has ended', async () => {
    const session = sessionOver(async () => new Response('x'), {timeout: {attempt: 100}});
    await session.get(url).text();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('timeouts of a call', () => {
  it('the timeouts of a call are merged into those of the session, phase by phase', async () => {
    const session = sessionOver(hanging, {timeout: {total: 5_000, read: 100}});
    expect(await outcomeIn(100, session.fetch(url, {timeout: 500}))).toMatchObject({phase: 'read'});
    expect(await outcomeIn(50, session.fetch(url, {timeout: 50}))).toMatchObject({phase: 'total', limit: 50});
    expect(await outcomeIn(5_000, session.fetch(url, {timeout: {read: false}}))).toMatchObject({
      phase: 'total',
      limit: 5_000,
    });
    const forever = session.fetch(url, {timeout: {total: false, read: false}});
    expect(await outcomeIn(600_000, forever)).toBe('pending');
    await session.destroy();
  });

  it('a timeout of a call that is undefined is that of the session', async () => {
    const session = sessionOver(hanging, {timeout: {total: undefined, read: 100}});
    const call = session.fetch(url, {timeout: {read: undefined}});
    expect(await outcomeIn(100, call)).toMatchObject({phase: 'read', limit: 100});
  });

  it('the timeout false of a call means no total timeout', async () => {
    const session = sessionOver(hanging, {timeout: {total: 50, read: 100}});
    expect(await outcomeIn(100, session.fetch(url, {timeout: false}))).toMatchObject({phase: 'read'});
  });
});

it('the first timeout that runs out ends the call', async () => {
  const session = sessionOver(hanging, {timeout: {total: 100, attempt: 100, read: 100}});
  const call = session.fetch(url);
  expect(await outcomeIn(100, call)).toMatchObject({phase: 'total'});
});
