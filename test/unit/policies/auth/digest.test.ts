import {createHash} from 'node:crypto';
import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import type {DigestGuardOptions} from '../../../../src/conformance/server/digest.ts';
import {createSession} from '../../../../src/index.ts';
import {parseChallenges, parseParameters} from '../../../../src/policies/auth/challenge.ts';
import type {DigestOptions} from '../../../../src/policies/auth/digest.ts';
import {digest} from '../../../../src/policies/auth/digest.ts';
import {digestHeader, digestSecret, selectChallenge} from '../../../../src/policies/auth/digest-response.ts';
import {startDigestServer} from '../../../support/digest-server.ts';
import {startServer} from '../../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';

const credentials = {username: 'Mufasa', password: 'Circle of Life'};

function open(baseUrl: string, options: Partial<DigestOptions> = {}) {
  return createSession({baseUrl, retry: false, auth: digest({...credentials, ...options})});
}

describe('the examples of RFC 7616', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('the header of the example in section 3.9.1 is calculated with %s', (algorithm, response) => {
    const terms = selectChallenge(
      parseChallenges(
        `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm},` +
          ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
      ),
      {algorithms: ['MD5', 'SHA-256'], rfc2069: false},
    );
    if (!terms) throw new Error('No terms');
    const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
    const secret = digestSecret(terms, credentials, cnonce);
    const request = {method: 'GET', uri: '/dir/index.html', count: 1, cnonce};
    expect(digestHeader(terms, 'Mufasa', secret, request)).toContain(`response="${response}"`);
  });

  it('the header of the example in section 3.9.2 is calculated with SHA-512-256, a charset and a hashed name', () => {
    const terms = selectChallenge(
      parseChallenges(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256,' +
          ' nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",' +
          ' charset=UTF-8, userhash=true',
      ),
      {algorithms: ['SHA-512-256'], rfc2069: false},
    );
    if (!terms) throw new Error('No terms');
    const user = {username: 'Jäsøn Doe', password: 'Secret, or not?'};
    const cnonce = 'NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm';
    const request = {method: 'GET', uri: '/doe.json', count: 1, cnonce};
    const header = digestHeader(terms, user.username, digestSecret(terms, user, cnonce), request);
    // The RFC prints a truncated SHA-512, which is not SHA-512/256. This value is that of its errata.
    expect(header).toContain('username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"');
    expect(header).toContain('userhash=true');
  });
});

describe('a challenge', () => {
  it.each(['SHA-256', 'SHA-256-sess', 'SHA-512-256', 'MD5', 'MD5-sess', undefined])(
    'a challenge with the algorithm %s is answered, and later requests are signed at once',
    async (algorithm) => {
      const server = await startDigestServer({algorithm});
      await using session = open(server.origin, {algorithms: ['SHA-256', 'SHA-512-256', 'MD5']});
      for (const path of ['a?b=c&d', 'a', 'b/%C3%BC']) {
        expect((await session.fetch(path, {method: 'PUT', body: path})).status).toBe(200);
      }
      expect(server.guard.challenges).toBe(1);
      expect(server.requests.map(({headers}) => /nc=\w+/.exec(headers.authorization ?? '')?.[0])).toEqual([
        undefined,
        'nc=00000001',
        'nc=00000002',
        'nc=00000003',
      ]);
    },
  );

  it.each([
    ['no qop, as in RFC 2069', {qop: undefined, algorithm: undefined}, {algorithms: ['MD5'], rfc2069: true}],
    ['one qop of two', {qop: 'auth-int,auth'}, {}],
    ['a hashed name', {userhash: true}, {}],
    ['a realm with quotes', {realm: 'a "realm", \\ of its own'}, {}],
  ] as const)('a challenge with %s is answered', async (_, options, own) => {
    const server = await startDigestServer(options);
    await using session = open(server.origin, own);
    expect((await session.fetch('a')).status).toBe(200);
  });

  it.each<[string, DigestGuardOptions, Partial<DigestOptions>]>([
    ['MD5', {algorithm: 'MD5'}, {}],
    ['MD5-sess', {algorithm: 'MD5-sess'}, {rfc2069: true}],
    ['no algorithm, which means MD5,', {algorithm: undefined}, {}],
    ['no qop', {qop: undefined}, {algorithms: ['SHA-256', 'MD5']}],
  ])('a challenge with %s is not answered unless the options allow it', async (_, options, own) => {
    const server = await startDigestServer(options);
    await using session = open(server.origin, own);
    expect((await session.fetch('a')).status).toBe(401);
    expect(server.requests.map(({headers}) => headers.authorization)).toEqual([undefined]);
  });

  it.each([
    ['Jäsøn "Doe"', 'geheim: ü'],
    ["o'(neil)*", ''],
  ])('the name %s is sent in UTF-8', async (username, password) => {
    const server = await startDigestServer({username, password});
    await using session = open(server.origin, {username, password});
    expect((await session.fetch('a')).status).toBe(200);
  });
});

