import type {ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {createSession, SessionClosedError} from '../../../../src/index.ts';
import {startServer} from '../../../support/http-server.ts';
import {noHosts} from '../../../support/no-hosts.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {turns, waitFor} from '../../../support/wait-for.ts';

/** Answers /now at once and /large with a large body. Other requests are held. */
async function startHeld() {
  const held: ServerResponse[] = [];
  const server = await startServer((request, response) => {
    if (request.url === '/now') response.end('now');
    else if (request.url === '/large') response.end(Buffer.alloc(5 * 1024 * 1024));
    else held.push(response);
  });
  return Object.assign(server, {held});
}

/** Whether a promise has settled, without waiting for it. */
function watch(promise: Promise<unknown>): {readonly settled: boolean} {
  const seen = {settled: false};
  const settle = () => {
    seen.settled = true;
  };
  promise.then(settle, settle);
  return seen;
}

describe('close()', () => {
  it('close() of an unused connector resolves', async () => {
    const {connector} = openSession();
    await connector.close();
  });

  it('idle sockets are closed, and close() resolves when they are gone', async () => {
    const server = await startHeld();
    const dialled = watchDialledSockets();
    const {fetch, connector} = openSession();
    await Promise.all(Array.from({length: 5}, async () => (await fetch(`${server.origin}/now`)).text()));
    await connector.close();
    expect(dialled.open.size).toBe(0);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('close() waits for running and queued requests, and refuses later ones', async () => {
    const server = await startHeld();
    const {fetch, connector} = openSession({limit: 2});
    const calls = Array.from({length: 5}, (_, index) => fetch(`${server.origin}/${index}`));
    await waitFor(() => server.held.length === 2);
    const closing = connector.close();
    const watched = watch(closing);
    const refused = fetch(`${server.origin}/later`);
    await expect(refused).rejects.toBeInstanceOf(SessionClosedError);
    await expect(refused).rejects.toMatchObject({code: 'ERR_SESSION_CLOSED'});
    for (let answered = 0; answered < 5; answered++) {
      await waitFor(() => server.held.length > 0);
      expect(watched.settled).toBe(false);
      server.held.shift()?.end('done');
    }
    expect(await Promise.all(calls.map(async (call) => (await call).text()))).toEqual(Array(5).fill('done'));
    await closing;
    expect(server.requests).toHaveLength(5);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('close() waits for a body that is read, however slowly', async () => {
    const server = await startHeld();
    const {fetch, connector} = openSession();
    const response = await fetch(`${server.origin}/large`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let size = (await reader.read()).value?.length ?? 0;
    const closing = connector.close();
    const watched = watch(closing);
    // Longer than close() waits for an unread body.
    await delay(1_700);
    expect(watched.settled).toBe(false);
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    expect(size).toBe(5 * 1024 * 1024);
    await closing;
  });

  it('close() waits only for its grace period for a large unread body', async () => {
    const server = await startHeld();
    const {fetch, connector, stats} = openSession({limit: 1});
    const response = await fetch(`${server.origin}/large`);
    const start = performance.now();
    await connector.close();
    expect(performance.now() - start).toBeLessThan(2_500);
    expect(stats()).toMatchObject({active: 0});
    await expect(response.text()).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('close() does not wait for a small unread body', async () => {
    const server = await startHeld();
    const {fetch, connector} = openSession();
    const response = await fetch(`${server.origin}/now`);
    const start = performance.now();
    await connector.close();
    expect(performance.now() - start).toBeLessThan(400);
    expect(await response.text()).toBe('now');
  });

  it('close() called twice, or during destroy(), closes once', async () => {
    const server = await startHeld();
    const {fetch, connector} = openSession();
    const call = fetch(server.origin).catch((error: unknown) => error);
    await waitFor(() => server.held.length === 1);
    const closing = [connector.close(), connector.close(), connector[Symbol.asyncDispose]()];
    await connector.destroy();
    await Promise.all(closing);
    await connector.close();
    await connector.destroy();
    expect(await call).toBeInstanceOf(SessionClosedError);
  });

  it('close() does not wait for a server that keeps its half of an idle connection open', async () => {
    const server = await startRawServer(async (connection) => {
      connection.socket.allowHalfOpen = true;
      await connection.request();
      connection.respond('ok');
    });
    const {fetch, connector} = openSession();
    await (await fetch(server.origin)).text();
    const start = performance.now();
    await connector.close();
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('destroy()', () => {
  it('running and queued requests reject at once with a SessionClosedError, and no socket is left', async () => {
    const server = await startHeld();
    const dialled = watchDialledSockets();
    const {fetch, connector, stats} = openSession({limit: 3});
    await Promise.all(Array.from({length: 3}, async () => (await fetch(`${server.origin}/now`)).text()));
    const calls = Array.from({length: 10}, () => fetch(server.origin).catch((error: unknown) => error));
    await waitFor(() => server.held.length === 3);
    await connector.destroy();
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
    expect(dialled.open.size).toBe(0);
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(SessionClosedError);
      expect(error).toMatchObject({code: 'ERR_SESSION_CLOSED'});
    }
    await expect(fetch(server.origin)).rejects.toBeInstanceOf(SessionClosedError);
    expect(server.requests).toHaveLength(6);
  });

  it('bodies that are being read fail with the reason', async () => {
    const server = await startHeld();
    const {fetch, connector} = openSession();
    const response = await fetch(`${server.origin}/large`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const reason = new Error('lights out');
    await connector.destroy(reason);
    const outcome = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read());
    })();
    await expect(outcome).rejects.toBe(reason);
  });

  it('a redirect that is being followed rejects', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(302, {location: '/', 'content-length': 10_000}).write('some');
    });
    const {fetch, connector, stats} = openSession();
    const call = fetch(server.origin).catch((error: unknown) => error);
    await waitFor(() => stats().totals.bytesReceived > 0);
    await connector.destroy();
    expect(await call).toBeInstanceOf(SessionClosedError);
    await turns(3);
    expect(server.requests).toHaveLength(1);
  });

  it('uploads are stopped, and their sources cancelled', async () => {
    const server = await startRawServer(({socket}) => void socket.pause());
    const {fetch, connector, stats} = openSession();
    let stopped = false;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
      cancel: () => {
        stopped = true;
      },
    });
    const call = fetch(server.origin, {method: 'POST', body}).catch((error: unknown) => error);
    await waitFor(() => stats().totals.bytesSent > 0);
    await connector.destroy();
    expect(await call).toBeInstanceOf(SessionClosedError);
    await turns();
    expect(stopped).toBe(true);
  });
});

describe('await using', () => {
  it('the connector is closed at the end of its block', async () => {
    const server = await startHeld();
    {
      await using connector = undiciConnector();
      const session = createSession({connector});
      await (await session.fetch(`${server.origin}/now`)).text();
    }
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a session is closed together with its own connector', async () => {
    const server = await startHeld();
    let text: Promise<string>;
    {
      await using session = createSession({connector: {limit: 1}});
      text = session.get(`${server.origin}/now`).text();
    }
    expect(await text).toBe('now');
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a connector that was passed to the session stays open', async () => {
    const server = await startHeld();
    const {connector} = openSession();
    {
      await using session = createSession({connector});
      await session.get(`${server.origin}/now`).text();
    }
    expect(connector.stats().idle).toBe(1);
  });
});
