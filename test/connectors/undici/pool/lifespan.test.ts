import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {UndiciConnectorOptions} from '../../../../src/connectors/undici/index.ts';
import {presets, undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {waitFor} from '../../../support/wait-for.ts';

/** A server that announces how long it keeps an idle connection open. */
function startAnnouncing(seconds: number) {
  return startRawServer(async (connection) => {
    for (;;) {
      await connection.request();
      connection.respond('ok', `Keep-Alive: timeout=${seconds}\r\n`);
    }
  });
}

describe('keepAliveMaxTimeout', () => {
  it('keepAliveMaxTimeout bounds the announced time, and keepAliveTimeout applies without one', async () => {
    const server = await startAnnouncing(600);
    const {fetch, stats} = openSession({keepAliveTimeout: 1, keepAliveMaxTimeout: 60_000});
    await (await fetch(server.origin)).text();
    await delay(30);
    expect(stats().idle).toBe(1);
    const short = openSession({keepAliveTimeout: 60_000, keepAliveMaxTimeout: 1});
    await (await short.fetch(server.origin)).text();
    await waitFor(() => short.stats().idle === 0);
  });

  it('keepAliveMaxTimeout is keepAliveTimeout by default', async () => {
    const server = await startAnnouncing(600);
    const {fetch, stats} = openSession({keepAliveTimeout: 1});
    await (await fetch(server.origin)).text();
    await waitFor(() => stats().idle === 0);
  });

  it('a shorter announced time applies as it is', async () => {
    const server = await startAnnouncing(1);
    const {fetch, stats} = openSession({keepAliveTimeout: 60_000, keepAliveMaxTimeout: 60_000});
    await (await fetch(server.origin)).text();
    await waitFor(() => stats().idle === 0);
  });
});

describe('maxRequestsPerConnection', () => {
  it('a connection is replaced after that many requests, and the last one announces it to the server', async () => {
    const server = await startServer((request, response) => response.end(request.headers.connection));
    const dialled = watchDialledSockets();
    const {fetch, stats} = openSession({limit: 1, maxRequestsPerConnection: 3});
    const said: string[] = [];
    for (let index = 0; index < 7; index++) said.push(await (await fetch(server.origin)).text());
    expect(said).toEqual([
      'keep-alive',
      'keep-alive',
      'close',
      'keep-alive',
      'keep-alive',
      'close',
      'keep-alive',
    ]);
    expect(stats().totals).toMatchObject({opened: 3, reused: 4});
    expect(dialled.peak).toBe(1);
  });

  it('a value of 1 acts like forceClose', async () => {
    const server = await startServer((request, response) => response.end(request.headers.connection));
    for (const options of [{maxRequestsPerConnection: 1}, {forceClose: true}]) {
      const {fetch, stats} = openSession(options);
      for (let index = 0; index < 3; index++) expect(await (await fetch(server.origin)).text()).toBe('close');
      expect(stats().totals).toMatchObject({opened: 3, reused: 0});
    }
  });
});

describe('maxConnectionAge', () => {
  it('an older connection is replaced when a request needs it', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const dialled = watchDialledSockets();
    const {fetch, stats} = openSession({limit: 1, maxConnectionAge: 200});
    const start = performance.now();
    await (await fetch(server.origin)).text();
    await (await fetch(server.origin)).text();
    if (performance.now() - start < 150) expect(stats().totals.opened).toBe(1);
    await delay(201);
    await (await fetch(server.origin)).text();
    expect(stats().totals.opened).toBeGreaterThanOrEqual(2);
    expect(dialled.peak).toBe(1);
  });

  it('a connection that becomes too old during a response is closed after the response', async () => {
    const server = await startServer(async (_request, response) => {
      response.write('a');
      await delay(30);
      response.end('b');
    });
    const {fetch, stats} = openSession({maxConnectionAge: 10});
    expect(await (await fetch(server.origin)).text()).toBe('ab');
    await waitFor(() => server.sockets.open.size === 0);
    expect(stats()).toMatchObject({idle: 0, hosts: {}});
  });
});

