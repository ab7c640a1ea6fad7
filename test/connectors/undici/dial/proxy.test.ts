import {inspect} from 'node:util';
import {beforeAll, describe, expect, it, vi} from 'vitest';
import type {ProxyOption} from '../../../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import {bodyOf, startServer} from '../../../support/http-server.ts';
import {startHttp2Server} from '../../../support/http2-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {startProxy, startSocks} from '../../../support/proxy-server.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {waitFor} from '../../../support/wait-for.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue({hosts: ['secure.example', 'localhost', '127.0.0.1']});
});

const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;

/** A server that answers with the method, path, host and body of the request. */
const startEcho = (options?: Parameters<typeof startServer>[1]) =>
  startServer(async (request, response) => {
    const body = (await bodyOf(request)).toString();
    response.end([request.method, request.url, request.headers.host, body].join(' '));
  }, options);

describe('an HTTP proxy', () => {
  it('requests without TLS are sent to the proxy in absolute-form', async () => {
    const server = await startEcho();
    const proxy = await startProxy();
    const {fetch, stats} = openSession({proxy: `http://127.0.0.1:${proxy.port}`});
    const origin = `http://plain.example:${server.port}`;
    const response = await fetch(`${origin}/a?b=c`, {method: 'POST', body: 'hi'});
    expect(response.headers.get('via')).toBe('1.1 proxy');
    expect(response.url).toBe(`${origin}/a?b=c`);
    expect(await response.text()).toBe(`POST /a?b=c plain.example:${server.port} hi`);
    expect(await (await fetch(`${origin}/again`)).text()).toBe(`GET /again plain.example:${server.port} `);
    expect(proxy.asked).toEqual([`POST ${origin}/a?b=c`, `GET ${origin}/again`]);
    expect(proxy.credentials).toEqual([undefined, undefined]);
    expect(proxy.sockets.opened).toBe(1);
    // Statistics go by the host behind the proxy.
    expect(Object.keys(stats().hosts)).toEqual([origin]);
    expect(server.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  it('TLS goes through a tunnel, in which the proxy sees nothing', async () => {
    const server = await startEcho({tls: identity});
    const proxy = await startProxy();
    const {fetch, stats} = openSession({
      proxy: `http://127.0.0.1:${proxy.port}`,
      tls: {ca: authority.cert},
    });
    const origin = `https://secure.example:${server.port}`;
    for (let index = 0; index < 3; index++) {
      expect(await (await fetch(`${origin}/a`)).text()).toBe(`GET /a secure.example:${server.port} `);
    }
    expect(proxy.asked).toEqual([`CONNECT secure.example:${server.port}`]);
    expect(Object.keys(stats().hosts)).toEqual([origin]);
    expect(stats().totals).toMatchObject({opened: 1, reused: 2});
  });

  it('the connection to an https: proxy uses TLS', async () => {
    const proxy = await startProxy({tls: identity});
    const url = `https://localhost:${proxy.port}`;
    const plain = await startEcho();
    const secure = await startEcho({tls: identity});
    const {fetch} = openSession({
      proxy: {url, tls: {ca: authority.cert}},
      tls: {ca: authority.cert},
    });
    expect(await (await fetch(`http://plain.example:${plain.port}/`)).text()).toMatch(/^GET \/ plain/);
    expect(await (await fetch(`https://secure.example:${secure.port}/`)).text()).toMatch(/^GET \/ secure/);
    expect(proxy.asked).toEqual([
      `GET http://plain.example:${plain.port}/`,
      `CONNECT secure.example:${secure.port}`,
    ]);
    const unverified = openSession({proxy: url, tls: {ca: authority.cert}});
    const error = await failure(unverified.fetch(`http://plain.example:${plain.port}/`));
    expect(error).toMatchObject({phase: 'tls', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'});
    expect((error as Error).message).toMatch(/Proxy could not be reached/);
  });

  it('the proxy gets one CONNECT for each connection, and no more than the limits allow', async () => {
    const server = await startServer((_request, response) => setImmediate(() => response.end('ok')), {
      tls: identity,
    });
    const proxy = await startProxy();
    const {fetch, stats} = openSession({
      proxy: `http://127.0.0.1:${proxy.port}`,
      tls: {ca: authority.cert},
      limitPerHost: 2,
    });
    const all = Array.from({length: 20}, () => fetch(`https://secure.example:${server.port}/`));
    for (const response of await Promise.all(all)) expect(await response.text()).toBe('ok');
    expect(proxy.sockets.peak).toBe(2);
    expect(stats().totals.opened).toBe(2);
  });

  it('a redirect from http: to https: is followed through the proxy', async () => {
    const secure = await startEcho({tls: identity});
    const plain = await startServer((_request, response) => {
      response.writeHead(302, {location: `https://secure.example:${secure.port}/there`}).end();
    });
    const proxy = await startProxy({authorization: basic('user:secret')});
    const {fetch} = openSession({
      proxy: `http://user:secret@127.0.0.1:${proxy.port}`,
      tls: {ca: authority.cert},
    });
    expect(await (await fetch(`http://plain.example:${plain.port}/`)).text()).toMatch(/^GET \/there secure/);
    expect(proxy.asked).toEqual([
      `GET http://plain.example:${plain.port}/`,
      `CONNECT secure.example:${secure.port}`,
    ]);
    expect(secure.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });
});

describe('HTTP/2', () => {
  const kinds: Record<
    string,
    () => Promise<{readonly option: ProxyOption; readonly asked: readonly string[]}>
  > = {
    'an HTTP proxy': async () => {
      const proxy = await startProxy();
      return {option: `http://127.0.0.1:${proxy.port}`, asked: proxy.asked};
    },
    'an HTTPS proxy': async () => {
      const proxy = await startProxy({tls: identity});
      return {
        option: {url: `https://localhost:${proxy.port}`, tls: {ca: authority.cert}},
        asked: proxy.asked,
      };
    },
    'a SOCKS5 proxy': async () => {
      const proxy = await startSocks();
      return {option: `socks5h://127.0.0.1:${proxy.port}`, asked: proxy.asked};
    },
  };
  for (const [name, start] of Object.entries(kinds)) {
    it(`requests go through ${name} on one HTTP/2 connection`, async () => {
      const server = await startHttp2Server(identity, (request, response) => void request.pipe(response));
      const {option, asked} = await start();
      const {fetch, stats} = openSession({http2: true, proxy: option, tls: {ca: authority.cert}});
      const body = 'x'.repeat(100_000);
      const all = Array.from({length: 10}, () =>
        fetch(`https://secure.example:${server.port}/`, {method: 'POST', body}),
      );
      for (const response of await Promise.all(all)) expect(await response.text()).toBe(body);
      expect(server.sessions).toHaveLength(1);
      expect(asked).toHaveLength(1);
      expect(stats().totals.opened).toBe(1);
    });
  }
});

describe('proxy credentials', () => {
  const ways: Record<string, [(port: number) => ProxyOption, string]> = {
    'in the URL': [(port) => `http://user:se%40cret@127.0.0.1:${port}`, basic('user:se@cret')],
    'as basic': [
      (port) => ({url: `http://127.0.0.1:${port}`, auth: {basic: {username: 'üser', password: 'secret'}}}),
      basic('üser:secret'),
    ],
    'as bearer, which overrides the URL’s': [
      (port) => ({url: new URL(`http://a:b@127.0.0.1:${port}`), auth: {bearer: 'secret-token'}}),
      'Bearer secret-token',
    ],
  };
  for (const [name, [option, authorization]] of Object.entries(ways)) {
    it(`the proxy gets credentials given ${name}, for tunnels and plain requests`, async () => {
      const proxy = await startProxy({authorization});
      const plain = await startEcho();
      const secure = await startEcho({tls: identity});
      const {fetch} = openSession({proxy: option(proxy.port), tls: {ca: authority.cert}});
      expect((await fetch(`http://plain.example:${plain.port}/`)).status).toBe(200);
      expect((await fetch(`https://secure.example:${secure.port}/`)).status).toBe(200);
      expect(proxy.credentials).toEqual([authorization, authorization]);
      for (const {headers} of [...plain.requests, ...secure.requests]) {
        expect(headers['proxy-authorization']).toBeUndefined();
      }
    });
  }

  it('wrong credentials lead to status 407 for a plain request, and to an error without secrets for a tunnel', async () => {
    const proxy = await startProxy({authorization: 'Basic other'});
    const {fetch, connector, stats} = openSession({proxy: `http://user:secret@127.0.0.1:${proxy.port}`});
    expect((await fetch('http://plain.example/')).status).toBe(407);
    const error = await failure(fetch('https://secure.example/'));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'connect', code: 'ERR_PROXY_AUTH'});
    expect((error as Error).message).toMatch(/Proxy answered CONNECT with status 407/);
    for (const shown of [inspect(error, {depth: 9}), JSON.stringify(error), inspect(connector, {depth: 9})]) {
      expect(shown).not.toContain('secret');
      expect(shown).not.toContain(Buffer.from('user:secret').toString('base64'));
    }
    expect(stats().active).toBe(0);
    await waitFor(() => stats().idle === 1 && proxy.sockets.open.size === 1);
  });
});

describe('a proxy that fails', () => {
  const answers: Record<string, [string, string]> = {
    'with a status': ['HTTP/1.1 403 Forbidden\r\n\r\nno', 'ERR_PROXY_REFUSED'],
    'other than HTTP': ['220 smtp ready\r\n\r\n', 'ERR_PROXY_PROTOCOL'],
    'with a head that is too long': [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`, 'ERR_PROXY_PROTOCOL'],
    'with half a head': ['HTTP/1.1 200 OK\r\n', 'ERR_PROXY_CLOSED'],
    'without any data': ['', 'ERR_PROXY_CLOSED'],
  };
  for (const [name, [answer, code]] of Object.entries(answers)) {
    it(`an answer ${name} fails the request in phase connect`, async () => {
      const proxy = await startProxy({answer});
      const {fetch, stats} = openSession({proxy: `http://127.0.0.1:${proxy.port}`, limit: 1});
      for (let index = 0; index < 2; index++) {
        const error = await failure(fetch('https://secure.example/'));
        expect(error).toMatchObject({name: 'TypeError', phase: 'connect', code});
      }
      expect(stats()).toMatchObject({active: 0, hosts: {}});
      await waitFor(() => proxy.sockets.open.size === 0);
    });
  }

  it('a proxy that does not answer CONNECT makes the dial time out', async () => {
    const proxy = await startRawServer(() => {});
    const {fetch} = openSession({proxy: proxy.origin, connectTimeout: 30});
    const error = await failure(fetch('https://secure.example/'));
    expect(error).toMatchObject({name: 'TimeoutError', phase: 'connect'});
    await waitFor(() => proxy.sockets.opened === 1 && proxy.sockets.open.size === 0);
  });

  it('a proxy that can’t be reached is named in the error', async () => {
    const dns = createLookup({});
    const {fetch} = openSession({proxy: 'http://proxy.example:3128', dns: {lookup: dns.lookup}});
    const error = await failure(fetch('http://plain.example/'));
    expect(error).toMatchObject({phase: 'dns', code: 'ENOTFOUND'});
    expect((error as Error).message).toMatch(
      /Proxy could not be reached: getaddrinfo ENOTFOUND proxy.example/,
    );
    expect(dns.asked).toEqual(['proxy.example']);
  });
});

describe('a SOCKS5 proxy', () => {
  it('the proxy gets host names with socks5h:, and addresses with socks5:', async () => {
    const server = await startEcho();
    const dns = createLookup({'plain.example': ['127.0.0.1']});
    for (const [scheme, host] of [
      ['socks5h', 'plain.example'],
      ['socks5', '127.0.0.1'],
    ] as const) {
      const proxy = await startSocks();
      const {fetch, stats} = openSession({
        proxy: `${scheme}://127.0.0.1:${proxy.port}`,
        dns: {lookup: dns.lookup},
      });
      const origin = `http://plain.example:${server.port}`;
      for (let index = 0; index < 2; index++) {
        expect(await (await fetch(`${origin}/a`)).text()).toBe(`GET /a plain.example:${server.port} `);
      }
      expect(proxy.asked).toEqual([`CONNECT ${host}:${server.port}`]);
      expect(Object.keys(stats().hosts)).toEqual([origin]);
    }
    expect(dns.asked).toEqual(['plain.example']);
  });

  it('TLS goes through a SOCKS5 proxy', async () => {
    const server = await startEcho({tls: identity});
    const proxy = await startSocks();
    const {fetch} = openSession({
      proxy: `socks5h://127.0.0.1:${proxy.port}`,
      tls: {ca: authority.cert},
    });
    expect(await (await fetch(`https://secure.example:${server.port}/a`)).text()).toMatch(/^GET \/a secure/);
    expect(proxy.asked).toEqual([`CONNECT secure.example:${server.port}`]);
  });

  it('an IP address in the URL reaches the proxy as an address', async () => {
    const four = await startEcho();
    const six = await startEcho({host: '::1'});
    const proxy = await startSocks();
    const {fetch} = openSession({proxy: `socks5h://127.0.0.1:${proxy.port}`});
    expect((await fetch(four.origin)).ok).toBe(true);
    expect((await fetch(six.origin)).ok).toBe(true);
    expect(proxy.asked).toEqual([
      `CONNECT 127.0.0.1:${four.port}`,
      `CONNECT 00000000000000000000000000000001:${six.port}`,
    ]);
  });

  it('the proxy gets username and password when it asks for them', async () => {
    const server = await startEcho();
    const login = {username: 'user', password: 'se:cret'};
    const proxy = await startSocks({login});
    for (const option of [
      `socks5h://user:se%3Acret@127.0.0.1:${proxy.port}`,
      {url: `socks5h://127.0.0.1:${proxy.port}`, auth: {basic: login}},
    ]) {
      const {fetch} = openSession({proxy: option});
      expect((await fetch(`http://plain.example:${server.port}`)).ok).toBe(true);
    }
    expect(proxy.credentials).toEqual(['user:se:cret', 'user:se:cret']);
    const open = await startSocks();
    const {fetch} = openSession({proxy: `socks5h://user:secret@127.0.0.1:${open.port}`});
    expect((await fetch(`http://plain.example:${server.port}`)).ok).toBe(true);
    expect(open.credentials).toEqual([undefined]);
  });

  it('a refused login fails the request with an error without secrets', async () => {
    const proxy = await startSocks({login: {username: 'user', password: 'right'}});
    for (const userinfo of ['user:secret@', '']) {
      const {fetch} = openSession({proxy: `socks5h://${userinfo}127.0.0.1:${proxy.port}`});
      const error = await failure(fetch('http://plain.example/'));
      expect(error).toMatchObject({name: 'TypeError', phase: 'connect', code: 'ERR_PROXY_AUTH'});
      expect(inspect(error, {depth: 9})).not.toContain('secret');
    }
    await waitFor(() => proxy.sockets.open.size === 0);
  });

  it.each([
    [1, 'failed'],
    [2, 'does not allow'],
    [4, 'cannot reach the host'],
    [5, 'was refused the connection'],
    [99, 'answered 99'],
  ])('the reply %i fails the request with an error that says “%s”', async (reply, message) => {
    const proxy = await startSocks({reply});
    const {fetch} = openSession({proxy: `socks5h://127.0.0.1:${proxy.port}`});
    const error = await failure(fetch('http://plain.example/'));
    expect(error).toMatchObject({phase: 'connect', code: 'ERR_PROXY_REFUSED'});
    expect((error as Error).message).toContain(`Proxy ${message}`);
  });

  it('an HTTP answer instead of SOCKS5 fails the request', async () => {
    const proxy = await startRawServer((connection) => {
      connection.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    const {fetch} = openSession({proxy: `socks5h://127.0.0.1:${proxy.port}`});
    expect(await failure(fetch('http://plain.example/'))).toMatchObject({code: 'ERR_PROXY_PROTOCOL'});
  });
});

describe('noProxy', () => {
  const rules: Array<[string | string[], string, boolean]> = [
    ['*', 'http://any.example', true],
    ['any.example', 'http://any.example', true],
    ['any.example', 'https://www.any.example', true],
    ['any.example', 'http://many.example', false],
    ['.any.example', 'http://www.any.example', true],
    ['*.any.example', 'http://www.any.example', true],
    ['ANY.example', 'http://any.example', true],
    ['any.example:8080', 'http://any.example:8080', true],
    ['any.example:8080', 'http://any.example', false],
    ['any.example:443', 'https://any.example', true],
    ['other.example, any.example', 'http://any.example', true],
    [['other.example', 'any.example'], 'http://any.example', true],
    ['127.0.0.1', 'http://127.0.0.1:8080', true],
    ['127.0.0.1:80', 'http://127.0.0.1:8080', false],
    ['127.0.0.0/8', 'http://127.1.2.3', true],
    ['10.0.0.0/8', 'http://127.1.2.3', false],
    ['10.0.0.0/8', 'http://10.example', false],
    ['::1', 'http://[::1]:8080', true],
    ['[::1]', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]:8081', false],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['fd00::/8', 'http://[fe80::1]', false],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]', true],
    ['any.example', 'http://any.example.', true],
    ['any.example', 'http://www.any.example.', true],
    ['any.example.', 'http://any.example', true],
    ['.any.example.', 'http://www.any.example.', true],
    ['any.example.:8080', 'http://any.example:8080', true],
    ['many.example', 'http://any.example.', false],
    ['bücher.example', 'http://bücher.example', true],
    ['xn--bcher-kva.example', 'http://BÜCHER.example', true],
    ['127.1', 'http://127.0.0.1', true],
    ['', 'http://any.example', false],
    ['10.0.0.0/99', 'http://10.0.0.1', false],
  ];
  it.each(rules)('with noProxy %j, a request to %s is direct: %s', async (noProxy, url, isDirect) => {
    const asked: string[] = [];
    const dns = createLookup({});
    const {fetch} = openSession({
      proxy: {url: 'http://proxy.example:1', noProxy},
      dns: {
        lookup: (name, options, done) => {
          asked.push(name);
          dns.lookup(name, options, done);
        },
      },
      connectTimeout: 200,
    });
    await failure(fetch(url));
    expect(asked.includes('proxy.example')).toBe(!isDirect);
  });
});

describe('proxy: "env"', () => {
  /** The host that a request is sent to with these environment variables. */
  async function proxyOf(url: string, env: Record<string, string>): Promise<string> {
    for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
      vi.stubEnv(name, env[name]);
      vi.stubEnv(name.toUpperCase(), env[name.toUpperCase()]);
    }
    vi.stubEnv('REQUEST_METHOD', env['REQUEST_METHOD']);
    const dns = createLookup({});
    try {
      const {fetch} = openSession({proxy: 'env', dns: {lookup: dns.lookup}});
      await failure(fetch(url));
    } finally {
      vi.unstubAllEnvs();
    }
    return dns.asked[0] ?? '';
  }

  const plain = 'http://site.example/';
  const secure = 'https://site.example/';
  const cases: Array<[string, Record<string, string>, string]> = [
    [plain, {}, 'site.example'],
    [plain, {HTTP_PROXY: 'http://a.example'}, 'a.example'],
    [plain, {http_proxy: 'http://a.example:3128', HTTP_PROXY: 'http://b.example'}, 'a.example'],
    [plain, {http_proxy: 'a.example:3128'}, 'a.example'],
    [plain, {HTTPS_PROXY: 'http://a.example'}, 'site.example'],
    [secure, {HTTP_PROXY: 'http://a.example'}, 'site.example'],
    [secure, {HTTPS_PROXY: 'http://a.example'}, 'a.example'],
    [secure, {all_proxy: 'socks5h://a.example'}, 'a.example'],
    [secure, {ALL_PROXY: 'http://a.example', HTTPS_PROXY: 'http://b.example'}, 'b.example'],
    [plain, {ALL_PROXY: 'http://a.example', NO_PROXY: 'site.example'}, 'site.example'],
    [plain, {ALL_PROXY: 'http://a.example', no_proxy: 'other.example', NO_PROXY: '*'}, 'a.example'],
    [plain, {ALL_PROXY: 'http://a.example', no_proxy: ''}, 'a.example'],
    [plain, {HTTP_PROXY: 'http://a.example', REQUEST_METHOD: 'GET'}, 'site.example'],
    [plain, {http_proxy: 'http://a.example', REQUEST_METHOD: 'GET'}, 'a.example'],
    [plain, {http_proxy: ' '}, 'site.example'],
  ];
  it.each(cases)('a request to %s with the environment %j goes to %s', async (url, env, host) => {
    expect(await proxyOf(url, env)).toBe(host);
  });

  it('an invalid proxy in the environment is refused with an error without secrets', () => {
    vi.stubEnv('http_proxy', 'ftp://user:secret@a.example');
    try {
      expect(() => undiciConnector({proxy: 'env'})).toThrow(
        expect.objectContaining({
          option: 'connector.proxy (http_proxy)',
          message: expect.not.stringContaining('secret'),
        }),
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('proxy options', () => {
  const url = 'http://a.example';
  const wrong: Array<[unknown, string]> = [
    [5, 'connector.proxy'],
    ['', 'connector.proxy'],
    ['user:secret@a.example', 'connector.proxy'],
    ['ftp://user:secret@a.example', 'connector.proxy'],
    ['http://user:se%GGcret@a.example', 'connector.proxy'],
    [{}, 'connector.proxy'],
    [{url, password: 'secret'}, 'connector.proxy.password'],
    [{url, auth: 'secret'}, 'connector.proxy.auth'],
    [{url, auth: {}}, 'connector.proxy.auth'],
    [{url, auth: {bearer: 'se cret'}}, 'connector.proxy.auth.bearer'],
    [{url, auth: {basic: {username: 'a:b', password: 'secret'}}}, 'connector.proxy.auth.basic'],
    [{url, tls: {}}, 'connector.proxy.tls'],
    [{url: 'https://a.example', tls: {pin: 'secret'}}, 'connector.proxy.tls.pin'],
    [{url, noProxy: [5]}, 'connector.proxy.noProxy'],
    [{url, noProxy: 5}, 'connector.proxy.noProxy'],
    [{url: 'socks5://a.example', auth: {bearer: 'secret'}}, 'connector.proxy.auth'],
    [{url: `socks5://user:secret${'x'.repeat(300)}@a.example`}, 'connector.proxy.auth'],
  ];
  it.each(wrong)('the options %j are refused with an error without secrets', (proxy, option) => {
    let error: unknown;
    try {
      undiciConnector({proxy: proxy as ProxyOption});
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({option});
    if (!String((error as {option: string}).option).endsWith('.pin')) {
      expect(String(error)).not.toMatch(/se.?.?.?cret/);
    }
  });
});
