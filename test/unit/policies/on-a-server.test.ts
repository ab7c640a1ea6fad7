import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, describe, expect, it} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import {undiciConnector} from '../../../src/connectors/undici/index.ts';
import type {Connector} from '../../../src/core/connector.ts';
import type {Policy} from '../../../src/core/policy.ts';
import {CircuitOpenError} from '../../../src/errors/index.ts';
import {createSession} from '../../../src/index.ts';
import {circuitBreakerPolicy} from '../../../src/policies/circuit-breaker.ts';
import {hedgePolicy} from '../../../src/policies/hedge/index.ts';
import {rateLimitPolicy} from '../../../src/policies/rate-limit/index.ts';
import {retryPolicy} from '../../../src/policies/retry/index.ts';
import {singleFlightPolicy} from '../../../src/policies/single-flight/index.ts';

const open: Array<() => Promise<unknown>> = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Larger than all buffers between the server and the client. */
const large = 'x'.repeat(500_000);

describe.each([
  ['undici', undiciConnector],
  ['fetch', fetchConnector],
] as Array<[string, (options: {limit: number}) => Connector]>)('on the %s connector', (_name, connect) => {
  function session(limit: number, ...policies: Policy[]) {
    const connector = connect({limit});
    open.push(() => connector.close());
    const made = createSession({connector, policies});
    open.push(() => made.close());
    return made;
  }

  it('a retry discards the responses before it, so that one connection is enough', async () => {
    let count = 0;
    const url = await listen((_request, response) => {
      response.statusCode = ++count < 3 ? 503 : 200;
      response.end(large);
    });
    const client = session(1, retryPolicy({minDelay: 10}));
    expect((await client.get(url).text()).length).toBe(large.length);
    expect(count).toBe(3);
    expect(client.stats()).toMatchObject({
      active: 0,
      totals: {requests: 1, attempts: 3, retries: 2, errors: 0},
    });
  });

  it('a session that closes during the wait for a retry makes the retry', async () => {
    let count = 0;
    const url = await listen((_request, response) => {
      response.statusCode = ++count < 2 ? 503 : 200;
      response.setHeader('retry-after', 2);
      response.end();
    });
    const client = session(1, retryPolicy());
    const answered = client.fetch(url, {method: 'HEAD'});
    await delay(100);
    const closed = client.close();
    expect((await answered).status).toBe(200);
    await closed;
  });

  it('a 429 with Retry-After pauses all requests, and retries among them', async () => {
    let isFull = true;
    const times: number[] = [];
    const url = await listen((_request, response) => {
      times.push(performance.now());
      if (isFull) response.writeHead(429, {'retry-after': '1'});
      isFull = false;
      response.end();
    });
    const {promise: paused, resolve: onRetry} = Promise.withResolvers<unknown>();
    const client = session(
      10,
      retryPolicy({onRetry}),
      rateLimitPolicy({requests: 100, per: 1_000, scope: 'host'}),
    );
    const first = client.fetch(url);
    await paused;
    const others = Array.from({length: 5}, () => client.fetch(url));
    expect((await Promise.all([first, ...others])).map(({status}) => status)).toEqual(Array(6).fill(200));
    const [start = 0, ...rest] = times;
    expect(Math.min(...rest) - start).toBeGreaterThan(950);
  });

  it('a rate limit holds', async () => {
    const times: number[] = [];
    const url = await listen((_request, response) => {
      times.push(performance.now());
      response.end();
    });
    const client = session(50, rateLimitPolicy({requests: 50, per: 1_000, burst: 5}));
    const start = performance.now();
    await Promise.all(Array.from({length: 30}, () => client.fetch(url)));
    // Five at once, then one in 20 ms. A request may arrive late, because the network's delay varies, but not early.
    for (const [index, time] of times.entries()) {
      expect(time - start).toBeGreaterThanOrEqual(20 * (index - 4) - 1);
    }
    expect(times).toHaveLength(30);
  });

  it('a circuit opens and closes again', async () => {
    let status = 500;
    let count = 0;
    const url = await listen((_request, response) => {
      count++;
      response.statusCode = status;
      response.end();
    });
    const client = session(10, circuitBreakerPolicy({minimum: 3, openFor: 1_000}));
    // A POST, because it is not retried.
    const post = () => client.fetch(url, {method: 'POST'});
    for (let index = 0; index < 3; index++) await post();
    const refusal = await post().catch((error) => error);
    expect(refusal).toBeInstanceOf(CircuitOpenError);
    const before = count;
    status = 200;
    await delay(refusal.retryAfter + 20);
    expect((await post()).status).toBe(200);
    expect(count).toBe(before + 1);
  });

  it('a hedged attempt that wins frees the slot and the connection of the other attempt', async () => {
    let count = 0;
    let cut = 0;
    const url = await listen((_request, response) => {
      const number = count++;
      response.on('close', () => {
        if (!response.writableEnded) cut++;
      });
      setTimeout(() => response.end(`answer ${number}`), number === 0 ? 5_000 : 10);
    });
    const client = session(2, hedgePolicy({delay: 50}));
    expect(await client.get(url).text()).toBe('answer 1');
    expect(client.stats().active).toBe(0);
    await expect.poll(() => cut).toBe(1);
    expect(client.stats().totals).toMatchObject({requests: 1, attempts: 2, errors: 0});
  });

  it('callers of a shared request each get the whole body, even if one caller is aborted', async () => {
    let count = 0;
    const url = await listen((_request, response) => {
      count++;
      setTimeout(() => response.end(large), 50);
    });
    const client = session(5, singleFlightPolicy());
    const controller = new AbortController();
    const aborted = client.fetch(url, {signal: controller.signal});
    const others = Promise.all(Array.from({length: 10}, () => client.fetch(url)));
    await delay(20);
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    for (const response of await others) expect((await response.text()).length).toBe(large.length);
    expect(count).toBe(1);
    expect(client.stats().active).toBe(0);

    const [whole, half] = await Promise.all([client.fetch(url), client.fetch(url)]);
    expect([whole?.url, half?.url]).toEqual([url, url]);
    await half?.body?.cancel();
    expect((await whole?.text())?.length).toBe(large.length);
    expect(client.stats().active).toBe(0);
  });
});
