import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {AiofetchError, TimeoutError} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {blockLoop, waitFor} from '../../support/wait-for.ts';

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );

/** Answers /slow after 1,000 ms, stalls in the middle of /stall, and sends /drip slowly. Other paths are answered at once. */
async function startSlow() {
  return startServer(async (request, response) => {
    await bodyOf(request);
    if (request.url === '/slow') await delay(1_000, undefined, {ref: false});
    if (request.url === '/stall') {
      response.writeHead(200, {'content-length': 100}).write('start');
      return;
    }
    if (request.url === '/drip') {
      for (let index = 0; index < 10; index++) {
        response.write('drop');
        await delay(60);
      }
    }
    response.end();
  });
}

describe('the read timeout', () => {
  it('the read timeout bounds the wait for the head', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const error = await failure(fetch(`${server.origin}/slow`, {timeout: {read: 50}}));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toBeInstanceOf(AiofetchError);
    expect(error).toMatchObject({phase: 'read', limit: 50, code: 'ERR_TIMEOUT', attempts: 1});
    expect((error as Error).message).toMatch(/50 ms/);
    expect(stats()).toMatchObject({active: 0});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('the read timeout bounds the time between two chunks', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const response = await fetch(`${server.origin}/stall`, {timeout: {read: 400}});
    expect(await failure(response.text())).toMatchObject({phase: 'read', limit: 400});
    const streamed = await fetch(`${server.origin}/stall`, {timeout: {read: 400}});
    const reader = (streamed.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    expect(await failure(reader.read())).toMatchObject({phase: 'read', limit: 400});
    expect(stats()).toMatchObject({active: 0});
  });

  it('a body that arrives slowly but steadily does not time out', async () => {
    const server = await startSlow();
    const {fetch} = openSession();
    const response = await fetch(`${server.origin}/drip`, {timeout: {read: 500}});
    expect(await response.text()).toBe('drop'.repeat(10));
  });

  it('a slow reader does not cause a read timeout', async () => {
    const server = await startServer((_request, response) => response.end(Buffer.alloc(4 * 1024 * 1024)));
    const {fetch} = openSession({limit: 1});
    const response = await fetch(server.origin, {timeout: {read: 400}});
    await delay(600);
    let size = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      if (size === 0) await delay(600);
      size += chunk.length;
    }
    expect(size).toBe(4 * 1024 * 1024);
  });

  it('the read timeout does not run while a stream is sent', async () => {
    const server = await startSlow();
    const {fetch} = openSession();
    const body = async function* () {
      for (let index = 0; index < 5; index++) {
        yield 'piece';
        await delay(120);
      }
    };
    const response = await fetch(server.origin, {method: 'POST', body, timeout: {read: 400}});
    expect(response.status).toBe(200);
  });

  it('the read timeout does not run while the body is sent, even after the response has begun', async () => {
    const server = await startServer(async (request, response) => {
      response.write('begun, ');
      response.end(`${(await bodyOf(request)).length} bytes`);
    });
    const {fetch} = openSession();
    const body = async function* () {
      for (let index = 0; index < 3; index++) {
        yield 'piece';
        await delay(600);
      }
    };
    const response = await fetch(server.origin, {method: 'POST', body, timeout: {read: 400}});
    expect(await response.text()).toBe('begun, 15 bytes');
  });

  it('the read timeout does not run while a large body is sent', async () => {
    // More than the buffers of a socket hold, so that a part stays unsent until the server reads on.
    const server = await startRawServer(async ({socket, respond}) => {
      let left = 20 * 1024 * 1024;
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => {
        left -= chunk.length;
        if (left <= 0) respond('all of it');
      });
      socket.pause();
      await delay(1_500);
      socket.resume();
    });
    const {fetch} = openSession();
    const body = new Uint8Array(20 * 1024 * 1024);
    const response = await fetch(server.origin, {method: 'POST', body, timeout: {read: 1_000}});
    expect(await response.text()).toBe('all of it');
  });

  it('the read timeout begins when the body has been sent', async () => {
    const server = await startServer(async (request) => void (await bodyOf(request)));
    const {fetch} = openSession();
    for (const body of ['text', new Blob(['text']).stream()]) {
      const pending = fetch(server.origin, {method: 'POST', body, timeout: {read: 50}});
      expect(await failure(pending)).toMatchObject({phase: 'read'});
    }
  });

  it('the read timeout does not cover the queue or the dial', async () => {
    const server = await startServer(async (_request, response) => {
      await delay(200);
      response.end();
    });
    const {fetch} = openSession({limit: 1});
    const calls = Array.from({length: 4}, () => fetch(server.origin, {timeout: {read: 700}}));
    expect((await Promise.all(calls)).map(({status}) => status)).toEqual([200, 200, 200, 200]);
  });

  it('the read timeout of one request does not apply to the next one on the same connection', async () => {
    const server = await startServer(async (request, response) => {
      await delay(Number(request.url?.slice(1)));
      response.end();
    });
    const {fetch} = openSession({limit: 1});
    await fetch(`${server.origin}/0`, {timeout: {read: 400}});
    expect((await fetch(`${server.origin}/600`, {timeout: {read: 20_000}})).status).toBe(200);
    await fetch(`${server.origin}/0`, {timeout: {read: 400}});
    expect((await fetch(`${server.origin}/600`, {timeout: {read: 0}})).status).toBe(200);
    expect(await failure(fetch(`${server.origin}/500`, {timeout: {read: 30}}))).toMatchObject({limit: 30});
    expect(server.sockets.opened).toBe(1);
  });

  it('the read timeout is 30 seconds by default, and false is none', async () => {
    const server = await startSlow();
    const {fetch} = openSession();
    for (const timeout of [undefined, {read: false} as const]) {
      const controller = new AbortController();
      const response = await fetch(`${server.origin}/stall`, {timeout, signal: controller.signal});
      const outcome = await Promise.race([failure(response.text()), delay(100)]);
      expect(outcome).toBeUndefined();
      controller.abort();
    }
  });
});

