import type {ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {Limits} from '../../../../src/connectors/limits/limits.ts';
import {startServer} from '../../../support/http-server.ts';
import {noHosts} from '../../../support/no-hosts.ts';
import {openSession} from '../../../support/open-session.ts';
import {createSocketWatch, watchDialledSockets} from '../../../support/socket-watch.ts';
import {waitFor} from '../../../support/wait-for.ts';

describe('limit', () => {
  it('50 requests of 50 ms with limit 2 open exactly 2 sockets, and peak at 2 on the server', async () => {
    const server = await startServer(async (_request, response) => {
      await delay(50);
      response.end('done');
    });
    const {fetch, stats} = openSession({limit: 2});
    const requests = Array.from({length: 50}, async () => (await fetch(server.origin)).text());
    expect(stats()).toMatchObject({active: 2, queued: 48, limit: 2});
    await Promise.all(requests);
    expect(server.sockets.opened).toBe(2);
    expect(server.peak).toBe(2);
    expect(server.requests).toHaveLength(50);
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 2, totals: {sent: 50, opened: 2, reused: 48}});
  });

  it('idle sockets count: with limit 1, requests to five hosts in turn never have two sockets open', async () => {
    const dialled = watchDialledSockets();
    const sockets = createSocketWatch();
    const servers = await Promise.all(
      Array.from({length: 5}, () => startServer((_request, response) => response.end('hello'), {sockets})),
    );
    const {fetch, stats} = openSession({limit: 1});
    for (let round = 0; round < 3; round++) {
      for (const {origin} of servers) {
        expect(await (await fetch(origin)).text()).toBe('hello');
        expect(stats()).toMatchObject({active: 0, idle: 1, hosts: {[origin]: {idle: 1}}});
      }
    }
    expect(dialled).toMatchObject({peak: 1, opened: 15});
    expect(sockets.peak).toBe(1);
  });

  it('the socket that has been idle for longest is closed for a new one', async () => {
    const a = await startServer((_request, response) => response.end());
    const b = await startServer((_request, response) => response.end());
    const c = await startServer((_request, response) => response.end());
    const {fetch, stats} = openSession({limit: 2});
    await fetch(a.origin);
    await fetch(b.origin);
    await fetch(a.origin);
    await fetch(c.origin);
    expect(Object.keys(stats().hosts).sort()).toEqual([a.origin, c.origin].sort());
    expect(a.sockets.opened).toBe(1);
  });

  it('no more idle sockets are closed than new ones need', async () => {
    const servers = await Promise.all(
      Array.from({length: 6}, () => startServer((_request, response) => response.end('x'))),
    );
    const {fetch, stats} = openSession({limit: 4});
    const ask = async ({origin}: {origin: string}) => (await fetch(origin)).text();
    for (const server of servers.slice(0, 4)) await ask(server);
    // When the second request needs a socket, one is closing already, for the first request.
    await Promise.all(servers.slice(4).map(ask));
    for (const server of servers.slice(2, 4)) await ask(server);
    expect(stats().totals).toMatchObject({opened: 6, reused: 2});
  });

  it('an idle socket is destroyed when its server does not close it', async () => {
    const sockets = watchDialledSockets();
    const stubborn = await startServer((_request, response) => response.end());
    stubborn.server.on('connection', (socket) => {
      // The server keeps its half of the connection open.
      socket.allowHalfOpen = true;
      socket.removeAllListeners('end');
    });
    const other = await startServer((_request, response) => response.end('other'));
    const {fetch} = openSession({limit: 1});
    await fetch(stubborn.origin);
    expect(await (await fetch(other.origin)).text()).toBe('other');
    expect(sockets.peak).toBe(1);
  });

  it('0 and Infinity are no limit', async () => {
    for (const limit of [0, Infinity]) {
      const held: ServerResponse[] = [];
      const server = await startServer((_request, response) => void held.push(response));
      const {fetch, stats} = openSession({limit});
      const requests = Array.from({length: 150}, () => fetch(server.origin));
      await waitFor(() => held.length === 150);
      expect(stats()).toMatchObject({active: 150, queued: 0});
      for (const response of held) response.end();
      await Promise.all(requests);
    }
  });

  it('the default limit is 100', () => {
    expect(openSession().stats()).toMatchObject({limit: 100, limitPerHost: 0});
  });
});

