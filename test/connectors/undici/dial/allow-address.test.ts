import {describe, expect, it} from 'vitest';
import {isPublicAddress, undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {expectNoUnhandledRejections} from '../../../support/unhandled-rejections.ts';

expectNoUnhandledRejections();

describe('isPublicAddress', () => {
  const inside = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
  ];
  it.each(inside)('%s is not a public address', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  const outside = [
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.0.1.1',
    '198.17.255.255',
    '223.255.255.255',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2001:4860:4860::8888',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ];
  it.each(outside)('%s is a public address', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('allowAddress: "public"', () => {
  const urls = [
    'http://127.0.0.1',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://0.0.0.0',
    'http://169.254.169.254',
    'http://localhost',
  ];
  it.each(urls)('the URL %s is refused, and nothing is dialled', async (url) => {
    const dialled = watchDialledSockets();
    const {fetch, stats} = openSession({allowAddress: 'public'});
    const error = await failure(fetch(`${url}:8080/latest/meta-data?key=secret`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'connect', code: 'ERR_ADDRESS_REFUSED'});
    expect((error as Error).message).not.toContain('secret');
    expect(dialled.opened).toBe(0);
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1'])(
    'a host name that resolves to %s is refused',
    async (address) => {
      const dialled = watchDialledSockets();
      const dns = createLookup({'evil.example': [address]});
      const {fetch} = openSession({allowAddress: 'public', dns: {lookup: dns.lookup}});
      expect(await failure(fetch('http://evil.example/'))).toMatchObject({code: 'ERR_ADDRESS_REFUSED'});
      expect(dialled.opened).toBe(0);
    },
  );

  it('a host whose address comes from dns.resolve is refused as well', async () => {
    const {fetch} = openSession({allowAddress: 'public', dns: {resolve: {'evil.example': '127.0.0.1'}}});
    expect(await failure(fetch('http://evil.example/'))).toMatchObject({code: 'ERR_ADDRESS_REFUSED'});
  });
});

describe('allowAddress: a function', () => {
  it('the guard is called for each new connection, with its host and port', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const dns = createLookup({'api.example': ['127.0.0.1']});
    const asked: unknown[] = [];
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: (address, target) => {
        asked.push([address, target]);
        return true;
      },
    });
    for (let index = 0; index < 3; index++) await (await fetch(`http://api.example:${server.port}`)).text();
    expect(asked).toEqual([['127.0.0.1', {hostname: 'api.example', port: server.port}]]);
  });

  it('refused addresses are skipped, and the others are dialled', async () => {
    const server = await startServer((request, response) => response.end(request.socket.localAddress), {
      host: '0.0.0.0',
    });
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1', '127.0.0.3']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: (address) => address === '127.0.0.3',
    });
    expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.3');
  });

  it('the guard gets an IPv4 address as IPv4, however it is written', async () => {
    const asked: string[] = [];
    const {fetch} = openSession({
      allowAddress: (address) => {
        asked.push(address);
        return false;
      },
    });
    await failure(fetch('http://[::ffff:7f00:1]/'));
    await failure(fetch('http://[::FFFF:127.0.0.2]/'));
    expect(asked).toEqual(['127.0.0.1', '127.0.0.2']);
  });

  it('the guard is called on every hop of a redirect', async () => {
    const inner = await startServer((_request, response) => response.end('inside'), {host: '127.0.0.2'});
    const outer = await startServer((_request, response) => {
      response.writeHead(302, {location: `${inner.origin}/secrets`}).end();
    });
    const {fetch} = openSession({allowAddress: (address) => address === '127.0.0.1'});
    const error = await failure(fetch(outer.origin));
    expect(error).toMatchObject({code: 'ERR_ADDRESS_REFUSED', request: {url: `${inner.origin}/secrets`}});
    expect(inner.sockets.opened).toBe(0);
  });

  it('the guard is called again when a name resolves to another address', async () => {
    const server = await startServer(
      (_request, response) => {
        response.setHeader('connection', 'close');
        response.end('ok');
      },
      {host: '0.0.0.0'},
    );
    const dns = createLookup({'rebind.example': ['127.0.0.1']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup, ttl: 0},
      allowAddress: (address) => address === '127.0.0.1',
    });
    const url = `http://rebind.example:${server.port}`;
    expect(await (await fetch(url)).text()).toBe('ok');
    dns.answers['rebind.example'] = ['127.0.0.2'];
    expect(await failure(fetch(url))).toMatchObject({code: 'ERR_ADDRESS_REFUSED'});
  });

  it('an error that the guard throws fails the request', async () => {
    const reason = new Error('no decision');
    const {fetch, stats} = openSession({
      limit: 1,
      allowAddress: () => {
        throw reason;
      },
    });
    for (let index = 0; index < 2; index++) {
      expect(await failure(fetch('http://127.0.0.1:2/'))).toMatchObject({phase: 'connect', cause: reason});
    }
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('the error lists refused addresses beside those that failed', async () => {
    const server = await startServer((_request, response) => response.end());
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.3']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: (address) => address !== '127.0.0.2',
    });
    const error = (await failure(fetch(`http://api.example:${server.port}`))) as ConnectionError;
    expect((error.cause as AggregateError).errors.map(({code}) => code)).toEqual([
      'ERR_ADDRESS_REFUSED',
      'ECONNREFUSED',
    ]);
  });
});

