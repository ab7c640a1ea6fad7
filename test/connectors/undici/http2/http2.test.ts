import type {Http2ServerRequest, Http2ServerResponse, SecureServerOptions} from 'node:http2';
import {constants} from 'node:http2';
import {setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {beforeAll, describe, expect, it} from 'vitest';
import type {UndiciConnectorOptions} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError, TimeoutError} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {startHttp2Frames} from '../../../support/http2-frames.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {runScript} from '../../../support/run-script.ts';
import {turns, waitFor, waitForGc} from '../../../support/wait-for.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

function startHttp2(handler: Handler, options: SecureServerOptions = {}) {
  return startHttp2Server({...identity, ...options}, handler);
}

function openHttp2(options: UndiciConnectorOptions = {}) {
  return openSession({http2: true, tls: {ca: authority.cert}, ...options});
}

const text = async (response: Promise<Response>) => (await response).text();

/** A handler that holds requests until the test answers them, in any order. */
function createHolder() {
  const held: Array<{request: Http2ServerRequest; response: Http2ServerResponse}> = [];
  return {
    held,
    handler: ((request, response) => void held.push({request, response})) as Handler,
    answerAll() {
      for (const {request, response} of held.splice(0)) response.end(request.url);
    },
  };
}

describe('HTTP/2', () => {
  it('a server that supports HTTP/2 is spoken to with it, and the response is like any other', async () => {
    const server = await startHttp2((request, response) => {
      response.setHeader('x-version', request.httpVersion);
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(201);
      response.end(JSON.stringify({method: request.method, url: request.url, host: request.authority}));
    });
    const {fetch} = openHttp2();
    const response = await fetch(`${server.origin}/a?b=c`);
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({status: 201, statusText: '', url: `${server.origin}/a?b=c`});
    expect(response.headers.get('x-version')).toBe('2.0');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect([...response.headers.keys()].filter((name) => name.startsWith(':'))).toEqual([]);
    expect(await response.json()).toEqual({method: 'GET', url: '/a?b=c', host: `localhost:${server.port}`});
  });

  it('bytes of headers that are not ASCII are kept both ways', async () => {
    const bytes = 'caf\xe9 \xc3\xa9 \xff';
    const server = await startHttp2((request, response) => {
      response.setHeader('x-bytes', request.headers['x-bytes'] as string);
      response.setHeader('x-size', Buffer.byteLength(request.headers['x-bytes'] as string, 'latin1'));
      response.end();
    });
    const {fetch} = openHttp2();
    const {headers} = await fetch(server.origin, {headers: {'x-bytes': bytes}});
    expect(headers.get('x-bytes')).toBe(bytes);
    expect(headers.get('x-size')).toBe(String(bytes.length));
  });

  it('HTTP/2 is not offered by default', async () => {
    const server = await startHttp2((request, response) => response.end(request.httpVersion), {
      allowHTTP1: true,
    });
    const {fetch} = openSession({tls: {ca: authority.cert}});
    expect(await text(fetch(server.origin))).toBe('1.1');
  });

  it('a server without HTTP/2 gets HTTP/1.1, with a connection for each request', async () => {
    const server = await startServer(
      (request, response) => setImmediate(() => response.end(request.httpVersion)),
      {tls: identity},
    );
    const {fetch, stats} = openHttp2({limit: 4});
    const all = await Promise.all(Array.from({length: 12}, () => text(fetch(server.origin))));
    expect(new Set(all)).toEqual(new Set(['1.1']));
    expect(stats().totals).toMatchObject({sent: 12, opened: 4});
    expect(server.peak).toBe(4);
  });

  it('HTTP/2 is not used without TLS', async () => {
    const server = await startServer((request, response) => response.end(request.httpVersion));
    const {fetch} = openHttp2();
    expect(await text(fetch(server.origin))).toBe('1.1');
  });

  it('requests of all kinds are sent', async () => {
    const server = await startHttp2(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const {'content-length': length, 'content-type': type} = request.headers;
      response.end(JSON.stringify([request.method, length, type, body]));
    });
    const {fetch} = openHttp2();
    async function* stream() {
      yield 'some';
      yield new TextEncoder().encode('thing');
    }
    const cases: Array<[RequestInit & {body?: unknown}, unknown[]]> = [
      [{method: 'POST', body: 'text'}, ['POST', '4', 'text/plain;charset=UTF-8', 'text']],
      [{method: 'POST', body: 'ü'}, ['POST', '2', 'text/plain;charset=UTF-8', 'ü']],
      [{method: 'PUT', body: new Uint8Array([97, 98])}, ['PUT', '2', null, 'ab']],
      [{method: 'POST', body: new Blob(['blob'], {type: 'a/b'})}, ['POST', '4', 'a/b', 'blob']],
      [
        {method: 'POST', body: new URLSearchParams({a: 'b'})},
        ['POST', '3', 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b'],
      ],
      [{method: 'POST', body: stream() as never}, ['POST', null, null, 'something']],
      [{method: 'PATCH', body: new Response('stream').body}, ['PATCH', null, null, 'stream']],
      [
        {method: 'POST', body: stream() as never, headers: {'content-length': '9'}},
        ['POST', '9', null, 'something'],
      ],
      [{method: 'POST'}, ['POST', '0', null, '']],
      [{method: 'DELETE'}, ['DELETE', null, null, '']],
    ];
    for (const [init, expected] of cases) {
      expect(await (await fetch(server.origin, {duplex: 'half', ...init} as RequestInit)).json()).toEqual(
        expected,
      );
    }
    expect(server.sockets.opened).toBe(1);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('a response to %s with status %i has no body', async (method, status) => {
    const server = await startHttp2((_request, response) => {
      response.writeHead(status);
      response.end();
    });
    const {fetch, stats} = openHttp2();
    const response = await fetch(server.origin, {method});
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
    expect(stats()).toMatchObject({active: 0, idle: 1});
  });

  it('bodies are decoded, redirects followed and informational responses left out', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/') {
        response.writeHead(302, {location: '/there'});
        response.end('elsewhere');
        return;
      }
      response.writeEarlyHints({link: '</a.css>; rel=preload'});
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('unpacked'));
    });
    const {fetch} = openHttp2();
    const response = await fetch(server.origin);
    expect(response).toMatchObject({redirected: true, url: `${server.origin}/there`});
    expect(response.headers.get('link')).toBeNull();
    expect(await response.text()).toBe('unpacked');
    expect(server.sockets.opened).toBe(1);
  });

  it('headers of HTTP/1.1 connections are left out, and the Host header becomes :authority', async () => {
    const server = await startHttp2((request, response) => {
      response.end(JSON.stringify([request.authority, request.headers]));
    });
    const {fetch} = openHttp2();
    const response = await fetch(server.origin, {
      headers: {host: 'virtual.example', connection: 'keep-alive', te: 'gzip', cookie: 'a=1'},
    });
    const [authorityOf, headers] = (await response.json()) as [string, Record<string, string>];
    expect(authorityOf).toBe('virtual.example');
    expect(headers).toMatchObject({cookie: 'a=1', accept: '*/*'});
    expect(Object.keys(headers)).not.toContain('te');
    expect(Object.keys(headers)).not.toContain('connection');
  });

  it.each([
    {headers: {'transfer-encoding': 'chunked'}},
    {headers: {upgrade: 'websocket'}},
    {headers: {expect: '100-continue'}},
    {method: 'POST', body: 'four', headers: {'content-length': '5'}},
  ] as RequestInit[])(
    'a request with %j is refused with a TypeError, and the connection goes on',
    async (init) => {
      const server = await startHttp2((_request, response) => response.end('ok'));
      const {fetch, stats} = openHttp2();
      expect(await text(fetch(server.origin))).toBe('ok');
      const error = await failure(fetch(server.origin, init));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).not.toBeInstanceOf(ConnectionError);
      expect(await text(fetch(server.origin))).toBe('ok');
      expect(stats().totals.opened).toBe(1);
    },
  );

  it('a stream whose length differs from Content-Length is refused', async () => {
    const server = await startHttp2((request) => request.resume());
    const {fetch, stats} = openHttp2();
    async function* stream() {
      yield 'four';
    }
    const init = {method: 'POST', body: stream() as never, headers: {'content-length': '5'}, duplex: 'half'};
    expect(await failure(fetch(server.origin, init as RequestInit))).toBeInstanceOf(TypeError);
    await waitFor(() => stats().active === 0);
  });
});

