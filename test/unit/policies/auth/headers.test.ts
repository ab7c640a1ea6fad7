import {describe, expect, it} from 'vitest';
import type {Policy} from '../../../../src/index.ts';
import {InvalidOptionError} from '../../../../src/index.ts';
import {mockSession, rejection} from '../../../support/mock-session.ts';

const baseUrl = 'https://api.test/v1/';

describe('a bearer token', () => {
  it.each([
    ['a string', 'token-1'],
    ['a function', () => 'token-1'],
    ['an async function', async () => 'token-1'],
  ])('a bearer token can be %s', async (_, bearer) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer}});
    await session.fetch('users');
    await session.get('users');
    for (const {headers} of calls) expect(headers.get('authorization')).toBe('Bearer token-1');
  });

  it('the function of a bearer token is called for each attempt', async () => {
    let count = 0;
    const twice: Policy = (next) => async (request) => {
      await next(request);
      return next(request);
    };
    const {session, calls} = mockSession(() => ({}), {
      baseUrl,
      auth: {bearer: () => `token-${++count}`},
      policies: [twice],
    });
    await session.fetch('users');
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no token');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no token'))],
  ])('a bearer function that %s fails the call, and nothing is sent', async (_, bearer) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer}});
    await expect(session.fetch('users')).rejects.toThrow('no token');
    await expect(session.get('users')).rejects.toThrow('no token');
    expect(calls).toHaveLength(0);
    expect(session.stats().totals.errors).toBe(2);
  });

  it.each([
    ['nothing', () => undefined],
    ['a promise of nothing', async () => undefined],
    ['an empty string', () => ''],
    ['a line break', async () => 's3cret\nx: y'],
    ['a space', () => 's3cret y'],
  ])(
    'a bearer function that returns %s fails the call, and the error does not show the value',
    async (_, bearer) => {
      const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: bearer as () => string}});
      const error = await rejection(session.fetch('users'));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error.message).toMatch(/"auth.bearer" is /);
      expect(String(error)).not.toContain('s3cret');
      expect(calls).toHaveLength(0);
    },
  );

  it('a bearer token may have characters that some servers use against RFC 6750', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: '1|abc:def'}});
    await session.fetch('users');
    expect(calls[0]?.headers.get('authorization')).toBe('Bearer 1|abc:def');
  });
});

describe('basic credentials', () => {
  it.each([
    ['Aladdin', 'open sesame', 'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['test', '123£', 'dGVzdDoxMjPCow=='],
    ['ü', '→:🔑', btoa(String.fromCharCode(...new TextEncoder().encode('ü:→:🔑')))],
    ['user', '', 'dXNlcjo='],
  ])('%s and %s are sent as UTF-8 (RFC 7617)', async (username, password, encoded) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {basic: {username, password}}});
    await session.fetch('users');
    expect(calls[0]?.headers.get('authorization')).toBe(`Basic ${encoded}`);
  });
});

describe('the origin that auth is sent to', () => {
  it.each([
    ['users', 'Bearer t'],
    ['/elsewhere', 'Bearer t'],
    ['https://api.test:443/x', 'Bearer t'],
    ['https://API.test/x', 'Bearer t'],
    ['http://api.test/x', null],
    ['https://api.test:444/x', null],
    ['https://api.test.evil.test/x', null],
    ['https://www.api.test/x', null],
    ['//other.test/x', null],
    ['https://other.test/https://api.test/', null],
  ])('a request to %s has the Authorization %s', async (url, expected) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}});
    await session.fetch(url);
    expect(calls[0]?.headers.get('authorization')).toBe(expected);
  });

  it('credentials are not sent when a policy sends the request to another origin', async () => {
    const mirror: Policy = (next) => async (request) => {
      await next(request);
      return next(request.with({url: 'https://mirror.test/'}));
    };
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}, policies: [mirror]});
    await session.fetch('users');
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual(['Bearer t', null]);
  });

  it('credentials are not sent to another origin after a redirect', async () => {
    const {session, calls} = mockSession(
      ({url}) => (url.startsWith('https://api.test') ? Response.redirect('https://other.test/x', 307) : {}),
      {baseUrl, auth: {bearer: 't'}, headers: {cookie: 'a=b', x: 'y'}},
    );
    await session.fetch('users');
    expect(
      calls.map(({url, headers}) => [
        url,
        headers.get('authorization'),
        headers.get('cookie'),
        headers.get('x'),
      ]),
    ).toEqual([
      ['https://api.test/v1/users', 'Bearer t', 'a=b', 'y'],
      ['https://other.test/x', null, null, 'y'],
    ]);
  });

  it("a child session with another baseUrl sends its parent's credentials to the parent's origin only", async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}});
    const child = session.extend({baseUrl: 'https://other.test/'});
    await child.fetch('x');
    await child.fetch('https://api.test/x');
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual([null, 'Bearer t']);
  });
});

describe('the precedence of auth', () => {
  it("an Authorization header of the call replaces the session's auth", async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}});
    await session.fetch('users', {headers: {Authorization: 'Mine 1'}});
    await session.get('users', {headers: {authorization: 'Mine 2'}});
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual(['Mine 1', 'Mine 2']);
  });

  it('no token is requested for a call with an Authorization header', async () => {
    const {session} = mockSession(() => ({}), {
      baseUrl,
      auth: {
        bearer: () => {
          throw new Error('asked');
        },
      },
    });
    await session.fetch('users', {headers: {authorization: 'Mine'}});
  });

  it('a child session may replace auth or have none', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}});
    await session.extend({auth: {bearer: 'u'}}).fetch('users');
    await session.extend({auth: undefined}).fetch('users');
    await session.extend({}).fetch('users');
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual(['Bearer u', null, 'Bearer t']);
  });

  it('a child session with its own auth signs for its own origin', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: 't'}});
    const child = session.extend({baseUrl: 'https://other.test/', auth: {bearer: 'u'}});
    await child.fetch('x');
    await child.fetch('https://api.test/x');
    expect(calls.map(({headers}) => headers.get('authorization'))).toEqual(['Bearer u', null]);
  });
});

it('no token is requested for a call that is aborted already', async () => {
  const {session} = mockSession(() => ({}), {
    baseUrl,
    auth: {
      bearer: () => {
        throw new Error('asked');
      },
    },
  });
  await expect(session.fetch('users', {signal: AbortSignal.abort('stop')})).rejects.toBe('stop');
});

it('an abort rejects the call while the token is still requested', async () => {
  const controller = new AbortController();
  const {session, calls} = mockSession(() => ({}), {baseUrl, auth: {bearer: () => new Promise(() => {})}});
  const call = session.fetch('users', {signal: controller.signal});
  controller.abort('stop');
  await expect(call).rejects.toBe('stop');
  expect(calls).toHaveLength(0);
  await session.close();
});
