import {beforeAll, describe, expect, it} from 'vitest';
import {InvalidOptionError, SessionClosedError} from '../../../../src/index.ts';
import type {Authority} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {turns, waitFor} from '../../../support/wait-for.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

const startEcho = () => startServer((request, response) => response.end(request.url));
const text = async (response: Promise<Response>) => (await response).text();

describe('preconnect', () => {
  it('requests use the connections that preconnect opened', async () => {
    const [a, b] = [await startEcho(), await startEcho()];
    const {fetch, connector, stats} = openSession();
    await connector.preconnect([`${a.origin}/some/path`, new URL(b.origin), a.origin]);
    expect(stats()).toMatchObject({active: 0, idle: 2, totals: {opened: 2, sent: 0}});
    await waitFor(() => a.sockets.open.size === 1 && b.sockets.open.size === 1);
    expect(await text(fetch(`${a.origin}/a`))).toBe('/a');
    expect(await text(fetch(`${a.origin}/b`, {method: 'POST'}))).toBe('/b');
    expect(await text(fetch(`${b.origin}/c`))).toBe('/c');
    expect(stats()).toMatchObject({idle: 2, totals: {opened: 2, sent: 3, reused: 1}});
  });

  it('a connection that preconnect opened has completed its TLS handshake', async () => {
    const server = await startServer((_request, response) => response.end('ok'), {
      tls: await authority.issue(),
    });
    const {fetch, connector, stats} = openSession({tls: {ca: authority.cert}});
    await connector.preconnect([server.origin], {connections: 2});
    expect(stats()).toMatchObject({idle: 2, totals: {opened: 2}});
    expect(await Promise.all([text(fetch(server.origin)), text(fetch(server.origin))])).toEqual(['ok', 'ok']);
    expect(stats().totals.opened).toBe(2);
  });

  it('preconnect opens one shared connection over HTTP/2', async () => {
    const server = await startHttp2Server(
      await authority.issue(),
      (_request, response) => void response.end('ok'),
    );
    const {fetch, connector, stats} = openSession({http2: true, tls: {ca: authority.cert}});
    await connector.preconnect([server.origin], {connections: 5});
    expect(stats()).toMatchObject({active: 0, idle: 1, totals: {opened: 1, sent: 0}});
    await connector.preconnect([server.origin], {connections: 5});
    expect(await text(fetch(server.origin))).toBe('ok');
    expect(stats().totals).toMatchObject({sent: 1, reused: 0});
    expect(await Promise.all(Array.from({length: 9}, () => text(fetch(server.origin))))).toHaveLength(9);
    expect(stats().totals.opened).toBe(1);
  });

  it('preconnect opens only the missing connections', async () => {
    const server = await startEcho();
    const {fetch, connector, stats} = openSession();
    await text(fetch(server.origin));
    await connector.preconnect([server.origin]);
    expect(stats().totals.opened).toBe(1);
    await connector.preconnect([server.origin], {connections: 3});
    expect(stats()).toMatchObject({idle: 3, totals: {opened: 3}});
  });

  it('preconnect keeps to the limits, and closes idle connections of other hosts', async () => {
    const [a, b, c] = [await startEcho(), await startEcho(), await startEcho()];
    const dialled = watchDialledSockets();
    const {fetch, connector, stats} = openSession({limit: 2});
    await connector.preconnect([a.origin, b.origin, c.origin]);
    expect(stats()).toMatchObject({active: 0, idle: 2});
    for (const {origin} of [a, b, c]) expect(await text(fetch(origin))).toBe('/');
    expect(dialled.peak).toBe(2);
  });

  it('preconnect waits in the queue, and lets waiting requests have their turn', async () => {
    let respond = () => {};
    const server = await startServer((_request, response) => {
      respond = () => response.end('ok');
    });
    const {fetch, connector, stats} = openSession({limit: 1});
    const running = text(fetch(server.origin));
    await waitFor(() => server.requests.length === 1);
    const preconnecting = connector.preconnect([server.origin]);
    const next = text(fetch(server.origin));
    expect(stats()).toMatchObject({active: 1, queued: 2});
    respond();
    await running;
    await preconnecting;
    await waitFor(() => server.requests.length === 2);
    respond();
    expect(await next).toBe('ok');
    expect(stats()).toMatchObject({active: 0, queued: 0, idle: 1});
  });

  it('a connection that can’t be opened rejects preconnect and frees the slot', async () => {
    const dns = createLookup({});
    const {connector, stats} = openSession({dns: {lookup: dns.lookup}, limit: 1});
    const error = await failure(connector.preconnect(['https://nowhere.example/?key=secret']));
    expect(error).toMatchObject({name: 'TypeError', phase: 'dns', code: 'ENOTFOUND'});
    expect((error as Error).message).toContain('https://nowhere.example');
    expect((error as Error).message).not.toContain('secret');
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('preconnect times out after connectTimeout', async () => {
    const server = await startRawServer(() => {});
    const {connector, stats} = openSession({connectTimeout: 20});
    const error = await failure(connector.preconnect([server.origin.replace('http:', 'https:')]));
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'connect', limit: 20});
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('a URL that is not HTTP is refused', async () => {
    const {connector} = openSession();
    expect(await failure(connector.preconnect(['ftp://a.example']))).toBeInstanceOf(TypeError);
    expect(await failure(connector.preconnect(['nowhere']))).toBeInstanceOf(TypeError);
    expect(await failure(connector.preconnect([], {connections: 0}))).toBeInstanceOf(InvalidOptionError);
  });

  it('preconnect is refused after close(), and rejects on destroy()', async () => {
    const dns = createLookup({'slow.example': ['127.0.0.1']});
    dns.hold();
    const {connector} = openSession({dns: {lookup: dns.lookup}, limit: 1});
    const dialling = failure(connector.preconnect(['http://slow.example']));
    const queued = failure(connector.preconnect(['http://other.example']));
    const reason = new Error('over');
    await connector.destroy(reason);
    expect(await dialling).toBe(reason);
    expect(await queued).toBe(reason);
    expect(await failure(connector.preconnect(['http://slow.example']))).toBeInstanceOf(SessionClosedError);
  });
});

describe('a connection that waits for its first request', () => {
  it('an unused connection is closed after keepAliveTimeout', async () => {
    const server = await startEcho();
    const {connector, stats} = openSession({keepAliveTimeout: 5});
    await connector.preconnect([server.origin]);
    await waitFor(() => stats().idle === 0 && server.sockets.open.size === 0);
    expect(stats().hosts).toEqual({});
  });

  it.each(['end', 'destroy'] as const)(
    'an unused connection is dropped when the server closes it (%s)',
    async (way) => {
      const server = await startEcho();
      const {fetch, connector, stats} = openSession();
      await connector.preconnect([server.origin]);
      await waitFor(() => server.sockets.open.size === 1);
      for (const socket of server.sockets.open) socket[way]();
      await waitFor(() => stats().idle === 0);
      expect(await text(fetch(server.origin, {method: 'POST', body: 'x'}))).toBe('/');
      expect(stats().totals.opened).toBe(2);
    },
  );

  it('a request whose unused connection dies is sent again', async () => {
    const server = await startRawServer(async (connection) => {
      if (connection.index === 0) {
        await connection.head();
        connection.socket.destroy();
        return;
      }
      await connection.request();
      connection.respond('second');
    });
    const {fetch, connector, stats} = openSession();
    await connector.preconnect([server.origin]);
    expect(await text(fetch(server.origin))).toBe('second');
    expect(stats().totals).toMatchObject({opened: 2, reused: 0});
  });

  it('an unused connection is closed on unsolicited data', async () => {
    const server = await startRawServer(async (connection) => {
      if (connection.index === 0)
        connection.send('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
      await connection.request();
      connection.respond(`from ${connection.index}`);
    });
    const {fetch, connector, stats} = openSession();
    await connector.preconnect([server.origin]);
    await waitFor(() => stats().idle === 0);
    expect(await text(fetch(server.origin))).toBe('from 1');
  });

  it('an unused connection is closed with the connector', async () => {
    const server = await startEcho();
    const {connector, stats} = openSession();
    await connector.preconnect([server.origin], {connections: 3});
    await connector.close();
    expect(stats()).toMatchObject({idle: 0, hosts: {}});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('an unused connection lets the process end', async () => {
    const {execFile} = await import('node:child_process');
    const server = await startEcho();
    const module = new URL('../../../../src/connectors/undici/index.ts', import.meta.url).href;
    const program = `import {undiciConnector} from '${module}';
      await undiciConnector({keepAliveTimeout: 600_000}).preconnect(['${server.origin}']);
      console.log('connected');`;
    const output = await new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        ['--conditions=@aiofetch/source', '--input-type=module', '-e', program],
        {timeout: 50_000},
        (error, stdout) => (error ? reject(error) : resolve(stdout)),
      );
    });
    expect(output).toBe('connected\n');
    await turns();
  });
});
