import {getEventListeners} from 'node:events';
import type {ServerResponse} from 'node:http';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {startServer} from '../../support/http-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import type {PooledSession} from '../../support/open-session.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {turns, waitFor} from '../../support/wait-for.ts';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

/** Never answers /silent, sends only the start of a body at /start, and answers "hello" at other paths. */
async function startMoody() {
  const held: ServerResponse[] = [];
  const server = await startServer((request, response) => {
    if (request.url === '/silent') return void held.push(response);
    if (request.url === '/start') {
      response.writeHead(200, {'content-length': 1_000});
      response.write('start');
      return void held.push(response);
    }
    response.end('hello');
  });
  return Object.assign(server, {held});
}

type Moody = Awaited<ReturnType<typeof startMoody>>;

/** Brings a request to a moment of its life. Returns how to notice that it is there, and the promise that is to reject. */
interface Moment {
  readonly name: string;
  reach(pooled: PooledSession, server: Moody, signal: AbortSignal): Promise<() => Promise<unknown>>;
}

const moments: readonly Moment[] = [
  {
    name: 'it waits in the queue',
    async reach({fetch, stats}, server, signal) {
      fetch(`${server.origin}/silent`).catch(() => undefined);
      const pending = fetch(server.origin, {signal});
      await waitFor(() => stats().queued === 1 && server.held.length === 1);
      return () => pending;
    },
  },
  {
    name: 'it is being dialled for',
    async reach({fetch}, _server, signal) {
      const mute = await startRawServer(() => {});
      const pending = fetch(mute.origin.replace('http:', 'https:'), {signal});
      await waitFor(() => mute.sockets.opened === 1);
      return () => pending;
    },
  },
  {
    name: 'it is being sent',
    async reach({fetch, stats}, _server, signal) {
      const mute = await startRawServer((connection) => void connection.socket.pause());
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
      });
      const pending = fetch(mute.origin, {method: 'POST', body, signal});
      await waitFor(() => stats().totals.bytesSent > 0);
      return () => pending;
    },
  },
  {
    name: 'it waits for the head',
    async reach({fetch}, server, signal) {
      const pending = fetch(`${server.origin}/silent`, {signal});
      await waitFor(() => server.held.length === 1);
      return () => pending;
    },
  },
  {
    name: 'it waits for the head on a reused connection',
    async reach({fetch}, server, signal) {
      await (await fetch(server.origin)).text();
      const pending = fetch(`${server.origin}/silent`, {signal});
      await waitFor(() => server.held.length === 1);
      return () => pending;
    },
  },
  {
    name: 'its body is unread',
    async reach({fetch}, server, signal) {
      const response = await fetch(`${server.origin}/start`, {signal});
      return () => response.text();
    },
  },
  {
    name: 'its body is being read at once',
    async reach({fetch}, server, signal) {
      const reading = (await fetch(`${server.origin}/start`, {signal})).text();
      await turns(3);
      return () => reading;
    },
  },
  {
    name: 'its body is being read as a stream, between two chunks',
    async reach({fetch}, server, signal) {
      const response = await fetch(`${server.origin}/start`, {signal});
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      return () => reader.read();
    },
  },
  {
    name: 'its stream was read and nobody waits for the next chunk',
    async reach({fetch}, server, signal) {
      const response = await fetch(`${server.origin}/start`, {signal});
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      await turns(3);
      return async () => {
        await turns(3);
        return reader.read();
      };
    },
  },
];

describe.each(moments)('an abort while $name', ({reach}) => {
  it('the call rejects with the signal’s own reason, leaves no listener and frees its slot', async () => {
    const server = await startMoody();
    const pooled = openSession({limit: 1});
    const controller = new AbortController();
    const reason = {not: 'even an error'};
    const outcome = await reach(pooled, server, controller.signal);
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort(reason);
    expect(listenersOf(controller.signal)).toBe(0);
    await expect(outcome()).rejects.toBe(reason);
    for (const response of server.held) response.end();
    await waitFor(() => pooled.stats().active === 0 && pooled.stats().queued === 0);
    expect(await (await pooled.fetch(server.origin)).text()).toBe('hello');
  });

  it('an abort without a reason rejects with the signal’s AbortError', async () => {
    const server = await startMoody();
    const pooled = openSession({limit: 1});
    const controller = new AbortController();
    const outcome = await reach(pooled, server, controller.signal);
    controller.abort();
    const error = await outcome().catch((error: unknown) => error);
    expect(error).toBe(controller.signal.reason);
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({name: 'AbortError'});
  });

  it('session.destroy() rejects the call with a SessionClosedError', async () => {
    const server = await startMoody();
    const pooled = openSession({limit: 1});
    const outcome = await reach(pooled, server, new AbortController().signal);
    const ended = pooled.session.destroy();
    await expect(outcome()).rejects.toMatchObject({code: 'ERR_SESSION_CLOSED'});
    await ended;
    expect(pooled.stats()).toMatchObject({active: 0, queued: 0});
  });
});

