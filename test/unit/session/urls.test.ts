import {inspect} from 'node:util';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {createSession, InvalidOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';

describe('URLs with a baseUrl', () => {
  it.each([
    ['https://api.test/v1/', 'users', 'https://api.test/v1/users'],
    ['https://api.test/v1', 'users', 'https://api.test/users'],
    ['https://api.test/v1/', '/users', 'https://api.test/users'],
    ['https://api.test/v1/', '../users', 'https://api.test/users'],
    ['https://api.test/v1/', '', 'https://api.test/v1/'],
    ['https://api.test/v1/', '?page=2', 'https://api.test/v1/?page=2'],
    ['https://api.test/v1/?key=1#top', 'users', 'https://api.test/v1/users'],
    ['https://api.test/v1/?key=1#top', '', 'https://api.test/v1/?key=1'],
    ['https://api.test/v1/', 'https://other.test/x?y=z', 'https://other.test/x?y=z'],
    ['https://api.test/v1/', '//other.test/x', 'https://other.test/x'],
    ['https://api.test/v1/', 'a b/ü', 'https://api.test/v1/a%20b/%C3%BC'],
    ['https://api.test/v1/', 'users#top', 'https://api.test/v1/users'],
    ['https://api.test/v1/', 'users#', 'https://api.test/v1/users'],
    ['https://API.test:443/v1/', 'users', 'https://api.test/v1/users'],
    [new URL('https://api.test/v1/'), 'users', 'https://api.test/v1/users'],
    [undefined, 'https://api.test/users', 'https://api.test/users'],
    [undefined, new URL('https://api.test/users#top'), 'https://api.test/users'],
    ['https://api.test/v1/', new URL('https://other.test/'), 'https://other.test/'],
  ])(
    'with the baseUrl %s, the URL %s is resolved to %s, by fetch and by verb',
    async (baseUrl, input, expected) => {
      const {session, calls} = mockSession(() => ({}), {baseUrl});
      await session.fetch(input);
      await session.get(input);
      expect(calls.map(({url}) => url)).toEqual([expected, expected]);
    },
  );

  it('a URL is resolved to the same result the second time', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/v1/'});
    for (const url of ['users', 'users', '../users', 'users']) await session.fetch(url);
    expect(calls.map(({url}) => new URL(url).pathname)).toEqual([
      '/v1/users',
      '/v1/users',
      '/users',
      '/v1/users',
    ]);
  });

  it('an object that can be turned into a string is resolved like that string', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/v1/'});
    await session.fetch({toString: () => 'users'} as string);
    expect(calls[0]?.url).toBe('https://api.test/v1/users');
  });

  it('a URL object that changes after the call does not change the call', async () => {
    const url = new URL('https://api.test/a');
    const {session, calls} = mockSession();
    const call = session.get(url);
    url.pathname = '/b';
    await call;
    expect(calls[0]?.url).toBe('https://api.test/a');
  });
});

describe('URLs in a page without a baseUrl', () => {
  it('a URL is resolved on the address that the page has at that moment', async () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal('location', new URL('https://page.test/a/'));
    const {session, calls} = mockSession();
    await session.fetch('users');
    vi.stubGlobal('location', new URL('https://page.test/b/'));
    await session.fetch('users');
    expect(calls.map(({url}) => url)).toEqual(['https://page.test/a/users', 'https://page.test/b/users']);
  });

  it('a relative baseUrl is resolved on the address of the page', async () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal('location', new URL('https://page.test/a/'));
    const {session, calls} = mockSession(() => ({}), {baseUrl: '/api/'});
    await session.fetch('users');
    expect(calls[0]?.url).toBe('https://page.test/api/users');
  });
});

describe('invalid URLs', () => {
  it.each(['users/1', '', '/users', '?page=2'])(
    'the URL %o is refused when there is no baseUrl',
    async (input) => {
      const {session, calls} = mockSession();
      for (const call of [session.fetch, session.get]) {
        const error = await rejection(call(input));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/URL is not absolute; set baseUrl/);
      }
      expect(calls).toHaveLength(0);
    },
  );

  it.each(['http://', 'http://[bad', 'https://a.test:99999/'])(
    'the invalid URL %s is refused',
    async (input) => {
      const {session} = mockSession(() => ({}), {baseUrl: 'https://api.test/'});
      const error = await rejection(session.fetch(input));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/URL is not valid/);
    },
  );

  it('a call without a URL is refused', async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/'});
    await expect(session.fetch(undefined as unknown as string)).rejects.toThrow(TypeError);
    await expect(session.get(undefined as unknown as string)).rejects.toThrow(TypeError);
    expect(calls).toHaveLength(0);
  });

  it('a verb never throws for an invalid URL: its promise rejects', async () => {
    const {session} = mockSession();
    const promise = session.get('users/1');
    for (const read of ['json', 'text', 'blob', 'bytes', 'arrayBuffer', 'formData'] as const)
      await expect(promise[read]()).rejects.toThrow(TypeError);
    await expect(promise).rejects.toThrow(TypeError);
  });
});

describe('credentials in a URL', () => {
  const shown = (error: Error) =>
    [error.message, String(error), JSON.stringify(error), inspect(error, {depth: Infinity})].join('\n');

  it.each([
    'https://user:s3cret@api.test/',
    'https://s3cret@api.test/',
    'https://user:s3cret@/',
    'https://user:s3cret@[bad/',
    'https://user:s3cret@api.test:99999/',
  ])('a call with the URL %s is refused, and the error shows no password', async (input) => {
    const {session, calls} = mockSession();
    for (const call of [session.fetch, session.get]) {
      const error = await rejection(call(input));
      expect(error).toBeInstanceOf(TypeError);
      expect(shown(error)).not.toContain('s3cret');
    }
    expect(calls).toHaveLength(0);
  });

  it('a URL object with credentials is refused, and the error shows no password', async () => {
    const {session} = mockSession();
    const error = await rejection(session.fetch(new URL('https://user:s3cret@api.test/')));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/use the auth option/);
    expect(shown(error)).not.toContain('s3cret');
  });

  it.each(['https://user:s3cret@api.test/', 'user:s3cret@api.test', 'https://user:s3cret@[bad/'])(
    'the baseUrl %s is refused, and the error shows no password',
    (baseUrl) => {
      const error = thrown(() => createSession({baseUrl}));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error.message).toMatch(/"baseUrl" is a string; allowed: an http: or https: URL/);
      expect(shown(error)).not.toContain('s3cret');
    },
  );
});
