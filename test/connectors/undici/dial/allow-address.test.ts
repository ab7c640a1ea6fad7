import {describe, expect, it} from 'vitest';
import {isPublicAddress, undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError} from '../../../../src/index.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';

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
      expect(await failure(fetch('http://127.0.0.1:1/'))).toMatchObject({phase: 'connect', cause: reason});
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

describe('allowAddress', () => {
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
