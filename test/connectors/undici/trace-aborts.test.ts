import {beforeAll, describe, expect, it} from 'vitest';
import type {TraceSignals} from '../../../src/index.ts';
import type {Certificates} from '../../support/certificates.ts';
import {certificates} from '../../support/certificates.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {startHttp2Server} from '../../support/http2-server.ts';
import {noHosts} from '../../support/no-hosts.ts';
import {openSession} from '../../support/open-session.ts';
import {waitFor} from '../../support/wait-for.ts';

let known: Certificates;
beforeAll(async () => {
  known = await certificates();
});

const signals = [
  'requestStart',
  'attemptStart',
  'connectionQueuedStart',
  'connectionQueuedEnd',
  'connectionCreateStart',
  'connectionCreateEnd',
  'connectionReuse',
  'dnsCacheMiss',
  'dnsResolveStart',
  'dnsResolveEnd',
  'requestHeadersSent',
  'requestChunkSent',
  'requestSent',
  'responseHeadersReceived',
  'responseChunkReceived',
  'requestRedirect',
  'attemptEnd',
] as const satisfies ReadonlyArray<keyof TraceSignals>;

const reason = new Error('A listener has had enough');

describe.each(['HTTP/1.1', 'HTTP/2'])('a trace listener that aborts during a signal, over %s', (version) => {
  async function start() {
    if (version === 'HTTP/1.1') {
      return startServer(async (request, response) => {
        if (request.url === '/moved') response.writeHead(302, {location: '/'}).end('moved');
        else response.end(await bodyOf(request));
      });
    }
    return startHttp2Server(known.server, (request, response) => {
      if (request.url === '/moved') response.writeHead(302, {location: '/'}).end('moved');
      else request.pipe(response);
    });
  }

  it.each(signals)('a listener can abort its own call and others at %s', async (signal) => {
    const server = await start();
    const origin = server.origin.replace('127.0.0.1', 'localhost');
    const {session, connector, fetch} = openSession({
      limit: 2,
      http2: version === 'HTTP/2',
      tls: {ca: known.ca},
    });
    const controllers = Array.from({length: 6}, () => new AbortController());
    let told = 0;
    const calls = controllers.map(async (controller, index) => {
      const trace = [
        {
          [signal]: () => {
            told++;
            controller.abort(reason);
            controllers[(index + 1) % controllers.length]?.abort(reason);
          },
        },
      ];
      const url = `${origin}/${index % 3 === 0 ? 'moved' : ''}`;
      const body = index % 2 === 0 ? {method: 'PUT', body: 'four'} : {};
      return (await fetch(url, {...body, signal: controller.signal, trace})).text();
    });
    const settled = await Promise.allSettled(calls);
    expect(told).toBeGreaterThan(0);
    for (const outcome of settled) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason);
    }
    await waitFor(() => session.stats().active === 0);
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
    // All slots are free again.
    const more = await Promise.all([1, 2, 3].map(async () => (await fetch(`${origin}/`)).status));
    expect(more).toEqual([200, 200, 200]);
    await connector.close();
    expect(connector.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });

  it.each(signals)('a listener can destroy the connector at %s', async (signal) => {
    const server = await start();
    const origin = server.origin.replace('127.0.0.1', 'localhost');
    const {connector, fetch} = openSession({limit: 2, http2: version === 'HTTP/2', tls: {ca: known.ca}});
    let destroyed: Promise<void> | undefined;
    const trace = [
      {
        [signal]: () => {
          destroyed ??= connector.destroy(reason);
        },
      },
    ];
    const calls = Array.from({length: 6}, async (_, index) => {
      const url = `${origin}/${index % 3 === 0 ? 'moved' : ''}`;
      const body = index % 2 === 0 ? {method: 'PUT', body: 'four'} : {};
      return (await fetch(url, {...body, trace})).text();
    });
    await Promise.allSettled(calls);
    expect(destroyed).toBeDefined();
    await destroyed;
    expect(connector.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });
});
