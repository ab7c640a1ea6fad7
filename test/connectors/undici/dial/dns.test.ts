import type {LookupFunction} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {DnsOptions} from '../../../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import type {HttpServer} from '../../../support/http-server.ts';
import {startServer} from '../../../support/http-server.ts';
import {createLookup, notFound} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {waitFor} from '../../../support/wait-for.ts';

/** A server that answers with the address it was reached at. It closes each connection, so that the next request dials again. */
function startCloser(host = '127.0.0.1'): Promise<HttpServer> {
  return startServer(
    (request, response) => {
      response.setHeader('connection', 'close');
      response.end(request.socket.localAddress);
    },
    {host},
  );
}

const text = async (response: Promise<Response>) => (await response).text();

describe('a DNS answer', () => {
  it('an answer is cached for ten seconds by default', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': ['127.0.0.1']});
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    for (let index = 0; index < 5; index++) await text(fetch(`http://api.example:${server.port}`));
    expect(server.sockets.opened).toBe(5);
    expect(dns.asked).toEqual(['api.example']);
    expect(dns.options[0]).toMatchObject({all: true, family: 0});
  });

  it('an expired answer is queried again', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': ['127.0.0.1']});
    const {fetch} = openSession({dns: {lookup: dns.lookup, ttl: 10}});
    await text(fetch(`http://api.example:${server.port}`));
    await waitFor(() => dns.asked.length === 1);
    await delay(11);
    await text(fetch(`http://api.example:${server.port}`));
    expect(dns.asked).toHaveLength(2);
  });

  it('with a ttl of 0, each connection queries again', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': ['127.0.0.1']});
    const {fetch} = openSession({dns: {lookup: dns.lookup, ttl: 0}});
    for (let index = 0; index < 3; index++) await text(fetch(`http://api.example:${server.port}`));
    expect(dns.asked).toHaveLength(3);
  });

  it('simultaneous requests share one query, also with a ttl of 0', async () => {
    const server = await startCloser();
    for (const ttl of [0, 10_000]) {
      const dns = createLookup({'api.example': ['127.0.0.1']});
      dns.hold();
      const {fetch} = openSession({dns: {lookup: dns.lookup, ttl}});
      const all = Array.from({length: 20}, () => text(fetch(`http://api.example:${server.port}`)));
      expect(dns.asked).toHaveLength(1);
      dns.release();
      expect(new Set(await Promise.all(all))).toEqual(new Set(['127.0.0.1']));
      expect(dns.asked).toHaveLength(1);
    }
  });

  it('a query that no request waits for any more delays no later request', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': ['127.0.0.1']});
    dns.hold();
    const {fetch} = openSession({dns: {lookup: dns.lookup}, connectTimeout: 20});
    const url = `http://api.example:${server.port}`;
    expect(await failure(fetch(url))).toMatchObject({name: 'TimeoutError', phase: 'connect'});
    dns.release();
    expect(await text(fetch(url))).toBe('127.0.0.1');
    // The answer came too late for the first request and in time for the second.
    expect(dns.asked).toHaveLength(1);
  });

  it('the oldest entry is dropped when there are more names than cacheSize', async () => {
    const server = await startCloser();
    const dns = createLookup(
      Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.example`, ['127.0.0.1']])),
    );
    const {fetch} = openSession({dns: {lookup: dns.lookup, cacheSize: 2}});
    for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) {
      await text(fetch(`http://${name}.example:${server.port}`));
    }
    expect(dns.asked).toEqual(['a.example', 'b.example', 'c.example', 'a.example']);
  });

  it('an answer in the form of one address and its family is accepted', async () => {
    const server = await startCloser();
    const lookup: LookupFunction = (_name, _options, done) => done(null, '127.0.0.1', 4);
    const {fetch} = openSession({dns: {lookup}});
    expect(await text(fetch(`http://api.example:${server.port}`))).toBe('127.0.0.1');
  });

  const useless: Record<string, LookupFunction> = {
    'without an address': (_name, _options, done) => done(null, []),
    'that is not an address': (_name, _options, done) => done(null, 'localhost', 4),
    'of undefined': (_name, _options, done) => done(null, undefined as never),
    'that is a throw': () => {
      throw Object.assign(new Error('no resolver'), {code: 'ENOTFOUND'});
    },
  };
  for (const [name, lookup] of Object.entries(useless)) {
    it(`an answer ${name} fails the request in phase dns`, async () => {
      const {fetch, stats} = openSession({dns: {lookup}, limit: 1});
      for (let index = 0; index < 2; index++) {
        const error = await failure(fetch('http://api.example/'));
        expect(error).toMatchObject({name: 'TypeError', phase: 'dns', code: 'ENOTFOUND'});
      }
      expect(stats()).toMatchObject({active: 0, hosts: {}});
    });
  }
});

