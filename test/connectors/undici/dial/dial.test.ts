import dns from 'node:dns';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {AiofetchError, ConnectionError, SessionClosedError, TimeoutError} from '../../../../src/index.ts';
import {startServer} from '../../../support/http-server.ts';
import {noHosts} from '../../../support/no-hosts.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {waitFor} from '../../../support/wait-for.ts';

/** An origin on which no server listens. */
async function refusedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

type Answer = (error: Error | null, address?: string | dns.LookupAddress[], family?: number) => void;

/** A `lookup` function that answers for names in ".example". */
function stubLookup(answer: (name: string, done: Answer) => void): void {
  const {lookup} = dns;
  const stub = (name: string, options: dns.LookupOptions, done: Answer) =>
    name.endsWith('.example') ? answer(name, done) : lookup(name, options, done);
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(stub as typeof dns.lookup);
  onTestFinished(() => spy.mockRestore());
}

function systemError(code: string): Error {
  return Object.assign(new Error(`lookup ${code}`), {code, syscall: 'getaddrinfo'});
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );

describe('a dial that fails', () => {
  it('a failed dial is a ConnectionError and a TypeError, with phase and system code', async () => {
    const {fetch} = openSession();
    const error = await failure(fetch(`${await refusedOrigin()}/path?key=secret`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toBeInstanceOf(AiofetchError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({phase: 'connect', code: 'ECONNREFUSED', attempts: 1});
    expect((error as ConnectionError).request?.url).toMatch(/\/path\?key=…$/);
  });

  it('a URL with port 0 is refused as blocked, and not dialled at the default port', async () => {
    const {fetch} = openSession();
    const error = await failure(fetch('http://127.0.0.1:0/'));
    expect(error).toMatchObject({name: 'TypeError', phase: 'connect', code: 'ERR_BLOCKED_PORT'});
    expect((error as Error).message).toContain('Port 0 is blocked');
  });

  it('a failed dial frees its slot for waiting requests', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const refused = await refusedOrigin();
    const {fetch, stats} = openSession({limit: 1});
    const outcomes = await Promise.allSettled([
      fetch(refused),
      fetch(refused),
      fetch(server.origin),
      fetch(refused),
      fetch(server.origin),
    ]);
    expect(outcomes.map(({status}) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });

  it('a name that does not resolve fails the request in phase dns', async () => {
    stubLookup((_name, done) => process.nextTick(done, systemError('ENOTFOUND')));
    const {fetch, stats} = openSession({limit: 1});
    const error = await failure(fetch('http://nowhere.example/'));
    expect(error).toMatchObject({name: 'TypeError', phase: 'dns', code: 'ENOTFOUND'});
    expect(stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('when all addresses fail, the request fails with one error that has their code', async () => {
    const {port} = new URL(await refusedOrigin());
    stubLookup((_name, done) =>
      process.nextTick(done, null, [
        {address: '127.0.0.1', family: 4},
        {address: '127.0.0.2', family: 4},
      ]),
    );
    const {fetch} = openSession();
    const error = await failure(fetch(`http://several.example:${port}`));
    expect(error).toMatchObject({phase: 'connect', code: 'ECONNREFUSED'});
    expect((error as Error).message).toMatch(/ECONNREFUSED/);
  });
});

describe('a name with several addresses', () => {
  it('the host is reached at the address that answers', async () => {
    const server = await startServer((_request, response) => response.end('here'));
    stubLookup((_name, done) =>
      process.nextTick(done, null, [
        {address: '::1', family: 6},
        {address: '127.0.0.2', family: 4},
        {address: '127.0.0.1', family: 4},
      ]),
    );
    const {fetch} = openSession();
    expect(await (await fetch(`http://several.example:${server.port}`)).text()).toBe('here');
    expect(server.requests[0]?.headers.host).toBe(`several.example:${server.port}`);
  });
});

describe('an IPv6 address in the URL', () => {
  it('an IPv6 address in the URL is dialled without a look-up', async () => {
    const server = await startServer((_request, response) => response.end('six'), {host: '::1'});
    const {fetch, stats} = openSession();
    expect(await (await fetch(server.origin)).text()).toBe('six');
    expect(Object.keys(stats().hosts)).toEqual([server.origin]);
    expect(server.requests[0]?.headers.host).toBe(`[::1]:${server.port}`);
  });
});

describe('a dial that takes too long', () => {
  it('a dial that takes too long times out in phase connect and frees its slot', async () => {
    stubLookup(() => {});
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1, connectTimeout: 30});
    const slow = failure(fetch('http://slow.example/?key=secret'));
    const next = fetch(server.origin);
    const error = await slow;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'connect', limit: 30});
    expect(await (await next).text()).toBe('ok');
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });

  it('the connect timeout of a call overrides the connector’s', async () => {
    stubLookup(() => {});
    const {fetch} = openSession({connectTimeout: false});
    const error = await failure(fetch('http://slow.example/', {timeout: {connect: 20}}));
    expect(error).toMatchObject({phase: 'connect', limit: 20});
  });

  it('a handshake that times out closes the socket on the server’s side as well', async () => {
    const server = await startRawServer(() => {});
    const {fetch} = openSession({connectTimeout: 50});
    const error = await failure(fetch(server.origin.replace('http:', 'https:')));
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'connect'});
    await waitFor(() => server.sockets.opened === 1 && server.sockets.open.size === 0);
  });
});

describe('an abort during a dial', () => {
  it('the request rejects at once with the reason, and its slot is free', async () => {
    stubLookup(() => {});
    const server = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1});
    const controller = new AbortController();
    const dialling = failure(fetch('http://slow.example/', {signal: controller.signal}));
    const next = fetch(server.origin);
    expect(stats()).toMatchObject({active: 1, queued: 1});
    const reason = new Error('never mind');
    controller.abort(reason);
    expect(await dialling).toBe(reason);
    expect(await (await next).text()).toBe('ok');
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });

  it('an abort during the TLS handshake closes the socket', async () => {
    const server = await startRawServer(() => {});
    const dialled = watchDialledSockets();
    const {fetch, stats} = openSession({limit: 1});
    const controller = new AbortController();
    const dialling = failure(fetch(server.origin.replace('http:', 'https:'), {signal: controller.signal}));
    await waitFor(() => server.sockets.opened === 1);
    controller.abort();
    expect(await dialling).toBe(controller.signal.reason);
    await waitFor(() => server.sockets.open.size === 0);
    expect(dialled.open.size).toBe(0);
    expect(stats()).toMatchObject({active: 0, hosts: noHosts});
  });

  it('an abort of a request that waits to dial lets the other requests go on', async () => {
    // With limit 1, each host can dial only after the other host's socket is closed.
    const a = await startServer((_request, response) => response.end('ok'));
    const b = await startServer((_request, response) => response.end('ok'));
    const {fetch, stats} = openSession({limit: 1});
    await fetch(a.origin);
    const controller = new AbortController();
    const waiting = failure(fetch(b.origin, {signal: controller.signal}));
    expect(stats()).toMatchObject({active: 1, idle: 0});
    const next = fetch(b.origin);
    controller.abort();
    expect(await waiting).toBe(controller.signal.reason);
    expect(await (await next).text()).toBe('ok');
    expect(b.requests).toHaveLength(1);
  });
});