describe('allowAddress: a function that returns anything but true', () => {
  it.each([
    ['a truthy number', 1, 'a value of type number'],
    ['a truthy string', 'no', 'a value of type string'],
    ['an object', {allowed: false}, 'a value of type object'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a promise of a truthy value', Promise.resolve('yes'), 'a value of type string'],
  ])('%s is a refusal, and the error names the mistake', async (_, verdict, named) => {
    const dialled = watchDialledSockets();
    const {fetch} = openSession({allowAddress: () => verdict as never});
    const error = await failure(fetch('http://127.0.0.1:8080/'));
    expect(error).toMatchObject({
      phase: 'connect',
      code: 'ERR_ADDRESS_REFUSED',
      message: expect.stringContaining(`allowAddress gave ${named}, not true`),
    });
    expect(dialled.opened).toBe(0);
  });

  it.each([
    ['false', false],
    ['a promise of false', Promise.resolve(false)],
  ])('%s is a refusal without a remark', async (_, verdict) => {
    const {fetch} = openSession({allowAddress: () => verdict});
    const {cause} = (await failure(fetch('http://127.0.0.1:8080/'))) as Error;
    expect(cause).toMatchObject({message: 'Address 127.0.0.1 is not allowed'});
  });
});

describe('allowAddress: an async function', () => {
  it('an address is connected to once the promise of true has resolved', async () => {
    const server = await startServer((_request, response) => response.end('ok'));
    const dialled = watchDialledSockets();
    let decide = (_verdict: boolean): void => {};
    const {fetch} = openSession({
      allowAddress: () =>
        new Promise((resolve) => {
          decide = resolve;
        }),
    });
    const response = fetch(server.origin);
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialled.opened).toBe(0);
    decide(true);
    expect(await (await response).text()).toBe('ok');
  });

  it('each address gets a decision of its own', async () => {
    const server = await startServer((request, response) => response.end(request.socket.localAddress), {
      host: '0.0.0.0',
    });
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1', '127.0.0.3']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: async (address) => address === '127.0.0.3',
    });
    expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.3');
  });

  it('the decision covers the target of a redirect', async () => {
    const inner = await startServer((_request, response) => response.end('inside'), {host: '127.0.0.2'});
    const outer = await startServer((_request, response) => {
      response.writeHead(302, {location: inner.origin}).end();
    });
    const {fetch} = openSession({allowAddress: async (address) => address === '127.0.0.1'});
    expect(await failure(fetch(outer.origin))).toMatchObject({code: 'ERR_ADDRESS_REFUSED'});
    expect(inner.sockets.opened).toBe(0);
  });

  it('a rejection fails the request with its reason', async () => {
    const dialled = watchDialledSockets();
    const reason = new Error('the list is not to be had');
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: () => Promise.reject(reason),
    });
    expect(await failure(fetch('http://api.example:2/'))).toMatchObject({phase: 'connect', cause: reason});
    expect(dialled.opened).toBe(0);
  });

  it('an error that the guard throws for one address leaves no rejection of another unhandled', async () => {
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress(address) {
        if (address === '127.0.0.1') throw new Error('thrown');
        return Promise.reject(new Error('rejected'));
      },
    });
    expect(await failure(fetch('http://api.example:2/'))).toMatchObject({phase: 'connect'});
  });

  it('a guard that decides never is ended by the connect timeout, and its late permission opens no socket', async () => {
    const dialled = watchDialledSockets();
    let decide = (_verdict: boolean): void => {};
    const {fetch, stats} = openSession({
      limit: 1,
      connectTimeout: 30,
      allowAddress: () =>
        new Promise((resolve) => {
          decide = resolve;
        }),
    });
    expect(await failure(fetch('http://127.0.0.1:2/'))).toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'connect',
    });
    decide(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialled.opened).toBe(0);
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('a call that is aborted during the decision rejects at once, and opens no socket', async () => {
    const dialled = watchDialledSockets();
    const controller = new AbortController();
    let decide = (_verdict: boolean): void => {};
    const {fetch} = openSession({
      allowAddress: () =>
        new Promise((resolve) => {
          decide = resolve;
          queueMicrotask(() => controller.abort('stop'));
        }),
    });
    expect(await failure(fetch('http://127.0.0.1:2/', {signal: controller.signal}))).toBe('stop');
    decide(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialled.opened).toBe(0);
  });
});

describe('allowAddress', () => {
  it('an IPv4-mapped address with a zone is passed as IPv4 too', async () => {
    const asked: string[] = [];
    const dns = createLookup({'evil.example': ['::ffff:127.0.0.1%lo']});
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: (address) => {
        asked.push(address);
        return false;
      },
    });
    await failure(fetch('http://evil.example/'));
    expect(asked).toEqual(['127.0.0.1']);
  });

  it.each(['private', true, {}])('the value %j is refused', (allowAddress) => {
    expect(() => undiciConnector({allowAddress: allowAddress as never})).toThrow(
      expect.objectContaining({option: 'connector.allowAddress'}),
    );
  });

  it('allowAddress is refused with a proxy, which chooses the address itself', () => {
    expect(() => undiciConnector({allowAddress: 'public', proxy: 'http://proxy.example'})).toThrow(
      expect.objectContaining({option: 'connector.allowAddress'}),
    );
  });
});
