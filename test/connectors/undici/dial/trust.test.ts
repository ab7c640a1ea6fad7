import {createHash, X509Certificate} from 'node:crypto';
import type {TLSSocket} from 'node:tls';
import {beforeAll, describe, expect, it} from 'vitest';
import type {TlsOptions} from '../../../../src/connectors/undici/index.ts';
import {undiciConnector} from '../../../../src/connectors/undici/index.ts';
import {ConnectionError, InvalidOptionError} from '../../../../src/index.ts';
import type {Authority, Identity} from '../../../support/authority.ts';
import {createAuthority, createIdentity} from '../../../support/authority.ts';
import {failure} from '../../../support/failure.ts';
import type {HttpServer, HttpServerOptions} from '../../../support/http-server.ts';
import {startServer} from '../../../support/http-server.ts';
import {openSession} from '../../../support/open-session.ts';
import {waitFor} from '../../../support/wait-for.ts';

let authority: Authority;
let identity: Identity;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue();
});

function startTlsServer(tls: HttpServerOptions['tls'] = {}): Promise<HttpServer> {
  return startServer((request, response) => response.end((request.socket as TLSSocket).getProtocol()), {
    tls: {...identity, ...tls},
  });
}

function openTls(tls: TlsOptions) {
  return openSession({tls});
}

const chain = (...identities: Identity[]) => identities.map(({cert}) => cert).join('\n');

const sha256 = (bytes: Uint8Array) => `sha256/${createHash('sha256').update(bytes).digest('base64')}`;
const certificatePin = (cert: string) => sha256(new X509Certificate(cert).raw);
const keyPin = (cert: string) =>
  sha256(new X509Certificate(cert).publicKey.export({type: 'spki', format: 'der'}));

/** The same certificate with a public key of an unknown algorithm, which OpenSSL can't read. */
function withUnknownKey(cert: string): string {
  const der = Buffer.from(new X509Certificate(cert).raw);
  const idOfKeys = Buffer.from('06072a8648ce3d0201', 'hex');
  der[der.indexOf(idOfKeys) + idOfKeys.length - 1] = 0x7f;
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----'].join('\n');
}