describe('a nonce', () => {
  it('a stale nonce is replaced, and the request is sent again', async () => {
    const server = await startDigestServer({uses: 2});
    await using session = open(server.origin);
    for (let count = 0; count < 6; count++) expect((await session.fetch('a')).status).toBe(200);
    expect(server.guard.challenges).toBe(3);
    expect(server.requests).toHaveLength(9);
  });

  it('concurrent requests succeed if each nonce is valid once', async () => {
    const server = await startDigestServer({uses: 1});
    await using session = open(server.origin);
    const responses = await Promise.all(Array.from({length: 30}, () => session.fetch('a')));
    expect(new Set(responses.map(({status}) => status))).toEqual(new Set([200]));
  });

  it('concurrent requests with one nonce have different counts', async () => {
    const server = await startDigestServer();
    await using session = open(server.origin);
    await session.fetch('a');
    const responses = await Promise.all(Array.from({length: 50}, () => session.fetch('a')));
    expect(new Set(responses.map(({status}) => status))).toEqual(new Set([200]));
    expect(server.guard.challenges).toBe(1);
  });

  it.each(['SHA-256', 'SHA-256-sess'])(
    'the nonce that the server announces is used next (%s)',
    async (algorithm) => {
      const server = await startDigestServer({uses: 1, announcesNext: true, algorithm});
      await using session = open(server.origin);
      for (let count = 0; count < 4; count++) expect((await session.fetch('a')).status).toBe(200);
      expect(server.guard.challenges).toBe(1);
    },
  );
});

describe('a challenge as servers write it', () => {
  it.each<[string, Array<[string, Record<string, string>]>]>([
    [
      'Digest realm="a", nonce=dGVzdA==, qop=auth, opaque=5c/+8=',
      [['digest', {realm: 'a', nonce: 'dGVzdA==', qop: 'auth', opaque: '5c/+8='}]],
    ],
    [
      'Digest realm=IP Camera(12345), nonce=a:b, algorithm=MD5',
      [['digest', {realm: 'IP Camera(12345)', nonce: 'a:b', algorithm: 'MD5'}]],
    ],
    ['Digest realm=a nonce="b" qop=auth', [['digest', {realm: 'a', nonce: 'b', qop: 'auth'}]]],
    ['Digest realm="a", opaque=, qop=""', [['digest', {opaque: '', realm: 'a', qop: ''}]]],
    [
      'Digest qop=auth-int, auth , nonce="b", Basic realm=x y',
      [
        ['digest', {qop: 'auth-int, auth', nonce: 'b'}],
        ['basic', {realm: 'x y'}],
      ],
    ],
    [
      'Digest qop=auth, auth realm="b"',
      [
        ['digest', {qop: 'auth'}],
        ['auth', {realm: 'b'}],
      ],
    ],
    [
      'Digest realm="a", Negotiate YWJj==, NTLM',
      [
        ['digest', {realm: 'a'}],
        ['negotiate', {}],
        ['ntlm', {}],
      ],
    ],
  ])('the parameters are read from %s', (header, challenges) => {
    const read = parseChallenges(header);
    expect(read.map(({scheme, parameters}) => [scheme, Object.fromEntries(parameters)])).toEqual(challenges);
  });

  it.each([
    ['Digest realm="a", nonce="1", qop="", algorithm=SHA-256', /^(?!.*qop=)/],
    ['Digest realm="a", nonce="1", qop=" , auth", algorithm=SHA-256', /qop=auth,/],
    ['Digest realm="a", nonce="1", qop=auth,auth-int, algorithm=SHA-256', /qop=auth,/],
  ])('the challenge %s is answered', async (challenge, pattern) => {
    const {session, calls} = mockSession(
      () => new Response('', {status: 401, headers: {'www-authenticate': challenge}}),
      {baseUrl: 'https://api.test/', auth: digest({...credentials, rfc2069: true})},
    );
    await session.fetch('a');
    expect(calls[1]?.headers.get('authorization')).toMatch(pattern);
  });
});

describe('the next nonce of Authentication-Info', () => {
  it.each([
    ['nextnonce="a"', 'a'],
    ['qop=auth, NextNonce = "a\\"b" ,rspauth="0"', 'a"b'],
    ['rspauth="0", note="then nextnonce=\\"b\\"", nextnonce="a"', 'a'],
    ['note="nextnonce=b"', undefined],
    ['', undefined],
  ])('the next nonce is read from %s', (header, nonce) => {
    expect(parseParameters(header).get('nextnonce')).toBe(nonce);
  });
});