describe('a failed look-up', () => {
  it('a failure is not cached', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': notFound('api.example')});
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    const url = `http://api.example:${server.port}`;
    expect(await failure(fetch(url))).toMatchObject({phase: 'dns', code: 'ENOTFOUND'});
    dns.answers['api.example'] = ['127.0.0.1'];
    expect(await text(fetch(url))).toBe('127.0.0.1');
    expect(dns.asked).toHaveLength(2);
  });

  it('each waiting request gets an error of its own', async () => {
    const dns = createLookup({});
    dns.hold();
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    const all = [1, 2, 3].map((index) => failure(fetch(`http://nowhere.example/${index}`)));
    dns.release();
    const errors = (await Promise.all(all)) as Array<{request: {url: string}}>;
    expect(errors.map(({request}) => request.url)).toEqual(
      [1, 2, 3].map((index) => `http://nowhere.example/${index}`),
    );
    expect(dns.asked).toHaveLength(1);
  });

  it('a name is queried again when none of its addresses could be connected to', async () => {
    const server = await startCloser();
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.3']});
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    const url = `http://api.example:${server.port}`;
    expect(await failure(fetch(url))).toMatchObject({phase: 'connect', code: 'ECONNREFUSED'});
    dns.answers['api.example'] = ['127.0.0.1'];
    expect(await text(fetch(url))).toBe('127.0.0.1');
  });
});

