import {inspect} from 'node:util';
import {describe, expect, it, vi} from 'vitest';
import type {OAuth2ClientCredentialsOptions} from '../../../../src/index.ts';
import {createSession, oauth2ClientCredentials} from '../../../../src/index.ts';
import {bodyOf, startServer} from '../../../support/http-server.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';
import {expectNoTimers, useFakeClock} from '../support.ts';

const baseUrl = 'https://api.test/v1/';
const tokenUrl = 'https://login.test/oauth/token?tenant=1';
const credentials = {tokenUrl, clientId: 'id', clientSecret: 's3cret'};

/** A session whose token endpoint gives the answers of the test, and whose API accepts every request. */
function sessionWith(
  options: Partial<OAuth2ClientCredentialsOptions>,
  answer: (count: number) => unknown = (count) => ({
    access_token: `t${count}`,
    token_type: 'Bearer',
    expires_in: 3_600,
  }),
) {
  let count = 0;
  const made = mockSession(({url}) => (url.startsWith('https://login.test') ? answer(++count) : {}), {
    baseUrl,
    auth: oauth2ClientCredentials({...credentials, ...options}),
  });
  return {
    ...made,
    tokenCalls: () => made.calls.filter(({url}) => url.startsWith('https://login.test')),
    tokens: () =>
      made.calls.filter(({url}) => url.startsWith(baseUrl)).map(({headers}) => headers.get('authorization')),
  };
}

describe('the client credentials grant (RFC 6749, section 4.4)', () => {
  it('one token is requested and signs all requests', async () => {
    const {session, tokenCalls, tokens} = sessionWith({});
    await Promise.all(Array.from({length: 50}, () => session.fetch('users')));
    expect(tokenCalls()).toHaveLength(1);
    const [call] = tokenCalls();
    expect([call?.method, call?.url]).toEqual(['POST', tokenUrl]);
    expect(call?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(call?.headers.get('accept')).toBe('application/json');
    expect(await call?.text()).toBe('grant_type=client_credentials');
    expect(new Set(tokens())).toEqual(new Set(['Bearer t1']));
    // A session counts only the requests of its callers.
    expect(session.stats().totals).toMatchObject({requests: 50, attempts: 50, retries: 0});
  });

  it('the id and the secret are form-encoded and sent by HTTP Basic (section 2.3.1)', async () => {
    const {session, tokenCalls} = sessionWith({clientId: 'a:b c', clientSecret: 'ü%&'});
    await session.fetch('users');
    expect(tokenCalls()[0]?.headers.get('authorization')).toBe(`Basic ${btoa('a%3Ab+c:%C3%BC%25%26')}`);
  });

  it('the id and the secret are sent in the body with client_secret_post', async () => {
    const {session, tokenCalls} = sessionWith({
      authMethod: 'client_secret_post',
      clientSecret: async () => 'ü %',
    });
    await session.fetch('users');
    expect(tokenCalls()[0]?.headers.get('authorization')).toBeNull();
    expect(await tokenCalls()[0]?.text()).toBe(
      'grant_type=client_credentials&client_id=id&client_secret=%C3%BC+%25',
    );
  });

  it('the token request has scope, audience, resources and further parameters', async () => {
    const {session, tokenCalls} = sessionWith({
      scope: ['read', 'write'],
      audience: 'https://api.test/',
      resource: ['https://a.test/', 'https://b.test/'],
      parameters: {tenant: 'x'},
    });
    await session.fetch('users');
    expect([...new URLSearchParams(await tokenCalls()[0]?.text())]).toEqual([
      ['grant_type', 'client_credentials'],
      ['scope', 'read write'],
      ['audience', 'https://api.test/'],
      ['resource', 'https://a.test/'],
      ['resource', 'https://b.test/'],
      ['tenant', 'x'],
    ]);
  });

  it('a token type is accepted in upper and lower case', async () => {
    const {session, tokens} = sessionWith({}, () => ({
      access_token: 't',
      token_type: 'bEARER',
    }));
    await session.fetch('users');
    expect(tokens()).toEqual(['Bearer t']);
  });

  it('the token request has neither the headers nor the auth of the session', async () => {
    const {session, tokenCalls} = sessionWith({authMethod: 'client_secret_post'});
    await session.extend({headers: {'x-own': '1', cookie: 'a=b'}}).fetch('users');
    expect([...(tokenCalls()[0]?.headers.keys() ?? [])].sort()).toEqual(['accept', 'content-type']);
  });
});

describe('tokens', () => {
  useFakeClock();

  it.each([
    [3_600, 3_570_000],
    [40, 20_000],
    ['40', 20_000],
  ])('a token with a lifetime of %j s is replaced after %i ms, without a 401', async (expires, until) => {
    const {session, tokens} = sessionWith({}, (count) => ({
      access_token: `t${count}`,
      token_type: 'bearer',
      expires_in: expires,
    }));
    for (const ms of [0, until - 1, 1]) {
      await vi.advanceTimersByTimeAsync(ms);
      await (await session.fetch('users')).text();
    }
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('a token without a lifetime is kept until it is refused', async () => {
    const {session, tokens} = sessionWith({}, () => ({access_token: 't', token_type: 'bearer'}));
    await (await session.fetch('users')).text();
    await vi.advanceTimersByTimeAsync(1e9);
    await (await session.fetch('users')).text();
    expect(tokens()).toEqual(['Bearer t', 'Bearer t']);
  });

  it('the request for a token is retried within its timeout when the endpoint is busy', async () => {
    const {session, tokenCalls} = sessionWith({}, (count) =>
      count < 3 ? new Response('', {status: 503}) : {access_token: 't', token_type: 'bearer'},
    );
    const call = session.fetch('users');
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await call).status).toBe(200);
    expect(tokenCalls()).toHaveLength(3);
  });

  it('no timer is left after a token request has succeeded or failed', async () => {
    const {session} = sessionWith({}, (count) =>
      count === 1 ? new Response('', {status: 400}) : {access_token: 't', token_type: 'bearer'},
    );
    await rejection(session.fetch('users'));
    expectNoTimers();
    await (await session.fetch('users')).text();
    expectNoTimers();
  });

  it('the wait for a token ends with its timeout', async () => {
    const {session} = sessionWith({timeout: 5_000}, () => new Promise(() => undefined));
    const call = rejection(session.fetch('users'));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(session.stats().active).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await call).toMatchObject({
      name: 'AuthError',
      cause: {
        name: 'TimeoutError',
        phase: 'total',
        limit: 5_000,
        request: {url: 'https://login.test/oauth/token?tenant=…'},
      },
    });
    expect(session.stats().active).toBe(0);
  });
});