describe('a dial that was cancelled', () => {
  it('its socket counts towards the limit until it is closed', async () => {
    const mute = await startRawServer(() => {});
    const server = await startServer((_request, response) => response.end('ok'));
    const refused = await refusedOrigin();
    const dialled = watchDialledSockets();
    const {fetch} = openSession({limit: 1, connectTimeout: 20});
    const controller = new AbortController();
    const settling = Promise.allSettled([
      fetch(refused),
      fetch(server.origin),
      fetch(mute.origin.replace('http:', 'https:'), {signal: controller.signal}),
      fetch(server.origin),
      fetch(mute.origin.replace('http:', 'https:')),
      fetch(server.origin),
    ]);
    await waitFor(() => mute.sockets.opened === 1);
    controller.abort();
    const outcomes = await settling;
    expect(outcomes.map(({status}) => status === 'fulfilled')).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(dialled.peak).toBe(1);
  });
});

describe('closing during a dial', () => {
  it('close() lets the request finish first', async () => {
    const server = await startServer((_request, response) => response.end('made it'));
    let goOn = () => {};
    stubLookup((_name, done) => {
      goOn = () => done(null, [{address: '127.0.0.1', family: 4}]);
    });
    const {fetch, connector, stats} = openSession({limit: 1});
    const dialling = fetch(`http://slow.example:${server.port}/1`);
    const queued = fetch(`http://slow.example:${server.port}/2`);
    let closed = false;
    const closing = connector.close().then(() => {
      closed = true;
    });
    const refused = await failure(fetch(server.origin));
    expect(refused).toBeInstanceOf(SessionClosedError);
    expect(closed).toBe(false);
    goOn();
    expect(await (await dialling).text()).toBe('made it');
    expect(await (await queued).text()).toBe('made it');
    await closing;
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('destroy() rejects the request at once with a SessionClosedError', async () => {
    stubLookup(() => {});
    const {fetch, session, stats} = openSession({limit: 1});
    const dialling = failure(fetch('http://slow.example/1'));
    const queued = failure(fetch('http://slow.example/2'));
    const why = new Error('shutting down');
    await session.destroy(why);
    for (const error of [await dialling, await queued]) {
      expect(error).toBeInstanceOf(SessionClosedError);
      expect((error as Error).cause).toBe(why);
    }
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });
});