describe('an abort', () => {
  it('a call whose signal is already aborted sends nothing', async () => {
    const server = await startMoody();
    const {fetch, stats} = openSession();
    const reason = new Error('not even begun');
    const signal = AbortSignal.abort(reason);
    await expect(fetch(server.origin, {signal})).rejects.toBe(reason);
    await expect(fetch(new Request(server.origin, {signal}))).rejects.toBe(reason);
    await turns(3);
    expect(listenersOf(signal)).toBe(0);
    expect(server.sockets.opened).toBe(0);
    expect(stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('a call that is aborted in its own tick rejects', async () => {
    const server = await startMoody();
    const {fetch, stats} = openSession({limit: 1});
    for (let index = 0; index < 3; index++) {
      const controller = new AbortController();
      const pending = fetch(server.origin, {signal: controller.signal});
      controller.abort();
      await expect(pending).rejects.toBe(controller.signal.reason);
      expect(stats()).toMatchObject({active: 0, queued: 0});
      await (await fetch(server.origin)).text();
    }
    expect(server.requests).toHaveLength(3);
  });

  it('an abort after the end of the call has no effect', async () => {
    const server = await startMoody();
    const {fetch, stats} = openSession();
    const controller = new AbortController();
    const response = await fetch(server.origin, {signal: controller.signal});
    const text = await response.text();
    expect(listenersOf(controller.signal)).toBe(0);
    controller.abort();
    expect(text).toBe('hello');
    expect(stats()).toMatchObject({idle: 1});
  });

  it('an abort after the whole body has arrived, and before it was read, fails the body', async () => {
    const server = await startMoody();
    const {fetch, stats} = openSession();
    const controller = new AbortController();
    const response = await fetch(server.origin, {signal: controller.signal});
    await waitFor(() => stats().active === 0);
    controller.abort('enough');
    await expect(response.text()).rejects.toBe('enough');
  });

  it('an abort of one request leaves the others alone', async () => {
    const server = await startMoody();
    const {fetch} = openSession({limit: 3});
    const controller = new AbortController();
    const neighbours = [fetch(`${server.origin}/silent`), fetch(`${server.origin}/silent`)];
    const pending = fetch(`${server.origin}/silent`, {signal: controller.signal});
    await waitFor(() => server.held.length === 3);
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
    for (const response of server.held) response.end('answered');
    expect(await Promise.all(neighbours.map(async (each) => (await each).text()))).toEqual([
      'answered',
      'answered',
    ]);
  });

  it('an abort during a response closes the connection, so that the rest is not taken for the next response', async () => {
    const server = await startMoody();
    const {fetch} = openSession({limit: 1});
    const controller = new AbortController();
    const pending = fetch(`${server.origin}/silent`, {signal: controller.signal});
    await waitFor(() => server.held.length === 1);
    const [socket] = server.sockets.open;
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
    await waitFor(() => socket?.destroyed === true);
    server.held[0]?.end('late');
    expect(await (await fetch(server.origin)).text()).toBe('hello');
  });

  it('an abort fails a response and its clone', async () => {
    const server = await startMoody();
    const {fetch, stats} = openSession();
    const controller = new AbortController();
    const response = await fetch(`${server.origin}/start`, {signal: controller.signal});
    const clone = response.clone();
    const reading = [response.text(), clone.text()];
    await turns(3);
    controller.abort('both');
    for (const outcome of await Promise.allSettled(reading)) {
      expect(outcome).toEqual({status: 'rejected', reason: 'both'});
    }
    expect(stats().active).toBe(0);
  });
});

describe('a signal that outlives its calls', () => {
  it('no listener is left on the signal, however the calls end', async () => {
    const server = await startMoody();
    const {fetch} = openSession({limit: 5});
    const {signal} = new AbortController();
    const calls = [
      ...Array.from({length: 20}, async () => (await fetch(server.origin, {signal})).text()),
      fetch('http://127.0.0.1:2', {signal}),
      fetch(`${server.origin}/silent`, {signal, timeout: {read: 20}}),
      fetch(`${server.origin}/start`, {signal}).then((response) => response.body?.cancel()),
      fetch(server.origin, {signal, method: 'HEAD'}),
      fetch(server.origin, {signal}).then(() => undefined),
    ];
    await Promise.allSettled(calls);
    await waitFor(() => listenersOf(signal) === 0);
  });

  it('no listener is left on the signal of a Request', async () => {
    const server = await startMoody();
    const {fetch} = openSession();
    const {signal} = new AbortController();
    const request = new Request(server.origin, {signal});
    await (await fetch(request)).text();
    expect(listenersOf(request.signal)).toBe(0);
  });
});

describe('aborts at random moments', () => {
  it('aborts at random moments leave no slot, socket or listener behind', async () => {
    const server = await startServer(async (request, response) => {
      for await (const _ of request);
      response.writeHead(200);
      for (let index = 0; index < 3; index++) {
        response.write('chunk');
        await turns(2);
      }
      response.end();
    });
    const {fetch, stats} = openSession({limit: 3});
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({max: 25}), {minLength: 1, maxLength: 12}), async (delays) => {
        const outcomes = delays.map(async (delay, index) => {
          const controller = new AbortController();
          const {signal} = controller;
          const outcome = fetch(server.origin, {
            signal,
            ...(index % 3 === 0 && {method: 'POST', body: new Blob(['x'.repeat(1_000)]).stream()}),
          })
            .then((response) => response.text())
            .catch((error: unknown) => error);
          await turns(delay);
          controller.abort();
          const result = await outcome;
          if (result !== 'chunkchunkchunk') expect(result).toBe(signal.reason);
          expect(listenersOf(signal)).toBe(0);
        });
        await Promise.all(outcomes);
        expect(stats()).toMatchObject({active: 0, queued: 0});
        expect(server.sockets.peak).toBeLessThanOrEqual(5);
      }),
      {numRuns: 40},
    );
    await (await fetch(server.origin)).text();
  });
});