describe('one HTTP/2 connection', () => {
  it('it carries many requests in parallel, also POSTs and streams', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, stats} = openHttp2({limit: 40});
    async function* stream() {
      yield 'x';
    }
    const inits = [{}, {method: 'POST', body: 'x'}, {method: 'POST', body: stream(), duplex: 'half'}];
    const all = Array.from({length: 40}, (_, index) =>
      text(fetch(`${server.origin}/${index}`, inits[index % 2] as RequestInit)),
    );
    await waitFor(() => held.length === 40);
    expect(server.sockets.opened).toBe(1);
    expect(stats()).toMatchObject({active: 40, idle: 0, totals: {opened: 1}});
    answerAll();
    expect(await Promise.all(all)).toEqual(Array.from({length: 40}, (_, index) => `/${index}`));
    expect(stats()).toMatchObject({active: 0, idle: 1, totals: {opened: 1, sent: 40}});
    expect(stats().hosts).toEqual({[server.origin]: {active: 0, queued: 0, idle: 1}});
  });

  it('it carries no more streams than limit and limitPerHost allow', async () => {
    for (const options of [{limit: 3}, {limitPerHost: 3}]) {
      const server = await startHttp2((_request, response) => setImmediate(() => response.end('ok')));
      const {fetch, stats} = openHttp2(options);
      const all = Array.from({length: 30}, () => text(fetch(server.origin)));
      expect(stats()).toMatchObject({active: 3, queued: 27});
      await Promise.all(all);
      expect(server.peak).toBe(3);
      expect(server.sockets.opened).toBe(1);
    }
  });

  it('it counts as one socket, and is closed for another host when it is idle', async () => {
    const a = await startHttp2((_request, response) => response.end('a'));
    const b = await startHttp2((_request, response) => response.end('b'));
    const {fetch, stats} = openHttp2({limit: 1});
    for (let index = 0; index < 2; index++) {
      expect(await text(fetch(a.origin))).toBe('a');
      expect(await text(fetch(b.origin))).toBe('b');
      expect(stats().idle).toBe(1);
    }
    expect(stats().totals.opened).toBe(4);
  });

  it('it is used again after it was idle, also for a POST', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch, stats} = openHttp2();
    for (const method of ['GET', 'POST', 'GET', 'POST']) {
      expect(await text(fetch(server.origin, {method}))).toBe('ok');
      await turns(20);
    }
    expect(stats().totals).toMatchObject({opened: 1, reused: 3});
  });

  it('a second connection is opened when the server allows no more streams', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler, {settings: {maxConcurrentStreams: 5}});
    const {fetch, stats} = openHttp2({limit: 20});
    const first = text(fetch(`${server.origin}/first`));
    await waitFor(() => held.length === 1);
    const all = Array.from({length: 11}, (_, index) => text(fetch(`${server.origin}/${index}`)));
    await waitFor(() => held.length === 12);
    expect(server.sockets.opened).toBe(3);
    expect(stats()).toMatchObject({active: 12, totals: {opened: 3}});
    answerAll();
    await Promise.all([first, ...all]);
    expect(stats()).toMatchObject({active: 0, idle: 3});
  });

  it('each connection has its own limit of streams, as its server announced it', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler, {settings: {maxConcurrentStreams: 100}});
    const {fetch, stats} = openHttp2({limit: 20});
    const first = text(fetch(`${server.origin}/first`));
    await waitFor(() => held.length === 1);
    await new Promise((resolve) =>
      server.sessions[0]?.settings({maxConcurrentStreams: 1}, resolve as () => void),
    );
    // The second connection allows more.
    const second = text(fetch(`${server.origin}/second`));
    await waitFor(() => held.length === 2);
    answerAll();
    await Promise.all([first, second]);
    const all = [1, 2, 3, 4].map((index) => text(fetch(`${server.origin}/${index}`)));
    // Node would keep what is too much for the first connection back until a stream of it ends.
    await waitFor(() => held.length === 4);
    expect(stats().totals.opened).toBe(2);
    answerAll();
    await Promise.all(all);
  });

  describe('while the server allows no streams', () => {
    it('a request waits until it allows some, on the same connection', async () => {
      const server = await startHttp2((_request, response) => response.end('ok'), {
        settings: {maxConcurrentStreams: 0},
      });
      const {fetch, stats} = openHttp2();
      const all = [text(fetch(server.origin)), text(fetch(server.origin, {method: 'POST', body: 'x'}))];
      await waitFor(() => server.sessions.length === 1);
      await turns(20);
      expect(stats()).toMatchObject({active: 2, totals: {opened: 1}});
      server.sessions[0]?.settings({maxConcurrentStreams: 5});
      expect(await Promise.all(all)).toEqual(['ok', 'ok']);
      expect(stats()).toMatchObject({active: 0, totals: {opened: 1}});
    });

    /** Opens a session with a connection whose server allows no streams any more. */
    async function openStalled(options: UndiciConnectorOptions = {}) {
      const server = await startHttp2((_request, response) => response.end('ok'));
      const session = openHttp2(options);
      await text(session.fetch(server.origin));
      const stall = (streams: number) =>
        new Promise((resolve) => server.sessions[0]?.settings({maxConcurrentStreams: streams}, resolve));
      await stall(0);
      return {server, session, stall};
    }

    it('a request waits for the time of its connect timeout at most', async () => {
      const {server, session} = await openStalled();
      const error = await failure(session.fetch(server.origin, {timeout: {connect: 10}}));
      expect(error).toMatchObject({name: 'TimeoutError', phase: 'connect', limit: 10});
      expect(String((error as Error).cause)).toContain('SETTINGS_MAX_CONCURRENT_STREAMS');
      expect(session.stats().active).toBe(0);
    });

    it('a request that waits can be aborted, and the others go on', async () => {
      const {server, session, stall} = await openStalled();
      const controller = new AbortController();
      const aborted = failure(session.fetch(server.origin, {signal: controller.signal}));
      const other = text(session.fetch(server.origin));
      controller.abort();
      expect(await aborted).toBe(controller.signal.reason);
      await stall(1);
      expect(await other).toBe('ok');
      expect(session.stats()).toMatchObject({active: 0, totals: {opened: 1}});
    });

    it('requests that wait go over a new connection when the old one closes', async () => {
      const {server, session} = await openStalled();
      const all = Array.from({length: 3}, () => text(session.fetch(server.origin)));
      await turns(5);
      expect(session.stats().totals.opened).toBe(1);
      server.sessions[0]?.close();
      expect(await Promise.all(all)).toEqual(['ok', 'ok', 'ok']);
      expect(session.stats().totals.opened).toBe(2);
    });

    it('destroy() fails the requests that wait', async () => {
      const {server, session} = await openStalled();
      const waiting = failure(session.fetch(server.origin));
      await turns(5);
      await session.session.destroy(new Error('enough'));
      expect(await waiting).toBeInstanceOf(Error);
    });
  });

  it('no request is lost when the server allows fewer streams than were opened at first', async () => {
    const server = await startHttp2((_request, response) => setImmediate(() => response.end('ok')), {
      settings: {maxConcurrentStreams: 2},
    });
    const {fetch} = openHttp2({limit: 30});
    const all = await Promise.all(
      Array.from({length: 60}, (_, index) =>
        text(fetch(server.origin, {method: index % 2 ? 'POST' : 'GET'})),
      ),
    );
    expect(new Set(all)).toEqual(new Set(['ok']));
    expect(server.requests).toHaveLength(60);
  });

  it('requests share one dial, and each fails with an error of its own', async () => {
    const dns = createLookup({});
    const {fetch, stats} = openHttp2({dns: {lookup: dns.lookup, ttl: 0}});
    const errors = await Promise.all(
      [1, 2, 3].map((index) => failure(fetch(`https://nowhere.example/${index}`))),
    );
    expect(errors.map((error) => (error as ConnectionError).request?.url)).toEqual(
      [1, 2, 3].map((index) => `https://nowhere.example/${index}`),
    );
    expect(dns.asked).toHaveLength(1);
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('each request waits for the shared dial with a timeout of its own', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const dns = createLookup({'api.example': ['127.0.0.1']});
    dns.hold();
    const {fetch, stats} = openHttp2({
      dns: {lookup: dns.lookup},
      tls: {ca: authority.cert, servername: 'localhost'},
    });
    const url = `https://api.example:${server.port}`;
    const controller = new AbortController();
    const aborted = failure(fetch(url, {signal: controller.signal}));
    const impatient = failure(fetch(url, {timeout: {connect: 10}}));
    const patient = text(fetch(url));
    controller.abort();
    expect(await aborted).toBe(controller.signal.reason);
    expect(await impatient).toMatchObject({phase: 'connect', limit: 10});
    expect(stats().active).toBe(1);
    dns.release();
    expect(await patient).toBe('ok');
    expect(stats().totals.opened).toBe(1);
  });

  it('a shared dial is cancelled when no request waits for it any more', async () => {
    const dns = createLookup({'api.example': ['127.0.0.1']});
    dns.hold();
    const {fetch, stats} = openHttp2({dns: {lookup: dns.lookup}});
    const controller = new AbortController();
    const all = [1, 2].map(() => failure(fetch('https://api.example/', {signal: controller.signal})));
    const slow = failure(fetch('https://api.example/', {timeout: {connect: 5}}));
    controller.abort();
    await Promise.all(all);
    expect(await slow).toBeInstanceOf(TimeoutError);
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });
});

