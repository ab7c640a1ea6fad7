import {describe, expect, it, onTestFinished, vi} from 'vitest';
import type {Session} from '../../../src/index.ts';
import {createSession, TimeoutError} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {rejection} from '../../support/mock-session.ts';
import {waitFor} from '../../support/wait-for.ts';

// The globals that fake timers replace by default. The tests never advance the timers. Vitest's leave `queueMicrotask` as it is.
// Jest's replace it, but only in the realm of the test: Node's own modules keep the real one.
const vitest = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;
const clocks = {
  'the fake timers of Vitest': [...vitest, 'Date', 'performance'],
  'the fake timers of Jest': [...vitest, 'Date', 'performance', 'hrtime', 'queueMicrotask'],
} as const;

type Call = (session: Session, origin: string) => Promise<unknown>;

const limited = (session: Session, origin: string) =>
  Promise.all(Array.from({length: 4}, () => session.get(origin).text()));

async function* chunks() {
  yield new TextEncoder().encode('ab');
  yield new TextEncoder().encode('cd');
}

const calls: Record<string, readonly [call: Call, expected: unknown]> = {
  'a first request': [async ({fetch}, origin) => (await fetch(origin)).text(), 'GET /'],
  'requests one after the other, over one connection': [
    async ({fetch}, origin) => {
      await (await fetch(origin, {method: 'POST', body: 'ab'})).text();
      return (await fetch(origin, {method: 'POST', body: 'ab'})).text();
    },
    'POST /ab',
  ],
  'responses that nobody reads': [
    async ({fetch}, origin) => {
      for (let i = 0; i < 3; i++) await fetch(origin);
      return (await fetch(origin)).status;
    },
    200,
  ],
  'a redirect': [async ({fetch}, origin) => (await fetch(`${origin}/moved`)).url.slice(origin.length), '/'],
  'a body from a generator': [
    (session, origin) => session.post(origin, {body: chunks()}).text(),
    'POST /abcd',
  ],
  'a typed failure': [
    async (session, origin) => (await rejection(session.get(`${origin}/missing`))).name,
    'HTTPError',
  ],
  'a refused connection': [
    async ({fetch}) => (await rejection(fetch('http://127.0.0.1:1/'))).name,
    'TypeError',
  ],
  'an abort': [
    async ({fetch}, origin) => {
      const controller = new AbortController();
      const aborted = fetch(origin, {signal: controller.signal});
      controller.abort('stop');
      return aborted.catch((reason) => reason);
    },
    'stop',
  ],
  'requests that wait for a slot': [
    (session, origin) => limited(session.extend({timeout: {pool: 5_000}}), origin),
    Array(4).fill('GET /'),
  ],
};

function startRealServer() {
  return startServer(async (request, response) => {
    const {method, url} = request;
    if (url === '/silent') return;
    if (url === '/endless') return void response.write('x');
    if (url === '/moved') response.writeHead(302, {location: '/'});
    if (url === '/missing') response.statusCode = 404;
    response.end(`${method} ${url}${await bodyOf(request)}`);
  });
}

describe.each(Object.entries(clocks))('%s', (_name, toFake) => {
  it.each(Object.entries(calls))(
    '%s settle while the clock stands still',
    async (_what, [call, expected]) => {
      const server = await startRealServer();
      await using session = createSession({connector: {limit: 2}});
      vi.useFakeTimers({toFake: [...toFake]});
      onTestFinished(() => void vi.useRealTimers());
      const result = await call(session, server.origin);
      vi.useRealTimers();
      expect(result).toEqual(expected);
    },
  );

  it('close() gives up a body that nobody reads, and settles', async () => {
    const server = await startRealServer();
    const session = createSession();
    vi.useFakeTimers({toFake: [...toFake]});
    onTestFinished(() => void vi.useRealTimers());
    const response = await session.fetch(`${server.origin}/endless`);
    await session.close();
    vi.useRealTimers();
    expect((await rejection(response.text())).name).toBe('SessionClosedError');
  });

  it('a session whose connections were opened before the clock stood still sends over them', async () => {
    const server = await startRealServer();
    await using session = createSession();
    await session.get(server.origin).text();
    vi.useFakeTimers({toFake: [...toFake]});
    onTestFinished(() => void vi.useRealTimers());
    const text = await session.get(server.origin).text();
    vi.useRealTimers();
    expect([text, session.stats().totals]).toMatchObject(['GET /', {opened: 1, reused: 1}]);
  });

  it('a timeout runs out when the test advances the clock, and not before', async () => {
    const server = await startRealServer();
    await using session = createSession({timeout: {read: 10_000}, retry: false});
    vi.useFakeTimers({toFake: [...toFake]});
    onTestFinished(() => void vi.useRealTimers());
    const outcome = rejection(session.get(`${server.origin}/silent`));
    await waitFor(() => server.requests.length > 0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toBeInstanceOf(TimeoutError);
  });
});