describe('socketPath', () => {
  async function startUnixServer(): Promise<{path: string; hosts: unknown[]}> {
    const directory = await mkdtemp(join(tmpdir(), 'socket-'));
    const path = join(directory, 's');
    const hosts: unknown[] = [];
    const server = createServer((request, response) => {
      hosts.push(request.headers.host);
      response.end(request.url);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, {recursive: true, force: true});
    });
    return {path, hosts};
  }

  it('the socket is connected to, whatever the URL’s host', async () => {
    const {path, hosts} = await startUnixServer();
    const {fetch, stats} = openSession({socketPath: path});
    expect(await (await fetch('http://docker.example/info')).text()).toBe('/info');
    expect(await (await fetch('http://docker.example/version')).text()).toBe('/version');
    expect(await (await fetch('http://localhost/')).text()).toBe('/');
    expect(hosts).toEqual(['docker.example', 'docker.example', 'localhost']);
    expect(Object.keys(stats().hosts)).toEqual(['http://docker.example', 'http://localhost']);
    expect(stats().totals).toMatchObject({opened: 2, reused: 1});
  });

  it('a socket without a server fails the request in phase connect', async () => {
    const {fetch} = openSession({socketPath: join(tmpdir(), 'nobody-listens-here')});
    expect(await failure(fetch('http://localhost/'))).toMatchObject({phase: 'connect', code: 'ENOENT'});
  });

  it.each([
    {proxy: 'http://proxy.example'},
    {localAddress: '127.0.0.1'},
    {family: 4},
    {dns: {}},
    {allowAddress: 'public'},
    {happyEyeballsDelay: 5},
  ] as UndiciConnectorOptions[])('socketPath is refused together with %j', (options) => {
    const [name] = Object.keys(options);
    expect(() => undiciConnector({socketPath: '/run/x', ...options})).toThrow(
      expect.objectContaining({option: `connector.${name}`}),
    );
  });
});

describe('a connector option', () => {
  const wrong: Array<[Record<string, unknown>, string]> = [
    [{keepAliveMaxTimeout: 0}, 'keepAliveMaxTimeout'],
    [{maxConnectionAge: -1}, 'maxConnectionAge'],
    [{maxConnectionAge: '1h'}, 'maxConnectionAge'],
    [{maxRequestsPerConnection: 1.5}, 'maxRequestsPerConnection'],
    [{happyEyeballsDelay: -1}, 'happyEyeballsDelay'],
    [{family: 5}, 'family'],
    [{localAddress: 'eth0'}, 'localAddress'],
    [{localAddress: '127.0.0.1', family: 6}, 'localAddress'],
    [{socketPath: ''}, 'socketPath'],
    [{http2: 1}, 'http2'],
    [{forceClose: 'no'}, 'forceClose'],
    [{keepaliveTimeout: 5}, 'keepaliveTimeout'],
  ];
  it.each(wrong)('the options %j are refused', (options, name) => {
    expect(() => undiciConnector(options)).toThrow(expect.objectContaining({option: `connector.${name}`}));
  });
});

describe('presets', () => {
  it.each(Object.entries(presets))(
    'the preset %s creates a connector, and can be combined with options',
    (_name, preset) => {
      const connector = undiciConnector({...preset, limit: 7});
      expect(connector.stats()).toMatchObject({
        limit: 7,
        limitPerHost: 'limitPerHost' in preset ? preset.limitPerHost : 0,
      });
    },
  );

  it('restrictedApi sends no more than two requests at a time to a host', async () => {
    const server = await startServer(async (_request, response) => {
      await delay(2);
      response.end('ok');
    });
    const {fetch, stats} = openSession(presets.restrictedApi);
    await Promise.all(Array.from({length: 20}, async () => (await fetch(server.origin)).text()));
    expect(server.peak).toBe(2);
    expect(stats().totals.opened).toBe(2);
  });
});