describe('a name with several addresses', () => {
  it('the addresses take turns', async () => {
    const server = await startCloser('0.0.0.0');
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const dns = createLookup({'api.example': addresses});
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    const seen: string[] = [];
    for (let index = 0; index < 6; index++) seen.push(await text(fetch(`http://api.example:${server.port}`)));
    expect(seen).toEqual([...addresses, ...addresses]);
    expect(dns.asked).toHaveLength(1);
  });

  it('the addresses take turns among requests that shared one query', async () => {
    const server = await startCloser('0.0.0.0');
    const dns = createLookup({'api.example': ['127.0.0.1', '127.0.0.2']});
    dns.hold();
    const {fetch} = openSession({dns: {lookup: dns.lookup, ttl: 0}});
    const all = Array.from({length: 4}, () => text(fetch(`http://api.example:${server.port}`)));
    dns.release();
    expect((await Promise.all(all)).sort()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2']);
  });

  it('an address that failed is tried after the others', async () => {
    const first = await startCloser('127.0.0.1');
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1']});
    const {fetch, stats} = openSession({dns: {lookup: dns.lookup}});
    for (let index = 0; index < 4; index++) {
      expect(await text(fetch(`http://api.example:${first.port}`))).toBe('127.0.0.1');
    }
    expect(stats().totals.opened).toBe(4);
  });
});

describe('dns.resolve', () => {
  it('of an answer with thousands of addresses, the first 64 of each IP version are used', async () => {
    const v4 = Array.from({length: 2_000}, (_, index) => `127.1.${index >> 8}.${index & 255}`);
    const v6 = Array.from({length: 2_000}, (_, index) => `2001:db8::${index.toString(16)}`);
    const dns = createLookup({'many.example': [...v6, ...v4]});
    const asked: string[] = [];
    const allowAddress = (address: string) => {
      asked.push(address);
      return false;
    };
    const {fetch} = openSession({dns: {lookup: dns.lookup}, allowAddress});
    await failure(fetch('http://many.example/'));
    expect(asked.toSorted()).toEqual([...v4.slice(0, 64), ...v6.slice(0, 64)].toSorted());
  });

  it('a host in dns.resolve is not looked up', async () => {
    const server = await startCloser('0.0.0.0');
    const dns = createLookup({'other.example': ['127.0.0.1']});
    const resolve = {'API.example': '127.0.0.2', 'many.example': ['127.0.0.3', '127.0.0.4']};
    const {fetch} = openSession({dns: {lookup: dns.lookup, resolve}});
    expect(await text(fetch(`http://api.example:${server.port}`))).toBe('127.0.0.2');
    expect(await text(fetch(`http://many.example:${server.port}`))).toBe('127.0.0.3');
    expect(await text(fetch(`http://many.example:${server.port}`))).toBe('127.0.0.4');
    expect(dns.asked).toEqual([]);
    expect(await text(fetch(`http://other.example:${server.port}`))).toBe('127.0.0.1');
    expect(server.requests[0]?.headers.host).toBe(`api.example:${server.port}`);
  });

  it('a host is found with and without the dot of an absolute name, and in any script', async () => {
    const server = await startCloser('0.0.0.0');
    const dns = createLookup({});
    const resolve = {
      'api.example': '127.0.0.2',
      'other.example.': '127.0.0.3',
      'Bücher.example': '127.0.0.4',
    };
    const {fetch} = openSession({dns: {lookup: dns.lookup, resolve}});
    expect(await text(fetch(`http://api.example.:${server.port}`))).toBe('127.0.0.2');
    expect(await text(fetch(`http://other.example:${server.port}`))).toBe('127.0.0.3');
    expect(await text(fetch(`http://bücher.example:${server.port}`))).toBe('127.0.0.4');
    expect(dns.asked).toEqual([]);
    expect(server.requests[0]?.headers.host).toBe(`api.example.:${server.port}`);
  });
});

describe('family', () => {
  it('addresses of the other IP version are left out', async () => {
    const server = await startServer((request, response) => response.end(request.socket.remoteFamily), {
      host: '::',
    });
    const dns = createLookup({'api.example': ['::1', '127.0.0.1']});
    const url = `http://api.example:${server.port}`;
    for (const family of [4, 6] as const) {
      const {fetch} = openSession({family, dns: {lookup: dns.lookup}});
      expect((await fetch(url)).ok).toBe(true);
      const {localAddress} = server.requests.at(-1)?.socket ?? {};
      expect(localAddress).toBe(family === 4 ? '::ffff:127.0.0.1' : '::1');
    }
    expect(dns.options.map(({family}) => family)).toEqual([4, 6]);
  });

  it('a name without an address of that IP version fails in phase dns', async () => {
    const dns = createLookup({'api.example': ['127.0.0.1']});
    const {fetch} = openSession({family: 6, dns: {lookup: dns.lookup}});
    const error = await failure(fetch('http://api.example/'));
    expect(error).toMatchObject({phase: 'dns', code: 'ENOTFOUND'});
    expect((error as Error).message).toContain('no IPv6 address');
  });

  it('an IP address in the URL must have that IP version as well', async () => {
    const server = await startCloser();
    const {fetch} = openSession({family: 6});
    expect(await failure(fetch(server.origin))).toMatchObject({phase: 'connect', code: 'EADDRNOTAVAIL'});
  });
});

describe('DNS options', () => {
  const wrong: Array<[DnsOptions | unknown, string]> = [
    [5, 'connector.dns'],
    [{ttl: -1}, 'connector.dns.ttl'],
    [{ttl: '10'}, 'connector.dns.ttl'],
    [{cacheSize: 0}, 'connector.dns.cacheSize'],
    [{lookup: 'dns'}, 'connector.dns.lookup'],
    [{resolve: 'x'}, 'connector.dns.resolve'],
    [{resolve: {'a.example': 'localhost'}}, 'connector.dns.resolve["a.example"]'],
    [{resolve: {'a.example': []}}, 'connector.dns.resolve["a.example"]'],
    [{servers: []}, 'connector.dns.servers'],
  ];
  it.each(wrong)('the options %j are refused', (dns, option) => {
    expect(() => undiciConnector({dns: dns as DnsOptions})).toThrow(expect.objectContaining({option}));
  });

  it('a ttl of Infinity is accepted', () => {
    expect(undiciConnector({dns: {ttl: Infinity}}).name).toBe('undici');
  });
});

describe('a callback that throws a value that is not an error', () => {
  const throws = () => {
    throw undefined;
  };

  it.each([
    ['lookup', 'dns', {dns: {lookup: throws}}],
    ['allowAddress', 'connect', {dns: {resolve: {'api.example': '127.0.0.1'}}, allowAddress: throws}],
  ] as const)('a throw in %s fails the request and frees its slot', async (_name, phase, options) => {
    const {fetch, stats} = openSession({...options, limit: 1});
    const error = await failure(fetch('http://api.example/'));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase});
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });
});
