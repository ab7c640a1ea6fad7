import {describe, expect, it, vi} from 'vitest';
import type {SessionOptions} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';
import {noHosts} from '../../support/no-hosts.ts';

const url = 'https://a.test/';

describe('session.stats()', () => {
  it('stats() has the connector, the limits, the activity by host, and totals', () => {
    const {session} = mockSession(() => ({}), {}, {limit: 10, limitPerHost: 2});
    expect(session.stats()).toEqual({
      connector: 'mock',
      limit: 10,
      limitPerHost: 2,
      active: 0,
      queued: 0,
      idle: 0,
      hosts: {},
      totals: {
        requests: 0,
        attempts: 0,
        retries: 0,
        errors: 0,
        sent: 0,
        reused: 0,
        opened: 0,
        bytesSent: 0,
        bytesReceived: 0,
      },
    });
  });

  it('stats() has active and queued requests by host', async () => {
    const {session} = mockSession(() => new Promise(() => {}), {}, {limit: 3, limitPerHost: 2});
    const calls = [
      'https://a.test/1',
      'https://a.test/2',
      'https://a.test/3',
      'http://a.test/',
      'https://b.test:444/',
    ].map((url) => rejection(session.fetch(url)));
    expect(session.stats()).toMatchObject({
      active: 3,
      queued: 2,
      hosts: {
        'https://a.test': {active: 2, queued: 1, idle: 0},
        'http://a.test': {active: 1, queued: 0, idle: 0},
        'https://b.test:444': {active: 0, queued: 1, idle: 0},
      },
    });
    await session.destroy();
    await Promise.all(calls);
    expect(session.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts});
  });

  it('stats() does not change after it was returned', async () => {
    const {session} = mockSession();
    const before = session.stats();
    await session.fetch(url);
    expect(before.totals.requests).toBe(0);
  });

  it('stats() counts the bytes of bodies', async () => {
    const {session} = mockSession(() => new Response('é'));
    await session.get(url).text();
    expect(session.stats().totals.bytesReceived).toBe(2);
  });
});

describe('slots and totals right after a call', () => {
  const hanging = () => new Promise(() => {});
  const never = () => new ReadableStream();

  interface Case {
    readonly handler: (call: {url: string}) => unknown;
    readonly options?: SessionOptions;
    readonly run: (session: ReturnType<typeof mockSession>['session']) => Promise<unknown>;
    readonly totals: object;
  }
  it.each<[string, Case]>([
    [
      'that succeeded',
      {handler: () => 'x', run: ({get}) => get(url).json(), totals: {requests: 1, attempts: 1, errors: 0}},
    ],
    [
      'without a body',
      {handler: () => undefined, run: ({fetch}) => fetch(url), totals: {requests: 1, attempts: 1, errors: 0}},
    ],
    [
      'with a status that the verb makes an error of',
      {
        handler: () => new Response('no', {status: 500}),
        run: ({get}) => rejection(get(url)),
        totals: {requests: 1, attempts: 1, errors: 0},
      },
    ],
    [
      'with a body that was cancelled',
      {
        handler: () => new Response(never()),
        run: async ({fetch}) => (await fetch(url)).body?.cancel(),
        totals: {requests: 1, attempts: 1, errors: 0},
      },
    ],
    [
      'aborted before its response',
      {
        handler: hanging,
        run: ({fetch}) => {
          const controller = new AbortController();
          const call = fetch(url, {signal: controller.signal});
          controller.abort();
          return rejection(call);
        },
        totals: {requests: 1, attempts: 1, errors: 1},
      },
    ],
    [
      'aborted in its body',
      {
        handler: () => new Response(never()),
        run: async ({fetch}) => {
          const controller = new AbortController();
          const response = await fetch(url, {signal: controller.signal});
          controller.abort();
          return rejection(response.text());
        },
        totals: {requests: 1, attempts: 1, errors: 1},
      },
    ],
    [
      'timed out before its response',
      {
        handler: hanging,
        options: {timeout: 2},
        run: ({fetch}) => rejection(fetch(url)),
        totals: {requests: 1, errors: 1},
      },
    ],
    [
      'timed out in its body',
      {
        handler: () => new Response(never()),
        options: {timeout: {read: 2}},
        run: async ({fetch}) => rejection((await fetch(url)).text()),
        totals: {requests: 1, errors: 1},
      },
    ],
    [
      'that failed in the network',
      {
        handler: () => Promise.reject(new TypeError('fetch failed')),
        run: ({fetch}) => rejection(fetch(url)),
        totals: {requests: 1, attempts: 1, errors: 1},
      },
    ],
    [
      'whose body broke off',
      {
        handler: () =>
          new Response(
            new ReadableStream({
              pull() {
                throw new TypeError('terminated');
              },
            }),
          ),
        run: async ({fetch}) => rejection((await fetch(url)).text()),
        totals: {requests: 1, attempts: 1, errors: 1},
      },
    ],
    [
      'that was redirected',
      {
        handler: (call) => (call.url.endsWith('/end') ? 'x' : Response.redirect('https://b.test/end')),
        run: ({get}) => get(url).json(),
        totals: {requests: 1, attempts: 1, errors: 0},
      },
    ],
    [
      'that was redirected once too often',
      {
        handler: () => Response.redirect(url),
        run: ({get}) => rejection(get(url)),
        totals: {requests: 1, errors: 1},
      },
    ],
    [
      'that a policy failed',
      {
        handler: () => 'x',
        options: {
          policies: [
            () => () => {
              throw new Error('mine');
            },
          ],
        },
        run: ({get}) => rejection(get(url)),
        totals: {requests: 1, attempts: 0, errors: 1},
      },
    ],
    [
      'that was refused',
      {
        handler: () => 'x',
        run: ({get}) => rejection(get('users')),
        totals: {requests: 0, attempts: 0, errors: 0},
      },
    ],
  ])(
    'slots are free and totals are counted right after a call %s',
    async (_, {handler, options, run, totals}) => {
      const {session, connector} = mockSession(handler as () => unknown, options);
      await run(session);
      expect(session.stats()).toMatchObject({active: 0, queued: 0, hosts: noHosts, totals});
      const closing = vi.fn();
      await session.close().then(closing);
      await connector.close();
      expect(closing).toHaveBeenCalled();
    },
  );
});