describe('limitPerHost', () => {
  it('limitPerHost 1 holds back the second request to A and not the one to B', async () => {
    const held: ServerResponse[] = [];
    const a = await startServer((_request, response) => void held.push(response));
    const b = await startServer((_request, response) => response.end('b'));
    const {fetch, stats} = openSession({limitPerHost: 1});
    const first = fetch(a.origin);
    const second = fetch(a.origin);
    expect(await (await fetch(b.origin)).text()).toBe('b');
    await waitFor(() => held.length === 1);
    expect(a.requests).toHaveLength(1);
    expect(stats().hosts).toMatchObject({[a.origin]: {active: 1, queued: 1}, [b.origin]: {idle: 1}});
    held.shift()?.end('first');
    expect(await (await first).text()).toBe('first');
    await waitFor(() => held.length === 1);
    held.shift()?.end('second');
    expect(await (await second).text()).toBe('second');
    expect(a.sockets.opened).toBe(1);
  });

  it('the queue of one host does not hold up another host, also at the total limit', async () => {
    const held: ServerResponse[] = [];
    const a = await startServer((_request, response) => void held.push(response));
    const b = await startServer((_request, response) => response.end('b'));
    const {fetch} = openSession({limit: 2, limitPerHost: 1});
    const waiting = Array.from({length: 10}, () => fetch(a.origin));
    for (let index = 0; index < 5; index++) expect(await (await fetch(b.origin)).text()).toBe('b');
    expect(a.requests).toHaveLength(1);
    for (let done = 0; done < 10; done++) {
      await waitFor(() => held.length === 1);
      held.shift()?.end();
    }
    await Promise.all(waiting);
    expect(a.sockets.peak).toBe(1);
  });

  it('hosts differ by scheme, name and port', async () => {
    const server = await startServer((_request, response) => response.end());
    const {fetch, stats} = openSession();
    await fetch(server.origin);
    await fetch(`http://localhost:${server.port}`);
    expect(Object.keys(stats().hosts).sort()).toEqual(
      [server.origin, `http://localhost:${server.port}`].sort(),
    );
  });
});

describe('statistics', () => {
  it('statistics count requests, reused and opened connections, and bytes', async () => {
    const server = await startServer(async (request, response) => {
      for await (const _ of request);
      response.end('x'.repeat(1_000));
    });
    const {fetch, stats} = openSession();
    for (let index = 0; index < 3; index++) {
      const response = await fetch(server.origin, {method: 'POST', body: 'y'.repeat(100)});
      await response.text();
    }
    expect(stats().totals).toMatchObject({
      requests: 3,
      sent: 3,
      opened: 1,
      reused: 2,
      bytesSent: 300,
      bytesReceived: 3_000,
      errors: 0,
    });
  });

  it('nothing is kept of unused hosts, of which a crawler sees millions', async () => {
    const acquire = vi.spyOn(Limits.prototype, 'acquire');
    onTestFinished(() => acquire.mockRestore());
    const server = await startServer((request, response) => {
      if (request.url === '/cut') request.socket.destroy();
      else response.end('x');
    });
    const {fetch} = openSession({forceClose: true, limit: 1});
    await Promise.allSettled([
      fetch(server.origin),
      fetch(`http://localhost:${server.port}/cut`),
      fetch('http://127.0.0.1:2/'),
      fetch('http://127.0.0.2:2/', {timeout: {pool: 1}}),
    ]);
    const [limits] = acquire.mock.contexts as Limits[];
    await waitFor(() => limits?.hosts.size === 0);
  });

  it('statistics leave out unused hosts', async () => {
    const server = await startServer((_request, response) => response.end());
    const {fetch, stats} = openSession({forceClose: true});
    await fetch(server.origin);
    await waitFor(() => server.sockets.open.size === 0);
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });
});
