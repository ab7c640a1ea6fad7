import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {adaptiveLimit} from '../../../../src/connectors/limits/adaptive-limit.ts';
import type {UndiciConnectorOptions} from '../../../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import type {RequestBody} from '../../../../src/core/body.ts';
import type {SessionOptions} from '../../../../src/index.ts';
import {createSession} from '../../../../src/index.ts';
import {createAuthority} from '../../../support/authority.ts';
import {startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {recordedLimit} from '../../../support/recorded-limit.ts';
import {waitFor} from '../../../support/wait-for.ts';

function open(options: UndiciConnectorOptions, sessionOptions: SessionOptions = {}) {
  const connector = undiciConnector(options);
  onTestFinished(() => connector.destroy());
  return createSession({retry: false, ...sessionOptions, connector});
}

describe('an adaptive limit per host', () => {
  it('the limit finds what an overloaded server bears, and keeps to it', async () => {
    const bears = 8;
    const server = await startServer(async (_request, response) => {
      const isRefused = server.active > bears;
      if (!isRefused) await delay(5);
      response.writeHead(isRefused ? 503 : 200).end('done');
    });
    const session = open({limitPerHost: adaptiveLimit({initial: 64})});
    const statuses = await Promise.all(
      Array.from({length: 1_500}, async () => {
        const response = await session.fetch(server.origin);
        await response.text();
        return response.status;
      }),
    );
    const late = statuses.slice(500);
    expect(late.filter((status) => status === 503).length).toBeLessThan(late.length / 5);
    // The limit may be lower for a moment while it probes.
    const {limit = 0, active, queued} = session.stats().hosts[server.origin] ?? {};
    expect(limit).toBeGreaterThanOrEqual(1);
    expect(limit).toBeLessThanOrEqual(2 * bears);
    expect({active, queued}).toEqual({active: 0, queued: 0});
    expect(server.requests).toHaveLength(1_500);
  });

  it('never are more requests under way than the limit allows', async () => {
    const server = await startServer(async (_request, response) => {
      await delay(1);
      response.end('done');
    });
    const session = open({limitPerHost: adaptiveLimit({initial: 2, max: 5})});
    await Promise.all(Array.from({length: 500}, async () => (await session.fetch(server.origin)).text()));
    expect(server.peak).toBeLessThanOrEqual(5);
    expect(server.sockets.peak).toBeLessThanOrEqual(5);
    expect(session.stats()).toMatchObject({active: 0, queued: 0, limitPerHost: 5});
  });

  it('no queued request is forgotten while the limit moves, and aborted ones leave the queue', async () => {
    const server = await startServer((request, response) => {
      response.writeHead(request.url === '/busy' ? 503 : 200).end();
    });
    const session = open({limitPerHost: adaptiveLimit({initial: 4, max: 20})});
    const controllers: AbortController[] = [];
    const outcomes = await Promise.all(
      Array.from({length: 600}, async (_, index) => {
        const controller = new AbortController();
        if (index % 7 === 0) controllers.push(controller);
        if (index === 300) for (const each of controllers) each.abort();
        try {
          const path = index % 10 === 0 ? '/busy' : '/';
          return (await session.fetch(server.origin + path, {signal: controller.signal})).status;
        } catch (error) {
          return (error as Error).name;
        }
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([200, 503, 'AbortError']));
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });
});

describe('an adaptive limit over HTTP/2', () => {
  it('the limit bounds the streams, and learns the outcome of each', async () => {
    const authority = await createAuthority();
    const server = await startHttp2Server(await authority.issue(), async (_request, response) => {
      await delay(1);
      response.end('done');
    });
    const limitPerHost = recordedLimit(3);
    const session = open({http2: true, tls: {ca: authority.cert}, limitPerHost});
    await Promise.all(Array.from({length: 60}, async () => (await session.fetch(server.origin)).text()));
    expect(server.peak).toBe(3);
    expect(server.sockets.opened).toBe(1);
    expect(limitPerHost.samples).toHaveLength(60);
    for (const {status, sentAt, now, active} of limitPerHost.samples) {
      expect(status).toBe(200);
      expect(now).toBeGreaterThan(sentAt);
      expect(active).toBeLessThanOrEqual(3);
    }
  });
});

describe('what an adaptive limit learns', () => {
  async function samplesOf(
    origin: string,
    {body = null, ...options}: {body?: RequestBody | null; timeout?: SessionOptions['timeout']} = {},
    abort?: Promise<unknown>,
  ) {
    const limitPerHost = recordedLimit();
    const session = open({limitPerHost}, options);
    const controller = new AbortController();
    void abort?.then(() => controller.abort());
    const init = {method: body === null ? 'GET' : 'POST', body, signal: controller.signal};
    const response = await session.fetch(origin, init).catch(() => undefined);
    await response?.text().catch(() => undefined);
    return limitPerHost.samples.map(({status, error, origin}) => ({outcome: status ?? error, origin}));
  }

  it('the limit learns of a response, with the time since the request was sent', async () => {
    const server = await startServer((_request, response) => response.end('done'));
    const limitPerHost = recordedLimit();
    const session = open({limitPerHost});
    const before = performance.now();
    await (await session.fetch(server.origin)).text();
    const [sample] = limitPerHost.samples;
    expect(sample).toMatchObject({status: 200, error: undefined, active: 1});
    expect(sample?.sentAt).toBeGreaterThan(before);
    expect(sample?.now).toBeGreaterThan(sample?.sentAt as number);
    expect(sample?.now).toBeLessThan(performance.now());
  });

  it('the limit learns of the response to an upload, with the time since the end of the upload', async () => {
    const server = await startServer((request, response) => {
      request.resume().once('end', () => response.end('done'));
    });
    const limitPerHost = recordedLimit();
    const session = open({limitPerHost});
    let endedAt = Infinity;
    async function* body() {
      yield 'some';
      await delay(5);
      endedAt = performance.now();
    }
    await (await session.fetch(server.origin, {method: 'POST', body})).text();
    expect(limitPerHost.samples[0]?.sentAt).toBeGreaterThanOrEqual(endedAt);
  });

  it('each host of a redirect learns of its own response', async () => {
    const second = await startServer((_request, response) => response.writeHead(503).end());
    const first = await startServer((_request, response) =>
      response.writeHead(302, {location: second.origin}).end(),
    );
    expect(await samplesOf(first.origin)).toEqual([
      {outcome: 302, origin: first.origin},
      {outcome: 503, origin: second.origin},
    ]);
  });

  it('the limit learns of a connection that is refused, or that fails before the response', async () => {
    const server = await startServer((request) => request.socket.destroy());
    expect(await samplesOf(server.origin)).toMatchObject([{outcome: {phase: 'receive'}}]);
    await new Promise((resolve) => server.server.close(resolve));
    expect(await samplesOf(server.origin)).toMatchObject([{outcome: {phase: 'connect'}}]);
  });

  it.each(['read', 'attempt', 'total'] as const)(
    'the limit learns of a server that is silent, by the %s timeout',
    async (phase) => {
      const server = await startServer(() => undefined);
      const samples = await samplesOf(server.origin, {timeout: {[phase]: 20}});
      expect(samples).toMatchObject([{outcome: {name: 'TimeoutError', phase}}]);
    },
  );

  it('the limit learns of an abort and of a failed look-up, with their errors', async () => {
    const server = await startServer(() => undefined);
    const arrived = waitFor(() => server.requests.length > 0);
    expect(await samplesOf(server.origin, {}, arrived)).toMatchObject([{outcome: {name: 'AbortError'}}]);
    expect(await samplesOf('http://nobody.invalid')).toMatchObject([{outcome: {phase: 'dns'}}]);
  });

  it('the limit learns nothing of a request body that fails', async () => {
    const server = await startServer(() => undefined);
    const failing = async function* () {
      yield new Uint8Array(10);
      throw new Error('no more');
    };
    expect(await samplesOf(server.origin, {body: failing()})).toEqual([]);
  });

  it('the limit learns nothing of a response that came before the end of the upload, unless it is a refusal', async () => {
    const statuses = [200, 503];
    const server = await startServer((_request, response) => {
      response.writeHead(statuses.shift() as number).end('early');
    });
    const endless = async function* () {
      for (;;) {
        yield new Uint8Array(65_536);
        await delay(1);
      }
    };
    expect(await samplesOf(server.origin, {body: endless()})).toEqual([]);
    expect(await samplesOf(server.origin, {body: endless()})).toMatchObject([{outcome: 503}]);
  });
});
