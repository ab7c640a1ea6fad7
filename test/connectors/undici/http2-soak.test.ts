import {getEventListeners} from 'node:events';
import type {Http2ServerRequest, Http2ServerResponse} from 'node:http2';
import {constants} from 'node:http2';
import {setTimeout as delay} from 'node:timers/promises';
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {FetchInit} from '../../../src/index.ts';
import {AiofetchError} from '../../../src/index.ts';
import type {Authority, Identity} from '../../support/authority.ts';
import {createAuthority} from '../../support/authority.ts';
import {startHttp2Server} from '../../support/http2-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {openSession} from '../../support/open-session.ts';
import {createRandom} from '../../support/random.ts';
import {watchDialledSockets} from '../../support/socket-watch.ts';
import {turns, waitForGc} from '../../support/wait-for.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

const text = 'Many streams and one connection. '.repeat(60);
const large = Buffer.alloc(700_000, 'l');

/** Does as the path says, well or badly. */
async function behave(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  pause: number,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  await delay(pause);
  const {stream} = request;
  if (stream.destroyed) return;
  switch (request.url?.split('/')[1]) {
    case 'echo':
      return void response.end(Buffer.concat(chunks));
    case 'large':
      return void response.end(large);
    case 'empty':
      return void response.writeHead(204).end();
    case 'moved':
      return void response.writeHead(302, {location: '/text'}).end('moved');
    case 'broken':
      response.write('some');
      await turns(2);
      return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    case 'reset':
      return stream.close(constants.NGHTTP2_CANCEL);
    case 'refused':
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    case 'goodbye':
      stream.session?.close();
      return void response.end(text);
    case 'calm':
      return stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    case 'cut':
      return void stream.session?.destroy();
    case 'stalled':
      return void response.write('some');
    case 'silent':
      return;
    default:
      return void response.end(text);
  }
}

const weights: Record<string, number> = {
  text: 12,
  echo: 6,
  large: 2,
  empty: 2,
  moved: 3,
  broken: 1,
  reset: 1,
  refused: 1,
  goodbye: 1,
  calm: 1,
  cut: 1,
  stalled: 1,
  silent: 1,
};

describe('connections of HTTP/2 under load of every kind', () => {
  const setups = [
    {seed: 1, limit: 1, limitPerHost: 0, streams: 100, requests: 100},
    {seed: 2, limit: 20, limitPerHost: 0, streams: 4, requests: 300},
    {seed: 3, limit: 12, limitPerHost: 5, streams: 2, requests: 300},
    {seed: 4, limit: 40, limitPerHost: 0, streams: 100, requests: 300},
    {seed: 5, limit: 10, limitPerHost: 0, streams: 100, requests: 250, maxRequestsPerConnection: 7},
    {
      seed: 6,
      limit: 10,
      limitPerHost: 0,
      streams: 3,
      requests: 250,
      keepAliveTimeout: 2,
      maxConnectionAge: 20,
    },
    {seed: 7, limit: 5, limitPerHost: 0, streams: 100, requests: 150, forceClose: true},
  ];
  it.each(setups)(
    'seed $seed, limit $limit, $streams streams: each request settles once, no limit is broken, nothing is left',
    async ({seed, requests, streams, ...options}) => {
      const random = createRandom(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
      const unhandled: unknown[] = [];
      const onUnhandled = (error: unknown) => void unhandled.push(error);
      process.on('unhandledRejection', onUnhandled);
      onTestFinished(() => void process.off('unhandledRejection', onUnhandled));

      const dialled = watchDialledSockets();
      // The last of them has only HTTP/1.1.
      const servers = await Promise.all(
        [true, true, true, false].map((hasHttp2) =>
          startHttp2Server(
            {
              ...identity,
              allowHTTP1: true,
              ...(!hasHttp2 && {ALPNProtocols: ['http/1.1']}),
              settings: {maxConcurrentStreams: streams},
            },
            (request, response) => {
              const pause = Math.floor(random() ** 3 * 12);
              if (request.httpVersion === '1.1') void delay(pause).then(() => response.end(text));
              else behave(request, response, pause).catch(() => request.stream?.destroy());
            },
          ),
        ),
      );
      const {fetch, stats, connector} = openSession({http2: true, tls: {ca: authority.cert}, ...options});
      const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array<string>(weight).fill(kind));
      const lasting = new AbortController().signal;
      let settled = 0;
      const failures: string[] = [];

      async function use(response: Response, kind: string, sent: string | undefined): Promise<void> {
        const how = random();
        if (how < 0.06) return response.body?.cancel();
        // Left to the garbage collector.
        if (how < 0.1) return undefined;
        if (how < 0.4 && response.body) {
          for await (const _ of response.body as ReadableStream<Uint8Array>)
            if (random() < 0.1) await turns();
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
        const server = pick(servers);
        const kind = server === servers[3] ? 'text' : pick(kinds);
        const controller = new AbortController();
        const aborts = random() < 0.15;
        const sent =
          kind === 'echo' && random() < 0.8 ? `${index}`.repeat(1 + Math.floor(random() * 500)) : undefined;
        const init: FetchInit = {
          signal: aborts ? controller.signal : lasting,
          // What never comes to an end by itself has to be given up.
          timeout: {read: 200, ...(random() < 0.05 && {pool: 5}), ...(random() < 0.05 && {attempt: 10})},
        };
        if (sent !== undefined) {
          Object.assign(init, {
            method: pick(['POST', 'PUT']),
            body: pick([
              sent,
              () => sent,
              new Blob([sent]),
              (async function* () {
                yield sent;
              })(),
            ]),
          });
        }
        const reason = new Error('given up');
        if (aborts) void delay(Math.floor(random() * 30)).then(() => controller.abort(reason));
        try {
          await use(await fetch(`${server.origin}/${kind}/${index}`, init), kind, sent);
        } catch (error) {
          if (error !== reason && !(error instanceof AiofetchError)) throw error;
          failures.push(error === reason ? 'aborted' : (error as AiofetchError).code);
        } finally {
          settled++;
        }
      }

      const calls: Array<Promise<void>> = [];
      for (let index = 0; index < requests; index++) {
        calls.push(call(index));
        if (random() < 0.3) await delay(Math.floor(random() * 3));
        const {active, queued, idle, hosts} = stats();
        expect(active).toBeLessThanOrEqual(options.limit);
        expect(idle).toBeLessThanOrEqual(options.limit);
        expect(queued).toBeGreaterThanOrEqual(0);
        for (const host of Object.values(hosts)) {
          expect(host.active).toBeLessThanOrEqual(options.limitPerHost || Infinity);
        }
      }
      // Responses that were dropped give their slots back when they are collected.
      await waitForGc(() => settled === requests);
      await Promise.all(calls);
      await waitForGc(() => stats().active === 0);

      expect(dialled.peak).toBeLessThanOrEqual(options.limit);
      expect(new Set(failures).size).toBeGreaterThan(2);
      expect(getEventListeners(lasting, 'abort')).toHaveLength(0);
      // Whatever happened before, it works.
      for (const server of servers) expect(await (await fetch(`${server.origin}/text`)).text()).toBe(text);
      await connector.close();
      expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
      // Not on the server's side: up to Node 24, it may not notice that a connection was reset.
      expect(dialled.open.size).toBe(0);
      expect(unhandled).toEqual([]);
    },
  );
});
