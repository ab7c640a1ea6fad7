import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import type {AuthScheme} from '../../../../src/index.ts';
import {
  apiKey,
  ConnectionError,
  createConnector,
  createSession,
  InvalidOptionError,
} from '../../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../../support/mock-session.ts';

const baseUrl = 'https://api.test/v1/';
const secret = 's3cret key&=ä';
const encoded = 'key=s3cret%20key%26%3D%C3%A4';

describe('an API key in a header', () => {
  const auth = apiKey({header: 'X-Api-Key', value: 'k'});

  it.each([
    ['a string', 'k'],
    ['a function', () => 'k'],
    ['an async function', async () => 'k'],
  ])('an API key in a header can be %s', async (_, value) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth: apiKey({header: 'x-api-key', value})});
    await session.fetch('users');
    await session.get('users');
    for (const {headers} of calls) expect(headers.get('x-api-key')).toBe('k');
  });

  it("an API key is sent beside the call's Authorization header, and a header of the key's own name is kept", async () => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    await session.fetch('users', {headers: {authorization: 'Mine', 'x-api-key': 'mine'}});
    await session.fetch('users', {headers: {authorization: 'Mine'}});
    expect(calls.map(({headers}) => headers.get('x-api-key'))).toEqual(['mine', 'k']);
  });

  it('an API key follows redirects within its origin, but not to another origin', async () => {
    const {session, calls} = mockSession(
      ({url}) =>
        url.endsWith('/a')
          ? Response.redirect('https://api.test/b', 307)
          : url.endsWith('/b')
            ? Response.redirect('https://other.test/c', 307)
            : 'done',
      {baseUrl, auth},
    );
    const response = await session.fetch('/a');
    expect(calls.map(({url, headers}) => [url, headers.get('x-api-key')])).toEqual([
      ['https://api.test/a', 'k'],
      ['https://api.test/b', 'k'],
      ['https://other.test/c', null],
    ]);
    expect([response.url, response.redirected]).toEqual(['https://other.test/c', true]);
    expect([response.clone().url, response.clone().redirected]).toEqual(['https://other.test/c', true]);
    expect(session.stats().totals).toMatchObject({attempts: 1, retries: 0});
  });

  it("a key that a call sets in the scheme's header does not follow a redirect to another origin either", async () => {
    const {session, calls} = mockSession(
      ({url}) => (url.endsWith('/a') ? Response.redirect('https://other.test/c', 307) : 'done'),
      {baseUrl, auth: apiKey({header: 'X-Tenant-Id', value: 'k'})},
    );
    await session.fetch('/a', {headers: {'x-tenant-id': 'mine', 'x-other': 'stays'}});
    expect(calls.map(({headers}) => [headers.get('x-tenant-id'), headers.get('x-other')])).toEqual([
      ['mine', 'stays'],
      [null, 'stays'],
    ]);
  });

  it('with redirect: manual, the caller gets the redirect of a signed request', async () => {
    const {session, calls} = mockSession(() => Response.redirect('https://other.test/', 302), {
      baseUrl,
      auth,
    });
    expect((await session.fetch('users', {redirect: 'manual'})).status).toBe(302);
    await expect(session.fetch('users', {redirect: 'error'})).rejects.toThrow('redirect is "error"');
    expect(calls).toHaveLength(2);
  });

  it('a redirect is an error if the runtime hides its target, so that the API key stays with its origin', async () => {
    const hiding = createConnector({
      name: 'hiding',
      capabilities: {sockets: false, connectTimeout: false, requestStreams: true, manualRedirect: false},
      send: async ({redirect}) =>
        Object.defineProperty(new Response(), 'type', {
          value: redirect === 'manual' ? 'opaqueredirect' : 'basic',
        }),
    });
    await using session = createSession({baseUrl, auth, connector: hiding});
    const error = await rejection(session.fetch('users'));
    expect(error).toMatchObject({name: 'TypeError', code: 'ERR_REDIRECT'});
  });

  it.each([
    ['nothing', undefined],
    ['an empty string', ''],
    ['a line break', 's3cret\nx: y'],
  ])('a call fails without showing the key if a function returns %s', async (_, value) => {
    const auth = apiKey({header: 'x-api-key', value: () => value as string});
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    const error = await rejection(session.fetch('users'));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(inspect(error)).not.toContain('s3cret');
    expect(calls).toHaveLength(0);
  });
});

