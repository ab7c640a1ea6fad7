import {beforeAll, describe, expect, it} from 'vitest';
import type {CallTimings, TraceEvent} from '../../../src/index.ts';
import {recordTimings, timings} from '../../../src/index.ts';
import type {Certificates} from '../../support/certificates.ts';
import {certificates} from '../../support/certificates.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {startHttp2Server} from '../../support/http2-server.ts';
import {createLookup} from '../../support/lookup.ts';
import {rejection} from '../../support/mock-session.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {recordTrace} from '../../support/record-trace.ts';

let known: Certificates;
beforeAll(async () => {
  known = await certificates();
});

const {lookup} = createLookup({'a.test': ['127.0.0.1'], localhost: ['127.0.0.1']});

function traced(options: Parameters<typeof openSession>[0] = {}) {
  const record = recordTrace();
  const trace = [recordTimings(), record.listener];
  return {...openSession({dns: {lookup}, ...options}, {trace}), ...record};
}

const typesOf = (events: readonly TraceEvent[], url: string) =>
  events.filter(({call}) => call.url === url).map(({type}) => type);

function expectSum(found: CallTimings | undefined): void {
  expect(found?.ended).toBe(true);
  const {queued, dns, connect, tls, send, wait, receive, rateLimited, backoff, other, total} =
    found as CallTimings;
  const sum = queued + dns + connect + tls + send + wait + receive + rateLimited + backoff + other;
  expect(sum).toBeCloseTo(total, 6);
}

