import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {openSession} from '../../support/open-session.ts';
import {createRandom} from '../../support/random.ts';
import {createPick, expectSound, soak, weighted} from '../../support/soak.ts';
import {createSocketWatch, watchDialledSockets} from '../../support/socket-watch.ts';
import {expectNoUnhandledRejections} from '../../support/unhandled-rejections.ts';
import {turns, waitFor} from '../../support/wait-for.ts';

const text = 'All work and no play makes a pool a dull pool. '.repeat(40);
const coded = gzipSync(text);
const large = Buffer.alloc(700_000, 'l');

/** A handler whose behaviour, good or bad, the path selects. */
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

const kinds = weighted({
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
});

expectNoUnhandledRejections();

describe('a pool under mixed load', () => {
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
      const pick = createPick(random);
      const dialled = watchDialledSockets();
      const sockets = createSocketWatch();
      const servers = await Promise.all(
        [0, 1, 2, 3, 4].map(() =>
          startServer((request, response) => behave(request, response, Math.floor(random() ** 3 * 12)), {
            sockets,
          }),
        ),
      );
      const pooled = openSession(options);
      await soak(pooled, {
        requests,
        random,
        read: 150,
        text,
        largeSize: large.length,
        target: () => {
          const kind = pick(kinds);
          return {kind, origin: kind === 'refused' ? 'http://127.0.0.1:2' : pick(servers).origin};
        },
        look: () => {
          const {active, idle, hosts} = pooled.stats();
          expect(active + idle).toBeLessThanOrEqual(options.limit || Infinity);
          for (const host of Object.values(hosts)) {
            expect(host.active + host.idle).toBeLessThanOrEqual(options.limitPerHost || Infinity);
          }
        },
      });
      // Counted on the client: a server may learn of a closed socket after it has accepted the next one.
      expect(dialled.peak).toBeLessThanOrEqual(options.limit || options.limitPerHost * 6);
      await expectSound(pooled, servers, text);
      expect(dialled.open.size).toBe(0);
      await waitFor(() => sockets.open.size === 0);
    },
  );
});