describe('a server never takes an upload that broke off for a whole one', () => {
  const never = new Promise<never>(() => {});

  it.each([
    ['its source fails', new Error('no more')],
    ['its source fails with nothing', undefined],
    ['it is aborted', never],
  ])('the server sees an incomplete upload when %s', async (_, outcome) => {
    const server = await startHttp2Frames(identity);
    const {fetch} = openHttp2();
    const controller = new AbortController();
    async function* source() {
      yield 'some';
      await waitFor(() => server.frames.includes('DATA'));
      if (outcome === never) controller.abort();
      else throw outcome;
      await never;
    }
    await failure(fetch(server.origin, {method: 'POST', body: source(), signal: controller.signal}));
    await waitFor(() => server.frames.includes('RST_STREAM'));
    expect(server.frames).toEqual(['HEADERS', 'DATA', 'RST_STREAM']);
  });
});

describe('an HTTP/2 stream', () => {
  it('an aborted stream leaves the others alone', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, stats} = openHttp2();
    const controller = new AbortController();
    const aborted = failure(fetch(`${server.origin}/aborted`, {signal: controller.signal}));
    const other = text(fetch(`${server.origin}/other`));
    await waitFor(() => held.length === 2);
    const closed = new Promise((resolve) => held[0]?.request.stream.once('close', resolve));
    const reason = new Error('never mind');
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    await closed;
    expect(held[0]?.request.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(stats().active).toBe(1);
    held.shift();
    answerAll();
    expect(await other).toBe('/other');
    expect(stats()).toMatchObject({active: 0, idle: 1, totals: {opened: 1}});
  });

  it('a stream whose response is garbage-collected leaves the others alone', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/endless') response.write('x'.repeat(1000));
      else response.end('ok');
    });
    const {fetch, stats} = openHttp2({limit: 1});
    await fetch(`${server.origin}/endless`);
    const next = text(fetch(server.origin));
    await waitForGc(() => stats().queued === 0);
    expect(await next).toBe('ok');
    expect(stats().totals.opened).toBe(1);
  });

  it('a stream whose body is cancelled leaves the others alone', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/endless') response.write('x'.repeat(1000));
      else response.end('ok');
    });
    const {fetch, stats} = openHttp2({limit: 2});
    const response = await fetch(`${server.origin}/endless`);
    await response.body?.cancel();
    await waitFor(() => stats().active === 0);
    expect(await text(fetch(server.origin))).toBe('ok');
    expect(stats().totals.opened).toBe(1);
  });

  it('a stream that the server resets fails its request, which is not sent again', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/reset') request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else response.end('ok');
    });
    const {fetch, stats} = openHttp2();
    expect(await text(fetch(server.origin))).toBe('ok');
    const error = await failure(fetch(`${server.origin}/reset`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'receive', code: 'ERR_HTTP2_STREAM_RESET'});
    expect((error as Error).message).toContain('INTERNAL_ERROR');
    expect(server.requests).toHaveLength(2);
    expect(await text(fetch(server.origin))).toBe('ok');
    expect(stats().totals.opened).toBe(1);
  });

  it('a stream that is reset without an error during its body fails the body', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/whole') response.end('whole');
      else response.write('half', () => request.stream.session?.destroy());
    });
    const {fetch} = openHttp2();
    expect(await text(fetch(`${server.origin}/whole`))).toBe('whole');
    for (let index = 0; index < 3; index++) {
      const error = await failure(text(fetch(server.origin, {method: 'POST'})));
      expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
    }
  });

  it('a stream that ends before its Content-Length fails the body', async () => {
    const server = await startHttp2((request, response) => {
      response.writeHead(200, {'content-length': 10});
      response.write('half', () => request.stream.session?.destroy());
    });
    const {fetch} = openHttp2();
    const error = await failure(text(fetch(server.origin, {method: 'POST'})));
    expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
  });

  it.each([constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR])(
    'a stream that is reset during its body fails the body (code %i)',
    async (code) => {
      const server = await startHttp2((request, response) => {
        response.write('half');
        setImmediate(() => request.stream.close(code));
      });
      const {fetch, stats} = openHttp2();
      const response = await fetch(server.origin);
      const error = await failure(response.text());
      expect(error).toMatchObject({name: 'TypeError', phase: 'receive'});
      expect(stats().active).toBe(0);
    },
  );

  it('a request on a refused stream is sent again, also a POST', async () => {
    let refused = 0;
    const server = await startHttp2((request, response) => {
      if (request.url === '/' && refused++ < 2) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else response.end('ok');
    });
    const {fetch} = openHttp2();
    expect(await text(fetch(server.origin, {method: 'POST', body: 'x'}))).toBe('ok');
    expect(server.requests).toHaveLength(3);
  });

  it('a request whose streams are always refused fails in the end', async () => {
    const server = await startHttp2((request) => request.stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const {fetch, stats} = openHttp2();
    const error = await failure(fetch(server.origin));
    expect(error).toMatchObject({name: 'TypeError', code: 'ERR_HTTP2_UNPROCESSED'});
    expect(server.requests.length).toBeLessThan(10);
    expect(stats().active).toBe(0);
  });

  describe('a server that requires HTTP/1.1', () => {
    const refusals = {
      'resets the stream': (request: Http2ServerRequest) =>
        request.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED),
      'closes the connection': (request: Http2ServerRequest) =>
        request.stream.session?.goaway(constants.NGHTTP2_HTTP_1_1_REQUIRED, 0),
    };
    for (const [how, refuse] of Object.entries(refusals)) {
      it(`a server that ${how} gets the request over HTTP/1.1, also a POST`, async () => {
        const seen: string[] = [];
        const server = await startHttp2(
          async (request, response) => {
            seen.push(`${request.method} ${request.httpVersion}`);
            if (request.httpVersion === '2.0') return void refuse(request);
            const chunks: Buffer[] = [];
            for await (const chunk of request) chunks.push(chunk as Buffer);
            response.end(`body ${Buffer.concat(chunks)}`);
          },
          {allowHTTP1: true},
        );
        const {fetch} = openHttp2();
        expect(await text(fetch(server.origin, {method: 'POST', body: 'x'}))).toBe('body x');
        // The server is not asked again while a connection is open.
        const all = [fetch(server.origin), fetch(server.origin)];
        expect(await Promise.all(all.map(text))).toEqual(['body ', 'body ']);
        expect(seen).toEqual(['POST 2.0', 'POST 1.1', 'GET 1.1', 'GET 1.1']);
      });
    }

    it('requests that were answered on the connection before go on', async () => {
      let finish = (): unknown => undefined;
      const server = await startHttp2(
        (request, response) => {
          if (request.httpVersion === '1.1') response.end('1.1');
          else if (request.url === '/refused') request.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED);
          else {
            response.write('some');
            finish = () => response.end('thing');
          }
        },
        {allowHTTP1: true},
      );
      const {fetch} = openHttp2();
      const first = await fetch(server.origin);
      expect(await text(fetch(`${server.origin}/refused`))).toBe('1.1');
      finish();
      expect(await first.text()).toBe('something');
    });

    it('a stream as a body can’t be sent again, and fails with what the server wants', async () => {
      const server = await startHttp2(refusals['resets the stream'], {allowHTTP1: true});
      const {fetch, stats} = openHttp2();
      const error = await failure(fetch(server.origin, {method: 'POST', body: new Blob(['x']).stream()}));
      expect(error).toMatchObject({code: 'ERR_HTTP2_HTTP_1_1_REQUIRED', phase: 'receive'});
      expect(stats().active).toBe(0);
    });
  });

  it('an upload stops when the response comes before its end', async () => {
    const server = await startHttp2((_request, response) => response.end('enough'));
    const {fetch, stats} = openHttp2();
    let stopped = false;
    async function* endless() {
      try {
        for (;;) {
          yield new Uint8Array(16_384);
          await turns();
        }
      } finally {
        stopped = true;
      }
    }
    const init = {method: 'POST', body: endless() as never, duplex: 'half'} as RequestInit;
    expect(await text(fetch(server.origin, init))).toBe('enough');
    await waitFor(() => stopped && stats().active === 0);
    expect(await text(fetch(server.origin))).toBe('enough');
    expect(stats().totals.opened).toBe(1);
  });

  it('a request whose upload fails rejects with that error', async () => {
    const server = await startHttp2((request) => request.resume());
    const {fetch, stats} = openHttp2();
    const reason = new Error('no more');
    async function* broken() {
      yield 'x';
      throw reason;
    }
    const init = {method: 'POST', body: broken() as never, duplex: 'half'} as RequestInit;
    expect(await failure(fetch(server.origin, init))).toMatchObject({phase: 'send', cause: reason});
    await waitFor(() => stats().active === 0);
  });

  it('a silent stream times out alone while other streams receive data', async () => {
    const server = await startHttp2((request, response) => {
      if (request.url === '/half') response.write('half');
      if (request.url !== '/lively') return;
      const timer = setInterval(() => response.write('.'), 2);
      response.once('close', () => clearInterval(timer));
    });
    const {fetch, stats} = openHttp2();
    const lively = await fetch(`${server.origin}/lively`);
    const reading = lively.text().catch(() => 'cut');
    const slow = failure(fetch(`${server.origin}/never`, {timeout: {read: 600}}));
    const half = failure(text(fetch(`${server.origin}/half`, {timeout: {read: 600}})));
    for (const error of [await slow, await half])
      expect(error).toMatchObject({name: 'TimeoutError', phase: 'read'});
    expect(stats()).toMatchObject({active: 1, totals: {opened: 1}});
    const next = await fetch(`${server.origin}/half`);
    await next.body?.cancel();
    expect(stats().totals.opened).toBe(1);
    for (const session of server.sessions) session.destroy();
    expect(await reading).toBe('cut');
  });

  it('a stream that times out on a silent connection is that connection’s last', async () => {
    let mute = true;
    const server = await startHttp2((_request, response) => {
      if (!mute) response.end('ok');
    });
    const {fetch, stats} = openHttp2();
    const error = await failure(fetch(server.origin, {timeout: {read: 30}}));
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'read'});
    mute = false;
    expect(await text(fetch(server.origin))).toBe('ok');
    expect(stats().totals.opened).toBe(2);
    await waitFor(() => server.sockets.open.size === 1);
  });

  it('an unread stream does not hold up the others', async () => {
    const size = 2_000_000;
    const server = await startHttp2((_request, response) => response.end(Buffer.alloc(size, 'x')), {
      maxSessionMemory: 1_000,
    });
    const {fetch, stats} = openHttp2();
    const unread = await Promise.all(Array.from({length: 10}, () => fetch(server.origin)));
    expect((await (await fetch(server.origin)).bytes()).length).toBe(size);
    for (const response of unread) expect((await response.bytes()).length).toBe(size);
    expect(stats().totals.opened).toBe(1);
  });

  it('a large upload is read only as fast as the server takes it', async () => {
    let received = 0;
    const server = await startHttp2(async (request, response) => {
      for await (const chunk of request) received += (chunk as Buffer).length;
      response.end(String(received));
    });
    const {fetch, stats} = openHttp2();
    let made = 0;
    let most = 0;
    async function* stream() {
      for (let index = 0; index < 400; index++) {
        made += 65_536;
        most = Math.max(most, made - received);
        yield new Uint8Array(65_536);
      }
    }
    const init = {method: 'POST', body: stream() as never, duplex: 'half'} as RequestInit;
    expect(await text(fetch(server.origin, init))).toBe(String(400 * 65_536));
    expect(most).toBeLessThan(8_000_000);
    expect(stats().totals.bytesSent).toBe(400 * 65_536);
  });
});

