import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {expect, it, onTestFinished} from 'vitest';
import {fetchConnector} from '../../src/connectors/native/fetch.ts';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import type {Connector, Session} from '../../src/index.ts';
import {
  adaptiveLimit,
  circuitBreakerPolicy,
  createSession,
  gather,
  hedgePolicy,
  singleFlightPolicy,
} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {createRandom} from '../support/random.ts';
import {waitFor} from '../support/wait-for.ts';

// A session with every policy on, over a server that answers at random.

/** Answers well, with an error, late or not at all. */
async function behave(
  random: () => number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const lot = random();
  if (lot < 0.05) return void request.socket.resetAndDestroy();
  if (lot < 0.08) return;
  if (lot < 0.12) return void response.writeHead(503, {'retry-after': '0'}).end('busy');
  if (lot < 0.15) return void response.writeHead(429).end('too many');
  if (lot < 0.2) {
    response.writeHead(200, {'content-length': 1_000}).write('some');
    await delay(10 * random());
    return void request.socket.destroy();
  }
  await delay(15 * random());
  if (lot < 0.3) return void response.writeHead(302, {location: `/${Math.floor(5 * random())}`}).end('moved');
  response.end('done '.repeat(3_000 * random()));
}

function openAll(connector: Connector, baseUrl: string): Session {
  return createSession({
    connector,
    baseUrl,
    auth: {bearer: () => Promise.resolve('token')},
    timeout: {total: 600, attempt: 200, pool: 400, read: 100},
    retry: {retries: 3, minDelay: 2, maxDelay: 20},
    rateLimit: [
      {requests: 4_000, per: 1_000, burst: 20},
      {requests: 5_000, per: 1_000, scope: 'host'},
    ],
    policies: [
      circuitBreakerPolicy({failures: 0.9, openFor: 20}),
      hedgePolicy({delay: 20, budget: false}),
      singleFlightPolicy(),
    ],
    idempotencyKey: true,
  });
}

it.each([
  ['undici', undiciConnector],
  ['fetch', fetchConnector],
] as const)(
  'with every policy on, each call ends once and leaves nothing behind, over %s',
  async (_name, connect) => {
    const random = createRandom(11);
    const server = await startServer((request, response) => behave(random, request, response));
    const connector = connect({limit: 12, limitPerHost: adaptiveLimit({initial: 8, max: 10})});
    const session = openAll(connector, server.origin);
    onTestFinished(() => connector.destroy());

    const ends = new Map<string, number>();
    let settled = 0;
    await gather(
      Array(1_500).keys(),
      async () => {
        const controller = new AbortController();
        if (random() < 0.15) setTimeout(() => controller.abort(), 40 * random());
        const posted =
          random() < 0.2 ? {method: 'POST', body: new Blob(['x'.repeat(100_000 * random())])} : {};
        let end: string;
        try {
          const response = await session.fetch(`/${Math.floor(50 * random())}`, {
            signal: controller.signal,
            ...posted,
          });
          end = String(response.status);
          const then = random();
          if (then < 0.7) await response.text();
          else if (then < 0.8) await response.body?.cancel();
          else if (then < 0.9) controller.abort();
          else void response.text().catch(() => undefined);
        } catch (error) {
          end = (error as Error).name;
        }
        ends.set(end, (ends.get(end) ?? 0) + 1);
        settled++;
      },
      {concurrency: 50},
    );

    expect(settled).toBe(1_500);
    const expected = ['200', '429', '503', 'AbortError', 'CircuitOpenError', 'TimeoutError', 'TypeError'];
    for (const end of ends.keys()) expect(expected).toContain(end);
    expect(ends.get('200')).toBeGreaterThan(0);
    await waitFor(() => session.stats().active + session.stats().queued === 0);
    await session.close();
    await connector.close();
    expect(connector.stats()).toMatchObject({active: 0, queued: 0, idle: 0});
  },
);
