import {describe, expect, it} from 'vitest';
import type {UndiciConnectorOptions} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError, TimeoutError} from '../../../../src/index.ts';
import {startDeafServer} from '../../../support/deaf-server.ts';
import {failure} from '../../../support/failure.ts';
import {startServer} from '../../../support/http-server.ts';
import {createLookup} from '../../../support/lookup.ts';
import {openSession} from '../../../support/open-session.ts';
import {watchDialledSockets} from '../../../support/socket-watch.ts';
import {waitFor} from '../../../support/wait-for.ts';

const startEcho = (host = '127.0.0.1') =>
  startServer((request, response) => response.end(request.socket.localAddress), {host});

describe('a host with several addresses', () => {
  it('the next address is tried at once when one has failed', async () => {
    const server = await startEcho();
    const dns = createLookup({'api.example': ['::1', '127.0.0.2', '127.0.0.1']});
    const {fetch} = openSession({dns: {lookup: dns.lookup}, happyEyeballsDelay: false});
    expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.1');
  });

  const addresses = ['127.0.0.2', '127.0.0.1'];
  it.each<[string, UndiciConnectorOptions['dns']]>([
    ['looked up', {lookup: createLookup({'api.example': addresses}).lookup}],
    ['given', {resolve: {'api.example': addresses}}],
  ])('an address that has failed is tried after the others later: %s', async (_how, dns) => {
    const server = await startEcho();
    const dialled = watchDialledSockets();
    const {fetch} = openSession({dns, happyEyeballsDelay: false, forceClose: true});
    for (let count = 0; count < 6; count++) {
      expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.1');
    }
    // Without the failure, the addresses would have taken turns.
    expect(dialled.opened).toBe(6 + 1);
  });

  it('the next address is tried in parallel with a slow one, whose socket is closed in the end', async () => {
    const server = await startEcho();
    await startDeafServer('127.0.0.2', server.port);
    const dialled = watchDialledSockets();
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1']});
    const {fetch, stats} = openSession({dns: {lookup: dns.lookup}, happyEyeballsDelay: 10});
    expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.1');
    expect(dialled.opened).toBe(2);
    await waitFor(() => dialled.open.size === 1);
    expect(stats()).toMatchObject({idle: 1, totals: {opened: 1}});
  });

  it('a slow first address is still waited for when the second fails', async () => {
    const server = await startEcho();
    await startDeafServer('127.0.0.2', server.port);
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.3']});
    const {fetch} = openSession({dns: {lookup: dns.lookup}, happyEyeballsDelay: 5, connectTimeout: 500});
    const error = await failure(fetch(`http://api.example:${server.port}`));
    // The timeout covers all attempts, and its cause has the failures until then.
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({phase: 'connect', limit: 500, cause: {code: 'ECONNREFUSED'}});
    expect(((error as Error).cause as Error).message).toContain('127.0.0.3');
  });

  it('IP versions take turns, beginning with that of the first address', async () => {
    // Addresses that no other test uses: on the common loopback address, another test may listen on the same port.
    const server = await startServer((_request, response) => response.end('here'), {host: '127.0.77.9'});
    const dns = createLookup({
      'api.example': ['::2', '::3', '127.0.77.1', '127.0.77.2', '127.0.77.9'],
    });
    const attempts: string[] = [];
    const {fetch} = openSession({
      dns: {lookup: dns.lookup},
      allowAddress: (address) => {
        attempts.push(address);
        return true;
      },
    });
    expect((await fetch(`http://api.example:${server.port}`)).ok).toBe(true);
    expect(attempts).toEqual(['::2', '127.0.77.1', '::3', '127.0.77.2', '127.0.77.9']);
  });

  it('when no address answers, the error has the error of each and names all in one line', async () => {
    const server = await startEcho();
    const dns = createLookup({'api.example': ['::1', '127.0.0.2', '127.0.0.3']});
    const {fetch, stats} = openSession({dns: {lookup: dns.lookup}});
    const error = (await failure(fetch(`http://api.example:${server.port}/?key=secret`))) as ConnectionError;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({phase: 'connect', code: 'ECONNREFUSED'});
    expect(error.cause).toBeInstanceOf(AggregateError);
    const {errors} = error.cause as AggregateError;
    expect(errors.map(({address}: {address: string}) => address)).toEqual(['::1', '127.0.0.2', '127.0.0.3']);
    expect(error.message).toBe(
      `Failed to fetch (Connection could not be opened: connect ECONNREFUSED ::1:${server.port}; connect ECONNREFUSED 127.0.0.2:${server.port}; ` +
        `connect ECONNREFUSED 127.0.0.3:${server.port}, GET http://api.example:${server.port}/?key=…)`,
    );
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('an abort closes the sockets of all attempts', async () => {
    const server = await startEcho();
    await startDeafServer('127.0.0.2', server.port);
    await startDeafServer('127.0.0.3', server.port);
    const dialled = watchDialledSockets();
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.3']});
    const {fetch, stats} = openSession({dns: {lookup: dns.lookup}, happyEyeballsDelay: 5});
    const controller = new AbortController();
    const dialling = failure(fetch(`http://api.example:${server.port}`, {signal: controller.signal}));
    await waitFor(() => dialled.opened === 2);
    controller.abort();
    expect(await dialling).toBe(controller.signal.reason);
    await waitFor(() => dialled.open.size === 0);
    expect(stats()).toMatchObject({active: 0, hosts: {}});
  });

  it('simultaneous attempts count as one connection', async () => {
    const server = await startEcho();
    await startDeafServer('127.0.0.2', server.port);
    const dns = createLookup({'api.example': ['127.0.0.2', '127.0.0.1']});
    const {fetch, stats} = openSession({dns: {lookup: dns.lookup}, happyEyeballsDelay: 5, limit: 1});
    const all = Array.from({length: 5}, () => fetch(`http://api.example:${server.port}`));
    for (const response of await Promise.all(all)) expect(await response.text()).toBe('127.0.0.1');
    expect(stats().totals).toMatchObject({opened: 1, reused: 4});
  });
});

describe('localAddress', () => {
  it('the connection comes from the local address', async () => {
    const server = await startServer((request, response) => response.end(request.socket.remoteAddress), {
      host: '0.0.0.0',
    });
    const {fetch} = openSession({localAddress: '127.0.0.7'});
    expect(await (await fetch(`http://127.0.0.1:${server.port}`)).text()).toBe('127.0.0.7');
  });

  it('addresses of the other IP version are left out', async () => {
    const server = await startEcho();
    const dns = createLookup({'api.example': ['::1', '127.0.0.1'], 'six.example': ['::1']});
    const {fetch} = openSession({localAddress: '127.0.0.7', dns: {lookup: dns.lookup}});
    expect(await (await fetch(`http://api.example:${server.port}`)).text()).toBe('127.0.0.1');
    const error = await failure(fetch(`http://six.example:${server.port}`));
    expect(error).toMatchObject({phase: 'connect', code: 'EADDRNOTAVAIL'});
  });
});