describe('the attempt timeout', () => {
  it('the attempt timeout bounds a response that arrives slowly', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const call = async () => (await fetch(`${server.origin}/drip`, {timeout: {attempt: 200}})).text();
    expect(await failure(call())).toMatchObject({phase: 'attempt', limit: 200});
    expect(stats()).toMatchObject({active: 0});
  });

  it('the attempt timeout bounds a dial', async () => {
    const server = await startRawServer(() => {});
    const {fetch} = openSession();
    const pending = fetch(server.origin.replace('http:', 'https:'), {timeout: {attempt: 50}});
    expect(await failure(pending)).toMatchObject({phase: 'attempt', limit: 50});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('the attempt timeout begins with the slot, not with the wait for it', async () => {
    const server = await startServer(async (_request, response) => {
      await delay(200);
      response.end();
    });
    const {fetch} = openSession({limit: 1});
    const calls = Array.from({length: 4}, () => fetch(server.origin, {timeout: {attempt: 700}}));
    expect((await Promise.all(calls)).map(({status}) => status)).toEqual([200, 200, 200, 200]);
  });
});

describe('the total timeout', () => {
  it.each(['/slow', '/stall', '/drip'])('the total timeout bounds the whole call: %s', async (path) => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const call = async () => (await fetch(server.origin + path, {timeout: 80})).text();
    expect(await failure(call())).toMatchObject({name: 'TimeoutError', phase: 'total', limit: 80});
    expect(stats()).toMatchObject({active: 0});
  });

  it('the total timeout covers the wait in the queue', async () => {
    const server = await startSlow();
    const {fetch, stats} = openSession({limit: 1});
    const first = fetch(`${server.origin}/slow`, {timeout: 150}).catch(() => undefined);
    expect(await failure(fetch(server.origin, {timeout: {total: 50}}))).toMatchObject({phase: 'total'});
    expect(stats()).toMatchObject({active: 1, queued: 0});
    await first;
  });
});

describe('a blocked event loop', () => {
  it('a response that came in time does not time out after a blocked event loop', async () => {
    const server = await startServer((_request, response) => {
      response.end('in time');
      // After the tick in which the response is sent.
      process.nextTick(blockLoop, 150);
    });
    const {fetch} = openSession({limit: 1});
    for (let index = 0; index < 5; index++) {
      expect(await (await fetch(server.origin, {timeout: {read: 100}})).text()).toBe('in time');
    }
  });

  it('a connection that was opened in time does not time out after a blocked event loop', async () => {
    const server = await startServer((_request, response) => response.end('in time'));
    const {fetch} = openSession({limit: 1, connectTimeout: 100, forceClose: true});
    for (let index = 0; index < 3; index++) {
      const pending = fetch(server.origin);
      blockLoop(150);
      expect(await (await pending).text()).toBe('in time');
    }
  });

  it('a slot that became free in time does not time out after a blocked event loop', async () => {
    const server = await startServer((_request, response) => response.end('in time'));
    const {fetch} = openSession({limit: 1});
    await (await fetch(server.origin)).text();
    const pending = fetch(server.origin, {timeout: {read: 20_000, attempt: 20_000, total: 20_000, pool: 1}});
    blockLoop(20);
    expect(await (await pending).text()).toBe('in time');
  });
});
