import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import type {ConnectorOptions, Session, SessionOptions} from '../../../src/index.ts';
import {createSession} from '../../../src/index.ts';
import type {HttpServer} from '../../support/http-server.ts';
import {startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';
import {waitFor} from '../../support/wait-for.ts';

type Fetch = typeof globalThis.fetch;

/** A session on a native fetch. The test closes it, and restores the global fetch. */
function nativeSession(options: SessionOptions = {}, limits: ConnectorOptions = {}): Session {
  const connector = fetchConnector(limits);
  const session = createSession({retry: false, ...options, connector});
  onTestFinished(async () => {
    vi.unstubAllGlobals();
    await session.destroy();
    await connector.destroy();
  });
  return session;
}

async function echo(): Promise<HttpServer> {
  return startServer((request, response) => response.end(request.headers['x-by'] ?? 'nobody'));
}

/** The ways in which a session can be behind the global fetch. */
const ways: ReadonlyArray<readonly [string, (session: Session) => Fetch]> = [
  ['itself', (session) => session.fetch as Fetch],
  ['in a function', (session) => (input, init) => session.fetch(input as string, init as object)],
  [
    'with an init that was added to',
    (session) => (input, init) => session.fetch(input as string, {...(init as object), cache: 'no-store'}),
  ],
  [
    'in an async function that waits for something first',
    (session) => async (input, init) => {
      await new Promise((resolve) => setImmediate(resolve));
      return session.fetch(input as string, init as object);
    },
  ],
  [
    'with a Request that was made of it',
    (session) => (input, init) => session.fetch(new Request(input, init)),
  ],
  [
    'by a verb',
    (session) => (input, init) =>
      session.get(input, {headers: (init?.headers ?? {}) as Headers, signal: init?.signal}),
  ],
  ['as a child', (session) => session.extend({headers: {'x-child': '1'}}).fetch as Fetch],
];

describe.each(ways)('a session that is put in the place of the global fetch, %s', (_, put) => {
  it('a session in the place of the global fetch does not call itself without an end', async () => {
    const server = await echo();
    const session = nativeSession({headers: {'x-by': 'session'}});
    vi.stubGlobal('fetch', put(session));
    expect(await (await fetch(server.origin)).text()).toBe('session');
    expect(await (await session.fetch(server.origin)).text()).toBe('session');
    expect(await session.get(server.origin).text()).toBe('session');
    expect(server.requests).toHaveLength(3);
  });

  it('a request needs one slot, although it passes its session twice', async () => {
    const server = await echo();
    const session = nativeSession({}, {limit: 1});
    vi.stubGlobal('fetch', put(session));
    const texts = Array.from({length: 5}, async () => (await fetch(server.origin)).text());
    expect(await Promise.all(texts)).toEqual(Array(5).fill('nobody'));
    await waitFor(() => session.stats().active === 0);
    await session.close();
  });

  it('a request goes through the policies once', async () => {
    const server = await echo();
    let passed = 0;
    const session = nativeSession({
      policies: [
        (next) => (request) => {
          passed++;
          return next(request);
        },
      ],
    });
    vi.stubGlobal('fetch', put(session));
    await (await session.fetch(server.origin)).text();
    expect(passed).toBe(1);
    expect(session.stats().totals.attempts).toBe(1);
  });

  it('a request can be aborted and timed out as usual', async () => {
    const server = await startServer(() => {});
    const session = nativeSession();
    vi.stubGlobal('fetch', put(session));
    const controller = new AbortController();
    const call = rejection(session.fetch(server.origin, {signal: controller.signal}));
    await waitFor(() => server.requests.length === 1);
    controller.abort('stop');
    expect(await call).toBe('stop');
    expect(await rejection(session.fetch(server.origin, {timeout: 20}))).toMatchObject({phase: 'total'});
    expect(session.stats().active).toBe(0);
    await session.close();
  });

  it('the session uses the fetch that was global before it, such as that of a test', async () => {
    vi.stubGlobal('fetch', async () => new Response('mocked'));
    const session = nativeSession();
    vi.stubGlobal('fetch', put(session));
    expect(await (await fetch('https://api.test/')).text()).toBe('mocked');
  });
});

it('the connector does not call the global fetch when that is the fetch of its own session', async () => {
  const server = await echo();
  const session = nativeSession();
  vi.stubGlobal('fetch', session.fetch);
  await (await fetch(server.origin)).text();
  expect(session.stats().totals).toMatchObject({requests: 1, sent: 1});
});

describe('several sessions over the global fetch', () => {
  it('a session can be the global fetch that another session uses', async () => {
    const server = await echo();
    const first = nativeSession({headers: {'x-by': 'first'}});
    vi.stubGlobal('fetch', first.fetch);
    const second = nativeSession();
    expect(await second.get(server.origin).text()).toBe('first');
    expect(first.stats().totals.requests).toBe(1);
  });

  it('several sessions can be the global fetch in turn', async () => {
    const server = await echo();
    const [first, second] = [
      nativeSession({headers: {'x-by': 'first'}}),
      nativeSession({headers: {'x-by': 'second'}}),
    ];
    vi.stubGlobal('fetch', first.fetch);
    expect(await second.get(server.origin).text()).toBe('second');
    vi.stubGlobal('fetch', second.fetch);
    expect(await first.get(server.origin).text()).toBe('first');
    const both = (url: string, init?: RequestInit) => first.fetch(url, init as object);
    vi.stubGlobal('fetch', both);
    expect(await second.get(server.origin).text()).toBe('second');
  });
});
