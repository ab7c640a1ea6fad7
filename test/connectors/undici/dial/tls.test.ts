import type {TLSSocket} from 'node:tls';
import {inspect} from 'node:util';
import {beforeAll, describe, expect, it} from 'vitest';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError, InvalidOptionError} from '../../../../src/index.ts';
import type {Certificates} from '../../../support/certificates.ts';
import {certificates} from '../../../support/certificates.ts';
import {startServer} from '../../../support/http-server.ts';
import {noHosts} from '../../../support/no-hosts.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {turns, waitFor} from '../../../support/wait-for.ts';
import {startWorkerServer} from '../../../support/worker-server.ts';

let known: Certificates;
beforeAll(async () => {
  known = await certificates();
});

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('It should have failed');
    },
    (error: unknown) => error,
  );

const startTls = (tls: object) =>
  startServer(
    (request, response) => {
      const socket = request.socket as TLSSocket & {servername?: string};
      response.end(
        JSON.stringify({
          servername: socket.servername || '',
          version: socket.getProtocol(),
          reused: socket.isSessionReused(),
          client: socket.getPeerCertificate()?.subject?.CN ?? '',
        }),
      );
    },
    {tls},
  );

describe('https', () => {
  it('a server whose authority is trusted is accepted', async () => {
    const server = await startTls(known.server);
    const {fetch, stats} = openSession({tls: {ca: known.ca}});
    for (let index = 0; index < 3; index++) {
      const response = await fetch(`https://localhost:${server.port}/`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({servername: 'localhost'});
    }
    expect(server.sockets.opened).toBe(1);
    expect(Object.keys(stats().hosts)).toEqual([`https://localhost:${server.port}`]);
  });

  it('a URL with an IP address sends no server name, and the certificate must be for the address', async () => {
    const server = await startTls(known.server);
    const {fetch} = openSession({tls: {ca: known.ca}});
    expect(await (await fetch(server.origin)).json()).toMatchObject({servername: ''});
    const other = await startTls(known.other);
    const error = await failure(fetch(other.origin));
    expect(error).toMatchObject({phase: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID'});
  });

  it('the dot of an absolute name is neither requested nor verified', async () => {
    const server = await startTls(known.server);
    const other = await startTls(known.other);
    const {fetch} = openSession({tls: {ca: known.ca}, dns: {resolve: {localhost: '127.0.0.1'}}});
    expect(await (await fetch(`https://localhost.:${server.port}/`)).json()).toMatchObject({
      servername: 'localhost',
    });
    const error = await failure(fetch(`https://localhost.:${other.port}/`));
    expect(error).toMatchObject({phase: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID'});
    const named = openSession({tls: {ca: known.ca, servername: 'other.example.'}});
    expect(await (await named.fetch(other.origin)).json()).toMatchObject({servername: 'other.example'});
  });

  it('an internationalised servername is requested in ASCII', async () => {
    const server = await startTls(known.server);
    const {fetch} = openSession({tls: {rejectUnauthorized: false, servername: 'Bücher.example'}});
    expect(await (await fetch(server.origin)).json()).toMatchObject({servername: 'xn--bcher-kva.example'});
  });

  it('several authorities, given as bytes, are trusted', async () => {
    const server = await startTls(known.server);
    for (const ca of [Buffer.from(known.ca), [known.other.cert, known.ca]]) {
      const {fetch} = openSession({tls: {ca}});
      expect((await fetch(server.origin)).status).toBe(200);
    }
  });

  it('servername is the name that is requested and verified', async () => {
    const server = await startTls(known.other);
    const {fetch} = openSession({tls: {ca: known.ca, servername: 'other.example'}});
    expect(await (await fetch(server.origin)).json()).toMatchObject({servername: 'other.example'});
  });

  it('the next connection resumes the TLS session', async () => {
    const server = await startTls(known.server);
    const {fetch} = openSession({tls: {ca: known.ca}, forceClose: true});
    const reused: boolean[] = [];
    for (let index = 0; index < 4; index++) {
      const response = await fetch(server.origin);
      reused.push(((await response.json()) as {reused: boolean}).reused);
      await waitFor(() => server.sockets.open.size === 0);
    }
    expect(reused[0]).toBe(false);
    expect(reused.at(-1)).toBe(true);
  });

  it('the client’s certificate is sent', async () => {
    const server = await startTls({...known.server, ca: known.ca, requestCert: true});
    const {fetch} = openSession({tls: {ca: known.ca, ...known.client}});
    expect(await (await fetch(server.origin)).json()).toMatchObject({client: 'client'});
  });

  it('the limit holds for TLS connections', async () => {
    const a = await startTls(known.server);
    const b = await startTls(known.server);
    const {fetch} = openSession({limit: 1, tls: {ca: known.ca}});
    const calls = Array.from({length: 12}, (_, index) => fetch(index % 2 ? a.origin : b.origin));
    const texts = await Promise.all(calls.map(async (call) => (await call).text()));
    expect(texts).toHaveLength(12);
    expect(Math.max(a.sockets.peak, b.sockets.peak)).toBe(1);
  });

  it.each([
    ['GET', null],
    ['POST', 'x'.repeat(2_000)],
  ])('connections are reused under load: %s', async (method, body) => {
    const server = await startWorkerServer(known.server);
    const {fetch, stats} = openSession({limit: 16, tls: {ca: known.ca}});
    let left = 2_000;
    const work = async () => {
      while (left-- > 0) await (await fetch(server.origin, {method, body})).text();
    };
    await Promise.all(Array.from({length: 32}, work));
    expect(stats().totals.opened).toBe(16);
  });

  it('a large body is sent and received', async () => {
    const server = await startServer((request, response) => void request.pipe(response), {tls: known.server});
    const {fetch} = openSession({tls: {ca: known.ca}});
    const body = Buffer.alloc(3 * 1024 * 1024, 'tls');
    const response = await fetch(server.origin, {method: 'POST', body});
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), body)).toBe(0);
  });

  it('an aborted response closes its socket', async () => {
    const server = await startServer((_request, response) => response.write('start'), {tls: known.server});
    const {fetch, stats} = openSession({tls: {ca: known.ca}});
    const controller = new AbortController();
    const response = await fetch(server.origin, {signal: controller.signal});
    controller.abort();
    await expect(response.text()).rejects.toBe(controller.signal.reason);
    await waitFor(() => server.sockets.open.size === 0);
    expect(stats().active).toBe(0);
  });
});

describe('a certificate that can’t be verified fails the request in phase tls', () => {
  const cases: Array<[string, () => object, () => object, string]> = [
    ['of an unknown authority', () => known.server, () => ({}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for another name', () => known.other, () => ({ca: known.ca}), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', () => known.expired, () => ({ca: known.ca}), 'CERT_HAS_EXPIRED'],
  ];
  it.each(cases)('%s', async (_name, serverTls, tls, code) => {
    const server = await startTls(serverTls());
    const {fetch, stats} = openSession({limit: 1, tls: tls()});
    for (let index = 0; index < 2; index++) {
      const error = await failure(fetch(`https://localhost:${server.port}/?key=SECRET`));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({phase: 'tls', code});
      expect(inspect(error, {depth: 9})).not.toContain('SECRET');
    }
    expect(server.requests).toHaveLength(0);
    expect(stats()).toMatchObject({active: 0, hosts: noHosts});
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a certificate that can’t be verified is accepted with rejectUnauthorized: false', async () => {
    const server = await startTls(known.expired);
    const {fetch} = openSession({tls: {rejectUnauthorized: false}});
    expect((await fetch(server.origin)).status).toBe(200);
  });
});

describe('a failed TLS handshake is a ConnectionError in phase tls', () => {
  it('the handshake fails when the server wants a certificate and gets none', async () => {
    const server = await startTls({
      ...known.server,
      ca: known.ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const {fetch, stats} = openSession({tls: {ca: known.ca, rejectUnauthorized: true}});
    // With TLS 1.3, the client learns of the refusal only after it has begun to send.
    const error = await failure(fetch(server.origin));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(stats()).toMatchObject({active: 0});
  });

  it('the handshake fails when the server does not speak TLS', async () => {
    const server = await startRawServer(({socket}) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const {fetch} = openSession();
    const error = await failure(fetch(server.origin.replace('http:', 'https:')));
    expect(error).toMatchObject({name: 'TypeError', phase: 'tls'});
  });

  it('the handshake fails when the server closes the connection in the middle', async () => {
    const server = await startRawServer(({socket}) => void socket.once('data', () => socket.destroy()));
    const {fetch} = openSession();
    const error = await failure(fetch(server.origin.replace('http:', 'https:')));
    expect(error).toMatchObject({name: 'TypeError', phase: 'tls', code: 'ECONNRESET'});
  });

  it('the handshake fails when client and server have no TLS version in common', async () => {
    const server = await startTls({...known.server, maxVersion: 'TLSv1.2'});
    const {fetch} = openSession({tls: {ca: known.ca, minVersion: 'TLSv1.3'}});
    const error = await failure(fetch(server.origin));
    expect(error).toMatchObject({name: 'TypeError', phase: 'tls'});
  });
});

describe('invalid TLS options', () => {
  const wrong: Array<[string, () => object]> = [
    ['ca', () => ({ca: 'not a certificate'})],
    [
      'cert',
      () => ({
        cert: '-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----\n',
        key: known.client.key,
      }),
    ],
    ['key', () => ({cert: known.client.cert, key: 'SECRET'})],
    ['key', () => ({cert: known.client.cert, key: known.server.key})],
    ['minVersion', () => ({minVersion: 'SSLv3'})],
    ['rejectUnauthorized', () => ({rejectUnauthorized: 'no'})],
    ['servername', () => ({servername: ['a.example']})],
  ];
  it.each(wrong)('an invalid value is refused when the connector is created: %s', (_name, tls) => {
    let error: unknown;
    try {
      undiciConnector({tls: tls()});
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect((error as InvalidOptionError).option).toMatch(/^connector\.tls/);
    expect(inspect(error, {depth: 9})).not.toContain('SECRET');
  });

  it('an unknown TLS option is refused', async () => {
    expect(() => undiciConnector({tls: {certificate: 'x'} as never})).toThrow(
      /Unknown option "certificate" of connector\.tls/,
    );
    await turns();
  });
});