describe('a server that closes the connection', () => {
  it('after GOAWAY, the connection gets no new request, and its streams go on', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, stats} = openHttp2();
    const running = [1, 2, 3].map((index) => text(fetch(`${server.origin}/${index}`)));
    await waitFor(() => held.length === 3);
    server.sessions[0]?.goaway();
    await waitFor(() => server.sessions[0]?.closed === true || stats().active === 3);
    await turns(10);
    const next = text(fetch(`${server.origin}/next`));
    await waitFor(() => held.length === 4);
    expect(server.sessions).toHaveLength(2);
    expect(held[3]?.request.stream.session).toBe(server.sessions[1]);
    answerAll();
    expect(await Promise.all(running)).toEqual(['/1', '/2', '/3']);
    expect(await next).toBe('/next');
    await waitFor(() => server.sockets.open.size === 1);
    expect(stats()).toMatchObject({active: 0, idle: 1, totals: {opened: 2}});
  });

  it('an idle connection that the server closes is replaced', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch, stats} = openHttp2();
    expect(await text(fetch(server.origin))).toBe('ok');
    server.sessions[0]?.close();
    await waitFor(() => stats().idle === 0);
    expect(await text(fetch(server.origin, {method: 'POST', body: 'x'}))).toBe('ok');
    expect(stats().totals.opened).toBe(2);
  });

  it('a request that the server did not process is sent again, also a POST', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch} = openHttp2();
    expect(await text(fetch(server.origin))).toBe('ok');
    // Sent at the same moment: the request is on its way when the GOAWAY arrives.
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 1);
    server.sessions[0]?.on('stream', (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    expect(await text(fetch(server.origin, {method: 'POST', body: 'x'}))).toBe('ok');
  });

  it('when the socket is closed, repeatable requests are sent again, and the others fail', async () => {
    let hang = false;
    const server = await startHttp2((_request, response) => {
      if (!hang) response.end('ok');
    });
    const {fetch, stats} = openHttp2();
    expect(await text(fetch(server.origin))).toBe('ok');
    hang = true;
    const get = text(fetch(server.origin));
    const post = failure(fetch(server.origin, {method: 'POST', body: 'x'}));
    await waitFor(() => server.requests.length === 3);
    hang = false;
    for (const socket of server.sockets.open) socket.destroy();
    expect(await get).toBe('ok');
    expect(await post).toMatchObject({name: 'TypeError', phase: 'receive', code: 'ECONNRESET'});
    await waitFor(() => stats().active === 0);
    expect(stats().totals.opened).toBe(2);
  });

  it('a socket that is closed during a body fails the body', async () => {
    const server = await startHttp2((_request, response) => {
      response.write('half');
    });
    const {fetch, stats} = openHttp2();
    const bodies = await Promise.all([fetch(server.origin), fetch(server.origin)]);
    server.sessions[0]?.goaway();
    await turns(5);
    for (const socket of server.sockets.open) socket.destroy();
    for (const response of bodies) {
      expect(await failure(response.text())).toMatchObject({name: 'TypeError', phase: 'receive'});
    }
    await waitFor(() => stats().active === 0);
  });

  it('GOAWAY with an error fails the requests that the server had processed', async () => {
    const {held, handler} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, stats} = openHttp2();
    const error = failure(fetch(server.origin, {method: 'POST', body: 'x'}));
    await waitFor(() => held.length === 1);
    server.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 1);
    expect(await error).toMatchObject({name: 'TypeError', phase: 'receive'});
    await waitFor(() => stats().active === 0);
  });
});

