import type {ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {eventSource} from '../../../src/index.ts';
import {heapUsed} from '../../support/heap.ts';
import {startServer} from '../../support/http-server.ts';
import {openSession} from '../../support/open-session.ts';

const names = ['a', 'é', 'c'];
const eventOf = (index: number) => Buffer.from(`id: ${index + 1}\r\ndata: ${names[index]}\r\n\r\n`);
const all = Buffer.concat(names.map((_, index) => eventOf(index)));

/** A server that sends the events after Last-Event-ID, in the way of `send`. It answers 204 when there are none. */
function startEvents(
  send: (response: ServerResponse, events: Buffer, connection: number) => void | Promise<void>,
) {
  let count = 0;
  return startServer((request, response) => {
    const last = Number(request.headers['last-event-id'] ?? 0);
    if (last >= names.length) return void response.writeHead(204).end();
    response.writeHead(200, {'content-type': 'text/event-stream'});
    return send(response, Buffer.concat(names.slice(last).map((_, index) => eventOf(last + index))), count++);
  });
}

async function dataOf(events: AsyncIterable<{readonly data: string}>): Promise<string[]> {
  const data: string[] = [];
  for await (const event of events) data.push(event.data);
  return data;
}

describe('eventSource', () => {
  it('no event is lost or repeated when the connection is cut, after whatever byte', async () => {
    const {session} = openSession({limit: 1});
    for (let cut = 0; cut < all.length; cut++) {
      const server = await startEvents((response, events, connection) => {
        if (connection > 0) return void response.end(events);
        response.write(events.subarray(0, cut), () => response.socket?.end());
      });
      expect(await dataOf(eventSource(session, server.origin, {reconnectDelay: 1}))).toEqual(names);
    }
    expect(session.stats().active).toBe(0);
  });

  it('events that arrive byte by byte are parsed', async () => {
    const server = await startEvents(async (response, events) => {
      for (const byte of events) {
        response.write(Uint8Array.of(byte));
        await delay(1);
      }
      response.end();
    });
    const {session} = openSession();
    expect(await dataOf(eventSource(session, server.origin, {reconnectDelay: 1}))).toEqual(names);
  });

  it('a server that falls silent in the middle of an event is reconnected to after idleTimeout', async () => {
    const server = await startEvents((response, events, connection) => {
      if (connection === 0) response.write(events.subarray(0, 30));
      else response.end(events);
    });
    const {session} = openSession({limit: 1});
    expect(await dataOf(eventSource(session, server.origin, {idleTimeout: 50}))).toEqual(names);
  });

  it('comments keep the connection open beyond idleTimeout', async () => {
    const server = await startEvents(async (response, events) => {
      for (let round = 0; round < 15; round++) {
        response.write(': still here\n\n');
        await delay(100);
      }
      response.end(events);
    });
    const {session} = openSession();
    expect(await dataOf(eventSource(session, server.origin, {idleTimeout: 1_000}))).toEqual(names);
    expect(server.requests).toHaveLength(2);
  });

  it('a server that is not up is retried maxFailures times', async () => {
    const gone = await startEvents(() => undefined);
    const {port} = gone;
    await new Promise((resolve) => gone.server.close(resolve));
    const {session} = openSession();
    let failures = 0;
    const events = eventSource(session, `http://127.0.0.1:${port}`, {
      reconnectDelay: 1,
      maxFailures: 2,
      onReconnect: (reconnection) => {
        ({failures} = reconnection);
      },
    });
    await expect(events.next()).rejects.toMatchObject({code: 'ECONNREFUSED', phase: 'connect'});
    expect(failures).toBe(2);
  });

  it('thousands of reconnections use one connection, and memory stays flat', {
    timeout: 60_000,
  }, async () => {
    const server = await startServer((request, response) => {
      const next = Number(request.headers['last-event-id'] ?? 0) + 1;
      response.writeHead(200, {'content-type': 'text/event-stream'});
      response.end(`id: ${next}\ndata: ${next}\n\n`);
    });
    const {session} = openSession();
    const controller = new AbortController();
    const {signal} = controller;
    let used = 0;
    for await (const {id} of eventSource(session, server.origin, {signal, reconnectDelay: 0})) {
      if (id === '1000') used = heapUsed();
      if (id === '4000') break;
      // The server's own record of requests does not count as growth.
      (server.requests as unknown[]).length = 0;
    }
    expect(heapUsed() - used).toBeLessThan(1_500_000);
    expect(session.stats().totals.opened).toBe(1);
    expect(session.stats().active).toBe(0);
  });
});