describe('the trace of the undici connector', () => {
  it('a first request emits the signals of DNS, connection, sending and receiving', async () => {
    const server = await startServer(async (request, response) => response.end(await bodyOf(request)));
    const {fetch, types, of} = traced();
    const response = await fetch(`http://a.test:${server.port}/`, {method: 'POST', body: 'four'});
    await response.text();
    expect(types()).toEqual([
      'requestStart',
      'attemptStart',
      'connectionCreateStart',
      'dnsCacheMiss',
      'dnsResolveStart',
      'dnsResolveEnd',
      'connectionCreateEnd',
      'requestHeadersSent',
      'requestChunkSent',
      'requestSent',
      'responseHeadersReceived',
      'responseChunkReceived',
      'attemptEnd',
      'responseStart',
      'requestEnd',
    ]);
    expect(of('dnsResolveEnd')).toMatchObject([{host: 'a.test', addresses: ['127.0.0.1']}]);
    expect(of('connectionCreateEnd')).toMatchObject([{protocol: '1.1', address: '127.0.0.1'}]);
    expect(of('requestChunkSent')).toMatchObject([{bytes: 4}]);
    expectSum(timings(response));
  });

  it('a reused connection and a cached name have signals of their own', async () => {
    const server = await startServer((_request, response) => response.end('x'));
    const {fetch, events, of} = traced();
    await (await fetch(`${server.origin}/first`)).text();
    await (await fetch(`${server.origin}/second`)).text();
    expect(typesOf(events, `${server.origin}/second`).slice(0, 5)).toEqual([
      'requestStart',
      'attemptStart',
      'connectionReuse',
      'requestHeadersSent',
      'requestSent',
    ]);
    // An IP address is not looked up.
    expect(events.filter(({type}) => type.startsWith('dns'))).toEqual([]);
    const named = `http://a.test:${server.port}/`;
    await (await fetch(named)).text();
    await (await fetch(named, {headers: {connection: 'close'}})).text();
    await (await fetch(named)).text();
    expect(of('dnsCacheMiss')).toHaveLength(1);
    expect(of('dnsCacheHit')).toHaveLength(1);
  });

  it('the TLS handshake is traced with its time', async () => {
    const server = await startServer((_request, response) => response.end('x'), {tls: known.server});
    const {fetch, types} = traced({tls: {ca: known.ca}});
    const response = await fetch(`https://localhost:${server.port}/`);
    await response.text();
    expect(types().slice(2, 9)).toEqual([
      'connectionCreateStart',
      'dnsCacheMiss',
      'dnsResolveStart',
      'dnsResolveEnd',
      'tlsStart',
      'tlsEnd',
      'connectionCreateEnd',
    ]);
    expect(timings(response)?.tls).toBeGreaterThan(0);
    expectSum(timings(response));
  });

  it('the dial of a shared connection is traced for each request that waits for it', async () => {
    const server = await startHttp2Server(known.server, (_request, response) => response.end('x'));
    const {fetch, of} = traced({http2: true, tls: {ca: known.ca}});
    const url = `https://localhost:${server.port}/`;
    await Promise.all([1, 2, 3].map(async () => (await fetch(url)).text()));
    await (await fetch(url)).text();
    expect(of('connectionCreateStart')).toHaveLength(3);
    expect(of('tlsEnd')).toHaveLength(3);
    expect(of('connectionCreateEnd')).toMatchObject(Array(3).fill({protocol: '2', address: '127.0.0.1'}));
    expect(of('connectionReuse')).toMatchObject([{protocol: '2', address: '127.0.0.1'}]);
  });

  it('the wait for a slot is traced', async () => {
    const server = await startServer((_request, response) => response.end('x'));
    const {fetch, events} = traced({limit: 1});
    const calls = [fetch(`${server.origin}/1`), fetch(`${server.origin}/2`)];
    for (const call of calls) await (await call).text();
    expect(typesOf(events, `${server.origin}/2`).slice(0, 5)).toEqual([
      'requestStart',
      'attemptStart',
      'connectionQueuedStart',
      'connectionQueuedEnd',
      'connectionReuse',
    ]);
  });

  it('each redirect is traced, with its head and the next request', async () => {
    const server = await startServer((request, response) => {
      if (request.url !== '/') return response.end('x');
      return response.writeHead(302, {location: '/end?secret=1', 'x-here': 'yes'}).end('moved');
    });
    const {fetch, types, of, events, subjects} = traced();
    const response = await fetch(server.origin);
    await response.text();
    expect(types(1).filter((type) => /Redirect|Headers|attempt/.test(type))).toEqual([
      'attemptStart',
      'requestHeadersSent',
      'responseHeadersReceived',
      'requestRedirect',
      'requestHeadersSent',
      'responseHeadersReceived',
      'attemptEnd',
    ]);
    expect(of('requestRedirect')).toMatchObject([{status: 302, url: `${server.origin}/end?secret=…`}]);
    const head = subjects[events.findIndex(({type}) => type === 'responseHeadersReceived')]?.response;
    expect([head?.status, head?.headers.get('x-here')]).toEqual([302, 'yes']);
    expect(timings(response)?.attempts).toMatchObject([{redirects: 1, reused: true, status: 200}]);
    expectSum(timings(response));
  });

  it('a request that is sent again after a dead connection is traced', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.respond('x');
      if (connection.index > 0) return;
      await connection.request();
      connection.socket.resetAndDestroy();
    });
    const {fetch, types, of} = traced();
    await (await fetch(server.origin)).text();
    const response = await fetch(server.origin);
    await response.text();
    expect(of('requestResent')).toMatchObject([{attempt: 1, error: {code: 'ECONNRESET'}}]);
    const after = types().slice(types().indexOf('requestResent'));
    expect(after.slice(1, 3)).toEqual(['connectionCreateStart', 'connectionCreateEnd']);
    expect(timings(response)?.attempts).toMatchObject([{reused: false}]);
    expectSum(timings(response));
  });

  it.each<
    [
      string,
      (connection: {
        socket: {destroy(): void};
        request(): Promise<unknown>;
        send(data: string): void;
      }) => unknown,
      string,
    ]
  >([
    [
      'refused to answer',
      async (connection) => {
        await connection.request();
        connection.socket.destroy();
      },
      'receive',
    ],
    [
      'cut the body off',
      async (connection) => {
        await connection.request();
        connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
        connection.socket.destroy();
      },
      'receive',
    ],
  ])('the end of an attempt that the server %s', async (_, script, phase) => {
    const server = await startRawServer(script as never);
    const {fetch, of} = traced();
    const error = await rejection(fetch(server.origin).then((response) => response.text()));
    expect(of('attemptEnd')).toMatchObject([{error: {phase}}]);
    expect(of('attemptEnd')[0]?.error).toBe(error);
    expect(of('requestError')[0]?.error).toBe(error);
    expectSum(timings(error));
  });

  it('an attempt without a connection ends where it stopped', async () => {
    const {fetch, types, of} = traced();
    const error = await rejection(fetch('http://unknown.test/'));
    expect(types().slice(-4)).toEqual(['dnsCacheMiss', 'dnsResolveStart', 'attemptEnd', 'requestError']);
    expect(of('attemptEnd')[0]?.error).toBe(error);
  });

  it('an attempt that a listener aborts on its redirect has an end', async () => {
    const controller = new AbortController();
    const server = await startServer((_request, response) => response.writeHead(302, {location: '/'}).end());
    const record = recordTrace();
    const abort = {requestRedirect: () => controller.abort(new Error('enough'))};
    const {fetch} = openSession({}, {trace: [record.listener, abort]});
    await rejection(fetch(server.origin, {signal: controller.signal}));
    expect(record.of('attemptEnd')).toMatchObject([{error: {message: 'enough'}}]);
    expect(record.of('requestError')).toMatchObject([{error: {message: 'enough'}}]);
  });
});
