import type {ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {TimeoutError} from '../../../../src/index.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {turns, waitFor} from '../../../support/wait-for.ts';

/** A server that answers when the test says so. */
async function startHeldServer() {
  const held: Array<{readonly path: string; readonly response: ServerResponse}> = [];
  const server = await startServer(
    (request, response) => void held.push({path: request.url as string, response}),
  );
  return {
    ...server,
    origin: server.origin,
    held,
    /** Answers the oldest request, as soon as there is one, and returns its path. */
    async answer(): Promise<string> {
      await waitFor(() => held.length > 0);
      const next = held.shift();
      next?.response.end(next.path);
      return next?.path ?? '';
    },
  };
}

describe('the queue', () => {
  it('requests to one host are served in the order of their calls', async () => {
    const server = await startHeldServer();
    const {fetch} = openSession({limit: 1});
    const requests = Array.from({length: 8}, (_, index) => fetch(`${server.origin}/${index}`));
    const order: string[] = [];
    for (let index = 0; index < 8; index++) order.push(await server.answer());
    expect(order).toEqual(['/0', '/1', '/2', '/3', '/4', '/5', '/6', '/7']);
    await Promise.all(requests);
  });

  it('a host with hundreds of waiting requests does not starve another', async () => {
    const busy = await startServer((_request, response) => response.end());
    const quiet = await startServer((_request, response) => response.end('heard'));
    const {fetch} = openSession({limit: 2});
    const crowd = Array.from({length: 300}, () => fetch(busy.origin));
    expect(await (await fetch(quiet.origin)).text()).toBe('heard');
    expect(busy.requests.length).toBeLessThan(30);
    await Promise.all(crowd);
  });

  it('a queued request that is aborted rejects at once and leaves the queue', async () => {
    const server = await startHeldServer();
    const {fetch, stats} = openSession({limit: 1});
    const first = fetch(`${server.origin}/first`);
    const controller = new AbortController();
    const waiting = fetch(`${server.origin}/second`, {signal: controller.signal});
    expect(stats()).toMatchObject({active: 1, queued: 1});
    const reason = new Error('changed my mind');
    await delay(10);
    controller.abort(reason);
    expect(stats()).toMatchObject({active: 1, queued: 0});
    const rejected = waiting.catch((error: unknown) => error);
    expect(await Promise.race([rejected, turns()])).toBe(reason);
    await server.answer();
    await first;
    await turns(3);
    expect(server.requests.map(({path}) => path)).toEqual(['/first']);
  });

  it('a queued request that times out rejects with phase pool and leaves the queue', async () => {
    const server = await startHeldServer();
    const {fetch, stats} = openSession({limit: 1});
    const first = fetch(`${server.origin}/first`);
    const waiting = fetch(`${server.origin}/second?key=secret`, {timeout: {pool: 20}});
    const error = await waiting.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'pool', limit: 20, code: 'ERR_TIMEOUT'});
    expect(stats()).toMatchObject({active: 1, queued: 0});
    await server.answer();
    await first;
  });

  it('a queued request that is served in time never times out later', async () => {
    const server = await startHeldServer();
    const {fetch} = openSession({limit: 1});
    const first = fetch(`${server.origin}/first`);
    const second = fetch(`${server.origin}/second`, {timeout: {pool: 1_500}});
    await server.answer();
    await first;
    await waitFor(() => server.held.length === 1);
    await delay(1_600);
    await server.answer();
    expect(await (await second).text()).toBe('/second');
  });

  it('a queued request that is aborted in the tick it gets its slot passes the slot on', async () => {
    const server = await startHeldServer();
    const {fetch, stats} = openSession({limit: 1});
    const reason = new Error('too late');
    for (const turn of ['microtask', 'tick', 'same'] as const) {
      const controller = new AbortController();
      const first = fetch(`${server.origin}/first`);
      const woken = fetch(`${server.origin}/woken`, {signal: controller.signal});
      const next = fetch(`${server.origin}/next`);
      const abort = () => controller.abort(reason);
      // The first body ends, and its slot is passed on, before any caller is notified.
      const whenFirstEnds = first
        .then((response) => response.text())
        .then(() => {
          if (turn === 'same') abort();
          else if (turn === 'tick') process.nextTick(abort);
          else queueMicrotask(abort);
        });
      await server.answer();
      await whenFirstEnds;
      await expect(woken).rejects.toBe(reason);
      for (let path = ''; path !== '/next'; ) path = await server.answer();
      expect(await (await next).text()).toBe('/next');
      expect(stats()).toMatchObject({active: 0, queued: 0});
    }
  });

  it('a thousand queued requests that are aborted together leave the queue empty and the pool usable', async () => {
    const server = await startHeldServer();
    const {fetch, stats} = openSession({limit: 3});
    const controller = new AbortController();
    const kept = Array.from({length: 3}, () => fetch(server.origin));
    const dropped = Array.from({length: 1_000}, () => fetch(server.origin, {signal: controller.signal}));
    expect(stats().queued).toBe(1_000);
    controller.abort();
    expect(stats()).toMatchObject({active: 3, queued: 0});
    const outcomes = await Promise.allSettled(dropped);
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true);
    for (let index = 0; index < 3; index++) await server.answer();
    await Promise.all(kept);
    const after = fetch(server.origin);
    await server.answer();
    expect((await after).status).toBe(200);
  });
});

it('a body that nobody reads is given up after unreadTimeout, for each request that waits for a slot', async () => {
  // Only the interval in which the queue is checked: sockets keep their time.
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval']});
  onTestFinished(() => void vi.useRealTimers());
  const server = await startServer((request, response) =>
    response.end(request.url === '/large' ? Buffer.alloc(1_000_000) : 'answer'),
  );
  const {fetch, stats} = openSession({limit: 3});
  const unread = [1, 2, 3].map(() => fetch(`${server.origin}/large`));
  await Promise.all(unread);
  const waiting = [1, 2].map(async () => (await fetch(server.origin)).text());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(stats()).toMatchObject({active: 3, queued: 2});
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await Promise.all(waiting)).toEqual(['answer', 'answer']);
  const outcomes = await Promise.allSettled(unread.map(async (response) => (await response).text()));
  const failures = outcomes.filter(({status}) => status === 'rejected');
  expect(failures.map((outcome) => (outcome as PromiseRejectedResult).reason)).toEqual(
    failures.map(() => expect.objectContaining({phase: 'unread', limit: 60_000})),
  );
  expect(failures.length).toBeGreaterThan(0);
});