describe('failures of a token endpoint', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'refuses',
      () => Response.json({error: 'invalid_client', error_description: 's3cret'}, {status: 401}),
      /refused to issue a token: invalid_client \(POST https:\/\/login\.test\/oauth\/token\?tenant=…\) \(GET https:\/\/api\.test\/v1\/users\)$/,
    ],
    [
      'refuses with a page',
      () => new Response('<h1>s3cret</h1>', {status: 400}),
      /refused to issue a token \(/,
    ],
    [
      'refuses with an invalid code',
      () => Response.json({error: 's3cret\n!'}, {status: 400}),
      /refused to issue a token \(/,
    ],
    ['refuses with null', () => Response.json(null, {status: 400}), /refused to issue a token \(/],
    ['refuses with an empty body', () => new Response(null, {status: 400}), /refused to issue a token \(/],
    ['answers with an empty body', () => new Response(null, {status: 204}), /other than a JSON object/],
    ['answers with null', () => Response.json(null), /other than a JSON object/],
    ['answers with a page', () => new Response('<h1>s3cret</h1>'), /other than a JSON object/],
    ['answers with a list', () => [{access_token: 's3cret'}], /no access_token/],
    ['gives no token', () => ({token_type: 'bearer'}), /no access_token/],
    ['gives another type', () => ({access_token: 's3cret', token_type: 'mac'}), /not of type Bearer/],
    ['gives no type', () => ({access_token: 's3cret'}), /not of type Bearer/],
    [
      'gives a broken token',
      () => ({access_token: 's3cret\n', token_type: 'bearer'}),
      /getting one failed \(GET/,
    ],
    ['sends too much', () => new Response('s3cret'.repeat(1e6)), /getting one failed \(GET/],
    ['redirects', () => Response.redirect('https://evil.test/', 307), /getting one failed \(GET/],
  ])('a token endpoint that %s causes a typed error without a secret', async (_, answer, message) => {
    const {session, calls} = sessionWith({}, answer);
    const error = await rejection(session.fetch('users'));
    expect(error).toMatchObject({name: 'AuthError', code: 'ERR_AUTH'});
    expect(error.message).toMatch(message);
    expect(`${error.stack}${JSON.stringify(error)}${inspect(error, {depth: 9})}`).not.toContain('s3cret');
    expect(calls.every(({url}) => url === tokenUrl)).toBe(true);
  });

  it('the response of a token endpoint is cut off after a mebibyte', async () => {
    let sent = 0;
    const cancel = vi.fn();
    const body = new ReadableStream({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel,
    });
    const {session} = sessionWith({}, () => new Response(body));
    const {cause} = await rejection(session.fetch('users'));
    expect(cause).toMatchObject({name: 'ResponseTooLargeError', limit: 1024 * 1024});
    expect(sent).toBeLessThan(16 + 4);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('the response of a token endpoint may have a mebibyte', async () => {
    const answer = JSON.stringify({access_token: 't', token_type: 'bearer'});
    const {session, tokens} = sessionWith({}, () => new Response(answer.padEnd(1024 * 1024)));
    await session.fetch('users');
    expect(tokens()).toEqual(['Bearer t']);
  });

  it('the answer of a token endpoint that refuses is in the data of the cause', async () => {
    const {session} = sessionWith({}, () => Response.json({error: 'invalid_scope'}, {status: 400}));
    const error = await rejection(session.fetch('users'));
    expect(error.cause).toMatchObject({name: 'HTTPError', status: 400, data: {error: 'invalid_scope'}});
  });
});

it('over sockets, a refused token is replaced on one connection, and the body is sent again', async () => {
  const bodies: string[] = [];
  let issued = 0;
  const server = await startServer(async (request, response) => {
    const body = (await bodyOf(request)).toString();
    response.setHeader('content-type', 'application/json');
    if (request.url === '/token') {
      response.end(JSON.stringify({access_token: `t${++issued}`, token_type: 'Bearer', expires_in: 3_600}));
      return;
    }
    bodies.push(body);
    if (request.headers.authorization !== 'Bearer t2') response.statusCode = 401;
    response.end('{}');
  });
  await using session = createSession({
    baseUrl: server.origin,
    connector: {limit: 1},
    auth: oauth2ClientCredentials({...credentials, tokenUrl: `${server.origin}/token`}),
  });
  const responses = await Promise.all(
    Array.from({length: 20}, (_, index) => session.post('users', {json: index}).text()),
  );
  expect(responses).toHaveLength(20);
  expect(issued).toBe(2);
  expect(new Set(bodies.map(Number))).toEqual(new Set(Array.from({length: 20}, (_, index) => index)));
  expect(session.stats()).toMatchObject({active: 0, queued: 0, totals: {requests: 20}});
});

it('destroying a session aborts its token request', async () => {
  const {promise, resolve} = Promise.withResolvers<void>();
  const server = await startServer(() => resolve());
  const session = createSession({
    baseUrl: server.origin,
    auth: oauth2ClientCredentials({...credentials, tokenUrl: `${server.origin}/token`}),
  });
  const call = rejection(session.fetch('users'));
  await promise;
  await session.destroy();
  expect(await call).toMatchObject({name: 'SessionClosedError'});
  await vi.waitFor(() => expect(server.active).toBe(0));
});

it.each<[string, object, name?: string]>([
  ['tokenUrl', {tokenUrl: '/token'}],
  ['tokenUrl', {tokenUrl: 'ftp://login.test/'}],
  ['tokenUrl', {tokenUrl: 'https://id:s3cret@login.test/'}],
  ['clientId', {clientId: ''}],
  ['clientSecret', {clientSecret: 1}],
  ['authMethod', {authMethod: 'private_key_jwt'}],
  ['scope', {scope: ['a', 1]}],
  ['audience', {audience: ''}],
  ['resource', {resource: {}}],
  ['parameters', {parameters: {a: 1}}],
  ['skew', {skew: -1}],
  ['timeout', {timeout: -1}],
  ['secret', {secret: 's3cret'}, 'UnsupportedOptionError'],
])(
  'an invalid option %s is refused when the scheme is made, and the error shows no secret',
  (option, options, name = 'InvalidOptionError') => {
    const error = thrown(() => oauth2ClientCredentials({...credentials, ...options} as never));
    expect(error).toMatchObject({name, option: `oauth2ClientCredentials.${option}`});
    expect(error.message).not.toContain('s3cret');
  },
);