describe('an API key in the query', () => {
  const auth = apiKey({query: 'key', value: secret});

  it.each([
    ['users', `https://api.test/v1/users?${encoded}`],
    ['users?', `https://api.test/v1/users?${encoded}`],
    ['users?a=1', `https://api.test/v1/users?a=1&${encoded}`],
    ['users?a=1#top', `https://api.test/v1/users?a=1&${encoded}`],
    ['users?key=mine', 'https://api.test/v1/users?key=mine'],
    ['https://other.test/?a', 'https://other.test/?a'],
  ])('the key in the query makes %s into %s', async (url, expected) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl, auth});
    await session.fetch(url);
    expect(calls[0]?.url).toBe(expected);
  });

  it('a key in the query does not appear in the url of a response or of its clone', async () => {
    const {session} = mockSession(() => ({}), {baseUrl, auth});
    const response = await session.fetch('users?a=1');
    expect(response.url).toBe('https://api.test/v1/users?a=1');
    expect(response.clone().url).toBe('https://api.test/v1/users?a=1');
    expect(response.redirected).toBe(false);
  });

  it('a key in the query follows redirects within its origin, and is removed from a Location at another origin', async () => {
    const {session, calls} = mockSession(
      ({url}) => {
        const {pathname, search} = new URL(url);
        if (pathname === '/a') return Response.redirect(`https://api.test/b${search}`, 302);
        if (pathname === '/b') return Response.redirect('https://api.test/c', 302);
        // The server encodes the key in another way.
        if (pathname === '/c')
          return Response.redirect(`https://other.test/d?x=1&${search.slice(1).replaceAll('%20', '+')}`, 302);
        return 'done';
      },
      {baseUrl, auth},
    );
    const response = await session.fetch('/a');
    expect(calls.map(({url}) => url)).toEqual([
      `https://api.test/a?${encoded}`,
      `https://api.test/b?${encoded}`,
      `https://api.test/c?${encoded}`,
      'https://other.test/d?x=1',
    ]);
    expect(response.url).toBe('https://other.test/d?x=1');
  });

  it.each([
    ['the network', () => Promise.reject(new ConnectionError('Reset', 'receive'))],
    ['a status', () => new Response('', {status: 500})],
    ['too many redirects', ({url}: {url: string}) => Response.redirect(url, 302)],
  ])('a key in the query does not appear in an error: %s', async (_, handler) => {
    const {session} = mockSession(handler, {baseUrl, auth});
    const error = await rejection(session.get('users').json());
    const shown = [
      String(error),
      error.stack,
      JSON.stringify(error),
      inspect(error, {depth: 9, showHidden: true}),
    ];
    expect(shown.join('\n')).not.toMatch(/s3cret/);
  });
});

it.each<[string, () => AuthScheme, name?: string]>([
  ['apiKey', () => apiKey(undefined as never)],
  ['apiKey', () => apiKey({value: 's3cret'} as never)],
  ['apiKey', () => apiKey({header: 'a', query: 'b', value: 's3cret'} as never)],
  ['apiKey.header', () => apiKey({header: 'a b', value: 's3cret'})],
  ['apiKey.query', () => apiKey({query: '', value: 's3cret'})],
  ['apiKey.value', () => apiKey({query: 'a', value: ''})],
  ['apiKey.value', () => apiKey({header: 'a', value: 's3cret\n'})],
  ['apiKey.value', () => apiKey({header: 'a', value: 1 as never})],
  ['apiKey.name', () => apiKey({header: 'a', value: 's3cret', name: 'b'} as never), 'UnsupportedOptionError'],
])(
  'an invalid option %s is refused when the scheme is made, and the error shows no secret',
  (option, make, name = 'InvalidOptionError') => {
    const error = thrown(make);
    expect(error).toMatchObject({name, option});
    expect(error.message).not.toContain('s3cret');
  },
);
