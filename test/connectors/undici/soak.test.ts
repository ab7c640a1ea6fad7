import {getEventListeners} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {FetchInit} from '../../../src/index.ts';
import {AiofetchError} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {openSession} from '../../support/open-session.ts';
import {createRandom} from '../../support/random.ts';
import {createSocketWatch, watchDialledSockets} from '../../support/socket-watch.ts';
import {turns, waitFor, waitForGc} from '../../support/wait-for.ts';

const text = 'All work and no play makes a pool a dull pool. '.repeat(40);
const coded = gzipSync(text);
const large = Buffer.alloc(700_000, 'l');

/** Does as the path says, well or badly. */
async function behave(request: IncomingMessage, response: ServerResponse, pause: number): Promise<void> {
  const received = await bodyOf(request);
  await delay(pause);
  switch (request.url?.split('/')[1]) {
    case 'echo':
      return void response.end(received);
    case 'coded':
      return void response.writeHead(200, {'content-encoding': 'gzip'}).end(coded);
    case 'large':
      return void response.end(large);
    case 'empty':
      return void response.writeHead(204).end();
    case 'moved':
      return void response.writeHead(302, {location: '/text'}).end('moved');
    case 'broken':
      response.writeHead(200, {'content-length': 10_000}).write('some');
      await turns(2);
      return void response.destroy();
    case 'reset':
      return void request.socket.resetAndDestroy();
    case 'stalled':
      return void response.writeHead(200, {'content-length': 10_000}).write('some');
    case 'silent':
      return;
    case 'last':
      return void response.writeHead(200, {connection: 'close'}).end(text);
    default:
      return void response.end(text);
  }
}

const weights: Record<string, number> = {
  text: 8,
  echo: 4,
  coded: 3,
  large: 2,
  empty: 2,
  moved: 3,
  broken: 1,
  reset: 1,
  stalled: 1,
  silent: 1,
  last: 2,
  refused: 1,
};

describe('a pool under load of every kind', () => {
  const setups = [
    {seed: 1, limit: 1, limitPerHost: 0, requests: 100},
    {seed: 2, limit: 4, limitPerHost: 0, requests: 250},
    {seed: 3, limit: 7, limitPerHost: 2, requests: 250},
    {seed: 4, limit: 0, limitPerHost: 3, requests: 250},
    {seed: 5, limit: 5, limitPerHost: 0, requests: 250, forceClose: true},
    {seed: 6, limit: 6, limitPerHost: 0, requests: 250, keepAliveTimeout: 2},
  ];
  it.each(setups)(
    'seed $seed, limit $limit, limitPerHost $limitPerHost: each request settles once, no limit is broken, nothing is left',
    async ({seed, requests, ...options}) => {
      const random = createRandom(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      const unhandled: unknown[] = [];
      const onUnhandled = (error: unknown) => void unhandled.push(error);
      process.on('unhandledRejection', onUnhandled);
      onTestFinished(() => void process.off('unhandledRejection', onUnhandled));

      const dialled = watchDialledSockets();
      const sockets = createSocketWatch();
      const servers = await Promise.all(
        [0, 1, 2, 3, 4].map(() =>
          startServer((request, response) => behave(request, response, Math.floor(random() ** 3 * 12)), {
            sockets,
          }),
        ),
      );
      const {fetch, stats, connector} = openSession(options);
      const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array<string>(weight).fill(kind));
      const lasting = new AbortController().signal;
      let settled = 0;
      const failures: string[] = [];

      async function use(response: Response, kind: string, sent: string | undefined): Promise<void> {
        const how = random();
        if (how < 0.06) return response.body?.cancel();
        // Left to the garbage collector.
        if (how < 0.1) return undefined;
        if (how < 0.2) {
          const clone = response.clone();
          const [one, other] = await Promise.all([response.text(), clone.text()]);
          expect(one).toBe(other);
          return undefined;
        }
        if (how < 0.4 && response.body) {
          let size = 0;
          for await (const chunk of response.body as ReadableStream<Uint8Array>) {
            size += chunk.length;
            if (random() < 0.1) await turns();
          }
          if (kind === 'large') expect(size).toBe(large.length);
          return undefined;
        }
        const got = await response.text();
        if (kind === 'echo') expect(got).toBe(sent ?? '');
        else if (kind === 'large') expect(got).toHaveLength(large.length);
        else if (kind === 'empty') expect(got).toBe('');
        else expect(got).toBe(text);
        return undefined;
      }

      async function call(index: number): Promise<void> {
        const kind = pick(kinds);
        const origin = kind === 'refused' ? 'http://127.0.0.1:1' : pick(servers).origin;
        const controller = new AbortController();
        const aborts = random() < 0.15;
        const sent =
          kind === 'echo' && random() < 0.8 ? `${index}`.repeat(1 + Math.floor(random() * 500)) : undefined;
        const init: FetchInit = {
          signal: aborts ? controller.signal : lasting,
          // What never comes to an end by itself has to be given up.
          timeout: {read: 150, ...(random() < 0.05 && {pool: 5}), ...(random() < 0.05 && {attempt: 10})},
        };
        if (sent !== undefined) {
          Object.assign(init, {
            method: pick(['POST', 'PUT']),
            body: pick([
              sent,
              () => sent,
              new Blob([sent]),
              new Blob([sent]).stream(),
              (async function* () {
                yield sent;
              })(),
            ]),
          });
        }
        const reason = new Error('given up');
        if (aborts) void delay(Math.floor(random() * 30)).then(() => controller.abort(reason));
        try {
          await use(await fetch(`${origin}/${kind}/${index}`, init), kind, sent);
        } catch (error) {
          if (error !== reason && !(error instanceof AiofetchError)) throw error;
          failures.push(error === reason ? 'aborted' : (error as AiofetchError).code);
        }
        settled++;
      }

      const calls: Array<Promise<void>> = [];
      for (let index = 0; index < requests; index++) {
        calls.push(call(index));
        if (random() < 0.3) await delay(Math.floor(random() * 3));
        const {active, queued, idle, hosts} = stats();
        const most = options.limit || Infinity;
        expect(active).toBeLessThanOrEqual(most);
        expect(active + idle).toBeLessThanOrEqual(most);
        expect(queued).toBeGreaterThanOrEqual(0);
        for (const host of Object.values(hosts)) {
          expect(host.active + host.idle).toBeLessThanOrEqual(options.limitPerHost || Infinity);
        }
      }
      // Responses that were dropped give their slots back when they are collected.
      await waitForGc(() => settled === requests);
      await Promise.all(calls);
      await waitForGc(() => stats().active === 0);

      // On the client's side: a server hears of a socket that is gone after it has heard of the next one.
      expect(dialled.peak).toBeLessThanOrEqual(options.limit || options.limitPerHost * 6);
      expect(new Set(failures).size).toBeGreaterThan(2);
      expect(getEventListeners(lasting, 'abort')).toHaveLength(0);
      // Whatever happened before, it works.
      for (const server of servers) expect(await (await fetch(`${server.origin}/text`)).text()).toBe(text);
      await connector.close();
      expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
      expect(dialled.open.size).toBe(0);
      await waitFor(() => sockets.open.size === 0);
      expect(unhandled).toEqual([]);
    },
  );
});