describe('requests that the server refuses', () => {
  it('a wrong password ends the call with the 401', async () => {
    const server = await startDigestServer();
    await using session = open(server.origin, {password: 's3cret'});
    const response = await session.fetch('a');
    expect(response.status).toBe(401);
    expect(await response.text()).toBe('Who are you?');
    expect(server.requests).toHaveLength(2);
    expect(inspect(await rejection(session.get('a')), {depth: 9})).not.toContain('s3cret');
  });

  it('a call ends with the 401 if the server calls every nonce stale', async () => {
    const server = await startDigestServer({uses: 0});
    await using session = open(server.origin);
    expect((await session.fetch('a')).status).toBe(401);
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    ['no challenge', undefined],
    ['another scheme', 'Basic realm="a"'],
    ['an algorithm nobody knows', 'Digest realm="a", nonce="b", qop="auth", algorithm=SHA-1024'],
    ['auth-int only', 'Digest realm="a", nonce="b", qop="auth-int"'],
    ['no nonce', 'Digest realm="a", qop="auth"'],
    ['what cannot be read', 'Digest realm="a, =,=,'],
  ])('a 401 with %s is returned to the caller', async (_, challenge) => {
    const {session, calls} = mockSession(
      () => new Response('no', {status: 401, ...(challenge && {headers: {'www-authenticate': challenge}})}),
      {baseUrl: 'https://api.test/', auth: digest(credentials)},
    );
    expect(await (await session.fetch('a')).text()).toBe('no');
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['UTF-8', Buffer.from('Büro')],
    ['ISO 8859-1', Buffer.from('Büro', 'latin1')],
  ])('a realm in %s is hashed and sent back as its bytes', async (_, realm) => {
    const server = await startServer((request, response) => {
      if (!request.headers.authorization) {
        response.setHeader('www-authenticate', `Digest realm="${realm.toString('latin1')}", nonce="1"`);
        response.statusCode = 401;
      }
      response.end();
    });
    await using session = open(server.origin, {algorithms: ['MD5'], rfc2069: true});
    expect((await session.fetch('a')).status).toBe(200);
    const header = server.requests[1]?.headers.authorization ?? '';
    const md5 = (...parts: Array<string | Buffer>) =>
      createHash('md5')
        .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
        .digest('hex');
    expect(header).toContain(`realm="${realm.toString('latin1')}"`);
    const secret = md5('Mufasa:', realm, ':Circle of Life');
    expect(header).toContain(`response="${md5(`${secret}:1:${md5('GET:/a')}`)}"`);
  });

  it('the first supported of several challenges is answered', async () => {
    const {session, calls} = mockSession(
      () =>
        new Response('', {
          status: 401,
          headers: [
            ['www-authenticate', 'Basic realm="x", Digest realm="a", nonce="1", qop="auth", algorithm=MD5'],
            [
              'www-authenticate',
              'Negotiate YWJj==, Digest realm="a", nonce="2", qop="auth", algorithm=SHA-256',
            ],
          ],
        }),
      {baseUrl: 'https://api.test/', auth: digest({...credentials, algorithms: ['SHA-256']})},
    );
    await session.fetch('a');
    expect(calls[1]?.headers.get('authorization')).toMatch(/nonce="2".*algorithm=SHA-256/);
  });
});

describe('a body', () => {
  it('the body is sent again with the response to the challenge', async () => {
    const server = await startDigestServer();
    await using session = open(server.origin);
    expect(await session.post('a', {body: 'the body'}).text()).toBe('the body');
  });

  it('a stream as a body is sent only when a nonce is known', async () => {
    const server = await startDigestServer();
    await using session = open(server.origin);
    const stream = () => new Blob(['the body']).stream();
    expect((await session.fetch('a', {method: 'POST', body: stream()})).status).toBe(401);
    expect(await (await session.fetch('a', {method: 'POST', body: stream()})).text()).toBe('the body');
  });
});

describe('a redirect', () => {
  it('a redirected request is signed anew on the same origin, and not signed on another', async () => {
    const other = await startServer((request, response) =>
      response.end(request.headers.authorization ?? 'none'),
    );
    const server = await startDigestServer({}, (request, response) => {
      response.statusCode = 307;
      response.setHeader('location', request.url === '/a' ? '/b?c=d' : `${other.origin}/x`);
      response.end();
    });
    await using session = open(server.origin);
    const response = await session.fetch('a', {method: 'POST', body: 'text'});
    expect(await response.text()).toBe('none');
    expect(response.redirected).toBe(true);
    expect(server.guard.challenges).toBe(1);
    expect(server.requests.map(({path}) => path)).toEqual(['/a', '/a', '/b?c=d']);
  });
});

it('an Authorization header of the call is kept', async () => {
  const {session, calls} = mockSession(() => new Response('', {status: 401}), {
    baseUrl: 'https://api.test/',
    auth: digest(credentials),
  });
  await session.fetch('a', {headers: {authorization: 'Mine'}});
  expect(calls.map(({headers}) => headers.get('authorization'))).toEqual(['Mine']);
});

it.each<[string, object, name?: string]>([
  ['username', {username: 1}],
  ['password', {password: undefined}],
  ['algorithms', {algorithms: []}],
  ['algorithms', {algorithms: ['SHA-1']}],
  ['rfc2069', {rfc2069: 1}],
  ['realm', {realm: 'a'}, 'UnsupportedOptionError'],
])(
  'an invalid option %s is refused when the scheme is made, and the error shows no secret',
  (option, options, name = 'InvalidOptionError') => {
    const error = thrown(() => digest({...credentials, ...options} as never));
    expect(error).toMatchObject({name, option: `digest.${option}`});
    expect(error.message).not.toContain(credentials.password);
  },
);