describe('the life of an HTTP/2 connection', () => {
  it('an idle connection closes after keepAliveTimeout', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch, stats} = openHttp2({keepAliveTimeout: 5});
    await text(fetch(server.origin));
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 0);
    expect(await text(fetch(server.origin))).toBe('ok');
    expect(stats().totals.opened).toBe(2);
  });

  it('a connection closes after maxRequestsPerConnection, when the last request has been answered', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, stats} = openHttp2({maxRequestsPerConnection: 4});
    const all = Array.from({length: 10}, (_, index) => text(fetch(`${server.origin}/${index}`)));
    await waitFor(() => held.length === 10);
    expect(server.sessions).toHaveLength(3);
    answerAll();
    await Promise.all(all);
    await waitFor(() => server.sockets.open.size === 1);
    expect(stats()).toMatchObject({active: 0, idle: 1});
  });

  it('with forceClose, a connection serves one request', async () => {
    const server = await startHttp2((_request, response) => setImmediate(() => response.end('ok')));
    const {fetch, stats} = openHttp2({forceClose: true, limit: 5});
    await Promise.all(Array.from({length: 10}, () => text(fetch(server.origin))));
    expect(stats().totals).toMatchObject({opened: 10, reused: 0});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a connection older than maxConnectionAge is replaced', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch, stats} = openHttp2({maxConnectionAge: 1, limit: 1});
    for (let index = 0; index < 3; index++) {
      await text(fetch(server.origin));
      await delay(2);
    }
    expect(stats().totals.opened).toBe(3);
    await waitFor(() => server.sockets.open.size <= 1);
  });

  it('a request with Connection: close closes the connection', async () => {
    const server = await startHttp2((_request, response) => response.end('ok'));
    const {fetch, stats} = openHttp2();
    await text(fetch(server.origin, {headers: {connection: 'close'}}));
    await waitFor(() => server.sockets.open.size === 0);
    await text(fetch(server.origin));
    expect(stats().totals.opened).toBe(2);
  });

  it('close() closes the connection after its requests have ended', async () => {
    const {held, handler, answerAll} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, connector} = openHttp2({limit: 2});
    const all = [1, 2, 3].map((index) => text(fetch(`${server.origin}/${index}`)));
    await waitFor(() => held.length === 2);
    let closed = false;
    const closing = connector.close().then(() => {
      closed = true;
    });
    await turns(5);
    expect(closed).toBe(false);
    answerAll();
    await waitFor(() => held.length === 1);
    answerAll();
    expect(await Promise.all(all)).toEqual(['/1', '/2', '/3']);
    await closing;
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('destroy() closes the connection and fails its requests', async () => {
    const {held, handler} = createHolder();
    const server = await startHttp2(handler);
    const {fetch, connector} = openHttp2();
    const all = [1, 2, 3].map((index) => failure(fetch(`${server.origin}/${index}`)));
    await waitFor(() => held.length === 3);
    const reason = new Error('over');
    await connector.destroy(reason);
    for (const error of await Promise.all(all)) expect(error).toBe(reason);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('an idle connection lets the process end, in HTTP/1.1 as well, and a request under way keeps it alive', async () => {
    const server = await startHttp2(
      (request, response) => {
        if (request.url === '/large') response.end(Buffer.alloc(1_000_000));
        else setTimeout(() => response.end(request.httpVersion), 50);
      },
      {allowHTTP1: true},
    );
    const plain = await startServer((request, response) => response.end(request.httpVersion), {
      tls: identity,
    });
    const {code, stdout, stderr, time} = await runScript(`
      import {createSession} from 'aiofetch';
      import {undiciConnector} from 'aiofetch/undici';
      const options = {http2: true, keepAliveTimeout: 600_000, tls: {ca: ${JSON.stringify(authority.cert)}}};
      const session = createSession({connector: undiciConnector(options)});
      console.log(await (await session.fetch('${server.origin}')).text());
      console.log(await (await session.fetch('${plain.origin}')).text());
      console.log(session.stats().idle);
      const [read] = globalThis.responses = await Promise.all([1, 2, 3].map(() => session.fetch('${server.origin}/large')));
      console.log((await read.arrayBuffer()).byteLength);
    `);
    // Two bodies stay unread, and don't keep the process alive either.
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: '2.0\n1.1\n2\n1000000\n', stderr: ''});
    expect(time).toBeLessThan(15_000);
  });
});