describe('a server’s certificate', () => {
  it('a certificate of a trusted authority is accepted', async () => {
    const server = await startTlsServer();
    const {fetch} = openTls({ca: authority.cert});
    expect(await (await fetch(server.origin)).text()).toBe('TLSv1.3');
  });

  it('a certificate of one of several authorities is accepted, also when these are bytes', async () => {
    const server = await startTlsServer();
    const other = await createAuthority('Another');
    const {fetch} = openTls({ca: [other.cert, Buffer.from(authority.cert)]});
    expect((await fetch(server.origin)).ok).toBe(true);
  });

  it('a certificate of an unknown authority is refused', async () => {
    const server = await startTlsServer();
    const {fetch, stats} = openSession();
    const error = await failure(fetch(`${server.origin}/?key=secret`));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({phase: 'tls', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'});
    expect((error as Error).message).toMatch(/TLS could not be agreed: .*\?key=…/);
    expect(stats()).toMatchObject({active: 0, totals: {opened: 0}});
    await waitFor(() => server.sockets.open.size === 0);
  });

  const wrong: Record<string, [() => Promise<Identity>, string]> = {
    'that is self-signed': [() => createIdentity(), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    'that has expired': [
      () => authority.issue({notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01')}),
      'CERT_HAS_EXPIRED',
    ],
    'that isn’t valid yet': [
      () => authority.issue({notBefore: new Date(Date.now() + 86_400_000)}),
      'CERT_NOT_YET_VALID',
    ],
    'for another host': [() => authority.issue({hosts: ['other.example']}), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  };
  for (const [name, [issue, code]] of Object.entries(wrong)) {
    it(`a certificate ${name} is refused with ${code}`, async () => {
      const server = await startTlsServer(await issue());
      const {fetch} = openTls({ca: authority.cert});
      const error = await failure(fetch(server.origin));
      expect(error).toMatchObject({name: 'TypeError', phase: 'tls', code});
      await waitFor(() => server.sockets.open.size === 0);
    });

    it(`a certificate ${name} is accepted with rejectUnauthorized: false`, async () => {
      const server = await startTlsServer(await issue());
      const {fetch} = openTls({rejectUnauthorized: false});
      expect((await fetch(server.origin)).ok).toBe(true);
    });
  }

  it('the certificate is verified for servername, which the server is asked for', async () => {
    const server = await startTlsServer(await authority.issue({hosts: ['api.example']}));
    const names: unknown[] = [];
    server.server.on('secureConnection', (socket: TLSSocket & {servername?: unknown}) =>
      names.push(socket.servername),
    );
    const {fetch} = openTls({ca: authority.cert, servername: 'api.example'});
    expect((await fetch(server.origin)).ok).toBe(true);
    expect(names).toEqual(['api.example']);
    expect(server.requests[0]?.headers.host).toBe(`127.0.0.1:${server.port}`);
  });

  it('an IP address is not sent as a server name', async () => {
    const server = await startTlsServer();
    const names: unknown[] = [];
    server.server.on('secureConnection', (socket: TLSSocket & {servername?: unknown}) =>
      names.push(socket.servername),
    );
    const {fetch} = openTls({ca: authority.cert});
    expect((await fetch(server.origin)).ok).toBe(true);
    expect(names).toEqual([false]);
  });
});

describe('TLS versions', () => {
  it('versions older than minVersion are refused', async () => {
    const server = await startTlsServer({maxVersion: 'TLSv1.2'});
    expect(await (await openTls({ca: authority.cert}).fetch(server.origin)).text()).toBe('TLSv1.2');
    const error = await failure(openTls({ca: authority.cert, minVersion: 'TLSv1.3'}).fetch(server.origin));
    expect(error).toMatchObject({phase: 'tls', code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'});
  });
});

describe('a server that does not speak TLS', () => {
  it('the request fails in phase tls when the server does not speak TLS', async () => {
    const server = await startServer((_request, response) => response.end('plain'));
    const {fetch} = openSession();
    const error = await failure(fetch(server.origin.replace('http:', 'https:')));
    expect(error).toMatchObject({phase: 'tls'});
    expect((error as ConnectionError).code).toMatch(/^ERR_SSL_|^EPROTO$/);
  });
});

describe('a server that asks for a client’s certificate', () => {
  it('the server gets the client’s certificate', async () => {
    const client = await authority.issue({hosts: ['client.example']});
    const server = await startServer(
      (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
      {tls: {...identity, ca: authority.cert, requestCert: true, rejectUnauthorized: true}},
    );
    const {fetch} = openTls({ca: authority.cert, ...client});
    expect(await (await fetch(server.origin)).text()).toBe('client.example');
  });

  it('the server gets a client’s certificate whose key is encrypted', async () => {
    const client = await authority.issue();
    const {createPrivateKey} = await import('node:crypto');
    const key = createPrivateKey(client.key)
      .export({type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame'})
      .toString();
    const server = await startTlsServer({ca: authority.cert, requestCert: true, rejectUnauthorized: true});
    const {fetch} = openTls({ca: authority.cert, cert: client.cert, key, passphrase: 'open sesame'});
    expect((await fetch(server.origin)).ok).toBe(true);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a missing client’s certificate fails the request in phase tls, over %s',
    async (version) => {
      const server = await startTlsServer({
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      });
      const {fetch, stats} = openTls({ca: authority.cert});
      for (const init of [{}, {method: 'POST', body: 'x'}]) {
        const error = await failure(fetch(server.origin, init));
        expect(error).toBeInstanceOf(ConnectionError);
        expect(error).toMatchObject({phase: 'tls', code: expect.stringMatching(/^ERR_SSL_.*ALERT/)});
        expect((error as Error).message).toMatch(
          /\(TLS could not be agreed: [^:]* alert [^:]*, [A-Z]+ https:/,
        );
      }
      expect(stats()).toMatchObject({active: 0, hosts: {}});
      expect(server.requests).toHaveLength(0);
    },
  );
});

describe('a TLS session', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'the next connection resumes the session, over %s',
    async (version) => {
      const server = await startServer(
        (request, response) => {
          response.setHeader('connection', 'close');
          response.end(String((request.socket as TLSSocket).isSessionReused()));
        },
        {tls: {...identity, minVersion: version, maxVersion: version}},
      );
      const {fetch, stats} = openTls({ca: authority.cert});
      const reused: string[] = [];
      for (let index = 0; index < 3; index++) reused.push(await (await fetch(server.origin)).text());
      expect(reused).toEqual(['false', 'true', 'true']);
      expect(stats().totals.opened).toBe(3);
    },
  );

  it('a session is not resumed with another server', async () => {
    const reused: boolean[] = [];
    const start = () =>
      startServer(
        (request, response) => {
          reused.push((request.socket as TLSSocket).isSessionReused());
          response.setHeader('connection', 'close');
          response.end();
        },
        {tls: identity},
      );
    const [first, second] = [await start(), await start()];
    const {fetch} = openTls({ca: authority.cert});
    for (const {origin} of [first, second, first, second]) await (await fetch(origin)).text();
    expect(reused).toEqual([false, false, true, true]);
  });

  it('the session of a refused connection is not kept', async () => {
    // Names and pins are not checked when a session is resumed.
    const server = await startServer((_request, response) => response.end(), {
      tls: {...(await authority.issue({hosts: ['other.example']})), maxVersion: 'TLSv1.2'},
    });
    const {fetch} = openTls({ca: authority.cert});
    for (let index = 0; index < 3; index++) {
      expect(await failure(fetch(server.origin))).toMatchObject({code: 'ERR_TLS_CERT_ALTNAME_INVALID'});
    }
  });
});

describe('a pin', () => {
  it('a pin of the certificate, of its key or of a signer’s is accepted', async () => {
    const server = await startTlsServer({cert: chain(identity, authority)});
    const pins = [
      certificatePin(identity.cert),
      keyPin(identity.cert),
      certificatePin(authority.cert),
      keyPin(authority.cert),
      [keyPin((await createIdentity()).cert), keyPin(identity.cert)],
    ];
    for (const pin of pins) {
      const {fetch} = openTls({ca: authority.cert, pin});
      expect((await fetch(server.origin)).ok).toBe(true);
    }
  });

  it('a certificate without a matching pin is refused, verified or not', async () => {
    const server = await startTlsServer();
    const pin = keyPin((await authority.issue()).cert);
    for (const tls of [{ca: authority.cert}, {rejectUnauthorized: false}]) {
      const {fetch, stats} = openTls({...tls, pin});
      for (let index = 0; index < 2; index++) {
        const error = await failure(fetch(server.origin));
        expect(error).toMatchObject({name: 'TypeError', phase: 'tls', code: 'ERR_TLS_PIN'});
        // The pin to configure for a certificate that is trusted.
        expect((error as Error).message).toContain(keyPin(identity.cert));
      }
      expect(stats()).toMatchObject({active: 0, totals: {opened: 0}});
      expect(server.requests).toHaveLength(0);
      await waitFor(() => server.sockets.open.size === 0);
    }
  });

  it('a chain that contains the pinned certificate, which signed nothing, is refused', async () => {
    const pinned = await createAuthority('Pinned');
    const server = await startTlsServer({cert: chain(identity, authority, pinned)});
    for (const pin of [certificatePin(pinned.cert), keyPin(pinned.cert)]) {
      const {fetch} = openTls({rejectUnauthorized: false, pin});
      expect(await failure(fetch(server.origin))).toMatchObject({code: 'ERR_TLS_PIN'});
    }
  });

  it('a chain through an authority with the name of the pinned one is refused', async () => {
    // The authority has the same name and another key, so it did not sign the certificate.
    const namesake = await createAuthority();
    const server = await startTlsServer({cert: chain(identity, namesake)});
    const {fetch} = openTls({rejectUnauthorized: false, pin: certificatePin(namesake.cert)});
    expect(await failure(fetch(server.origin))).toMatchObject({code: 'ERR_TLS_PIN'});
  });

  it('a certificate in the chain whose key cannot be read fails the call', async () => {
    const unreadable = {...authority, cert: withUnknownKey(authority.cert)};
    expect(() => new X509Certificate(unreadable.cert).publicKey).toThrow();
    const server = await startTlsServer({
      cert: chain(identity, unreadable),
      // At other levels, OpenSSL checks the keys that a server sends.
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const pin = keyPin((await authority.issue()).cert);
    for (const tls of [{rejectUnauthorized: false}, {ca: authority.cert}]) {
      const {fetch, stats} = openTls({...tls, pin});
      expect(await failure(fetch(server.origin))).toMatchObject({phase: 'tls', code: 'ERR_TLS_PIN'});
      expect(stats().active).toBe(0);
    }
  });

  it('a matching pin is enough with rejectUnauthorized: false', async () => {
    const own = await createIdentity({hosts: ['elsewhere.example']});
    const server = await startTlsServer(own);
    const {fetch} = openTls({rejectUnauthorized: false, pin: certificatePin(own.cert)});
    expect((await fetch(server.origin)).ok).toBe(true);
  });

  it('pins hold for resumed sessions', async () => {
    const server = await startServer(
      (request, response) => {
        response.setHeader('connection', 'close');
        response.end(String((request.socket as TLSSocket).isSessionReused()));
      },
      {tls: identity},
    );
    const {fetch} = openTls({ca: authority.cert, pin: keyPin(identity.cert)});
    expect(await (await fetch(server.origin)).text()).toBe('false');
    expect(await (await fetch(server.origin)).text()).toBe('true');
  });
});

describe('TLS options', () => {
  const wrong: Record<string, [unknown, string]> = {
    'a value that is not an object': [true, 'connector.tls'],
    'an unknown option': [{cacert: 'x'}, 'connector.tls.cacert'],
    'a rejectUnauthorized that is not a boolean': [
      {rejectUnauthorized: 0},
      'connector.tls.rejectUnauthorized',
    ],
    'a ca that is not a certificate': [{ca: 'secret stuff'}, 'connector.tls.ca'],
    'an empty list of authorities': [{ca: []}, 'connector.tls.ca'],
    'a cert without a key': [{cert: 'x'}, 'connector.tls.key'],
    'a key without a cert': [{key: 'x'}, 'connector.tls.cert'],
    'a key that is not a key': [{cert: 'x', key: 'secret stuff'}, 'connector.tls.key'],
    'an IP address as servername': [{servername: '127.0.0.1'}, 'connector.tls.servername'],
    'an old minVersion': [{minVersion: 'TLSv1'}, 'connector.tls.minVersion'],
    'a pin of another hash': [{pin: 'sha1/AAAA'}, 'connector.tls.pin'],
    'a pin that is cut short': [{pin: 'sha256/AAAA'}, 'connector.tls.pin'],
    'an empty list of pins': [{pin: []}, 'connector.tls.pin'],
  };
  for (const [name, [tls, option]] of Object.entries(wrong)) {
    it(`${name} is refused with an error without secrets`, () => {
      let error: unknown;
      try {
        undiciConnector({tls: tls as TlsOptions});
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({option});
      expect(String(error)).not.toContain('secret');
    });
  }

  it('a key that does not match its certificate is refused', async () => {
    const other = await createIdentity();
    expect(() => undiciConnector({tls: {cert: identity.cert, key: other.key}})).toThrow(InvalidOptionError);
  });
});
