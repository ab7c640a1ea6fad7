import {describe, expect, it} from 'vitest';
import type {Retry, Session, Timeout} from '../../../src/index.ts';
import {asText, defineClient, endpoint, HTTPError, type, UnsupportedOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {mockMethod, origin, pathOf} from './support.ts';

interface User {
  readonly name: string;
}

const getUser = endpoint('GET /users/{username}', {response: type<User>()});

describe('a call', () => {
  it('asks for its path under the base URL, and gives what came back', async () => {
    const {call, calls} = mockMethod(getUser, () => ({name: 'Ada'}));
    expect(await call({path: {username: 'ada'}})).toEqual({name: 'Ada'});
    expect(calls).toMatchObject([{method: 'GET', url: `${origin}/v1/users/ada`}]);
    expect(calls[0]?.headers.get('accept')).toBe('application/json');
  });

  it.each(['https://api.example.com/v1', 'https://api.example.com/v1/', 'https://api.example.com/v1?key=1'])(
    'asks for it under all of the path of %s',
    async (baseUrl) => {
      const {session, calls} = mockSession(() => ({}), {baseUrl});
      const path = {username: 'ada'};
      await defineClient({getUser})(session).getUser({path});
      await defineClient({getUser})(session.extend({baseUrl: 'https://api.example.com/beta'})).getUser({
        path,
      });
      await defineClient({getUser}, {baseUrl: 'https://other.example.com/v3'})(session).getUser({path});
      expect(calls.map(({url}) => url)).toEqual([
        'https://api.example.com/v1/users/ada',
        'https://api.example.com/beta/users/ada',
        'https://other.example.com/v3/users/ada',
      ]);
    },
  );

  it('of something that is no session of this package asks for it relative to its base', async () => {
    const urls: unknown[] = [];
    const fetch = async (url: unknown) => {
      urls.push(url);
      return Response.json({});
    };
    await defineClient({getUser})({fetch} as unknown as Session).getUser({path: {username: 'ada'}});
    expect(urls).toEqual(['./users/ada']);
  });

  it('of a path that looks like a scheme stays under the base URL', async () => {
    const {call, calls} = mockMethod(endpoint('POST /mailto:x'));
    await call();
    expect(pathOf(calls[0]?.url)).toBe('/mailto:x');
  });

  it('sends a body as JSON', async () => {
    const create = endpoint('POST /users', {body: type<User>(), response: type<unknown>()});
    const {call, calls} = mockMethod(create, async (request) => ({got: await request.json()}));
    expect(await call({body: {name: 'Ada'}})).toEqual({got: {name: 'Ada'}});
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it('sends a query, after one that the route has', async () => {
    const list = endpoint('GET /users?beta=1', {query: type<{page?: number; tags?: string[]}>()});
    const {call, calls} = mockMethod(list);
    await call({query: {page: 2, tags: ['a', 'b']}});
    await call({query: {}});
    await call();
    expect(calls.map(({url}) => pathOf(url))).toEqual([
      '/users?beta=1&page=2&tags=a&tags=b',
      '/users?beta=1',
      '/users?beta=1',
    ]);
  });

  it('without a response to declare gives nothing, and frees its slot', async () => {
    const {call, session} = mockMethod(endpoint('DELETE /users/{id}'), () => new Response('gone'));
    expect(await call({path: {id: 1}})).toBeUndefined();
    expect(session.stats().active).toBe(0);
  });

  it('gives nothing where the server has no content', async () => {
    const {call} = mockMethod(getUser, () => new Response(null, {status: 204}));
    expect(await call({path: {username: 'ada'}})).toBeUndefined();
  });

  it('ends with its signal, or its session', async () => {
    const stall = () => new Promise(() => undefined);
    const {call, session} = mockMethod(getUser, stall);
    const controller = new AbortController();
    const aborted = rejection(call({path: {username: 'ada'}, signal: controller.signal}));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    const closed = rejection(call({path: {username: 'ada'}}));
    await session.destroy();
    expect(await closed).toMatchObject({name: 'SessionClosedError'});
  });

  it('refuses what it does not know, by name', async () => {
    const {call, calls} = mockMethod(getUser);
    const error = await rejection(call({path: {username: 'ada'}, searchParams: {}} as never));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error.message).toMatch(
      /^Unknown option "searchParams" of GET \/users\/\{username\}\. Known options: path, query/,
    );
    expect(await rejection(call('ada' as never))).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  it('may be had with its response, for status and headers', async () => {
    const {call} = mockMethod(getUser, () => Response.json({name: 'Ada'}, {headers: {etag: '"1"'}}));
    const {data, response} = await call.withResponse({path: {username: 'ada'}});
    expect(data).toEqual({name: 'Ada'});
    expect(response.headers.get('etag')).toBe('"1"');
  });

  it('may be had raw, whatever the status', async () => {
    const {call} = mockMethod(getUser, () => new Response('no', {status: 404}));
    const response = await call.raw({path: {username: 'ada'}});
    expect([response.status, await response.text()]).toEqual([404, 'no']);
  });
});

describe('headers', () => {
  const get = endpoint('GET /a', {response: asText()});

  it('are those of the session, the client and the call, the last first', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin, headers: {a: 'session', b: 'session'}});
    const client = defineClient({get}, {headers: {B: 'client', c: 'client'}})(session);
    await client.get({headers: {C: 'call', d: 1}});
    const {headers} = calls[0] as {headers: Headers};
    expect(['a', 'b', 'c', 'd'].map((name) => headers.get(name))).toEqual(['session', 'client', 'call', '1']);
  });

  it('are taken away by undefined', async () => {
    const {call, calls} = mockMethod(get, undefined, {headers: {a: '1'}});
    await call({headers: {a: undefined, accept: undefined}});
    expect([...(calls[0]?.headers.keys() ?? [])]).toEqual([]);
  });

  it('may be pairs, several of one name, or a Headers', async () => {
    const {call, calls} = mockMethod(get);
    await call({
      headers: [
        ['a', '1'],
        ['A', '2'],
        ['accept', 'text/html'],
      ],
    });
    await call({headers: new Headers({a: '3'})});
    expect(calls.map(({headers}) => headers.get('a'))).toEqual(['1, 2', '3']);
    expect(calls[0]?.headers.get('accept')).toBe('text/html');
  });
});

describe('settings', () => {
  /** A session that tells what it was asked for. */
  function spied(): {session: Pick<Session, 'fetch'>; inits: Array<{timeout?: Timeout; retry?: Retry}>} {
    const inits: Array<{timeout?: Timeout; retry?: Retry}> = [];
    const fetch = async (_url: unknown, init: object = {}) => {
      inits.push(init);
      return new Response('');
    };
    return {session: {fetch: fetch as Session['fetch']}, inits};
  }

  it('of the client, the endpoint and the call are laid over each other', async () => {
    const {session, inits} = spied();
    const get = endpoint('GET /a', {timeout: {attempt: 2}, retry: {minDelay: 5}});
    const client = defineClient({get}, {timeout: 1, retry: 3, idempotencyKey: true})(session);
    await client.get();
    await client.get({timeout: {read: 4, total: undefined}, retry: false, idempotencyKey: 'key'});
    await client.get({timeout: false});
    expect(inits).toMatchObject([
      {timeout: {total: 1, attempt: 2}, retry: {retries: 3, minDelay: 5}, idempotencyKey: true},
      {timeout: {total: 1, attempt: 2, read: 4}, retry: false, idempotencyKey: 'key'},
      {timeout: false},
    ]);
  });

  it('that are the session’s are handed on to it', async () => {
    const {session, inits} = spied();
    const given = {
      signal: new AbortController().signal,
      redirect: 'manual',
      maxResponseSize: 1,
      onDownloadProgress: () => undefined,
      onUploadProgress: () => undefined,
      expectContinue: true,
      trace: [],
      credentials: 'include',
      keepalive: true,
    } as const;
    await defineClient({get: endpoint('GET /a')})(session).get(given);
    expect(inits).toEqual([{method: 'GET', ...given}]);
  });

  it('are not there where nobody asked for them', async () => {
    const {session, inits} = spied();
    await defineClient({get: endpoint('GET /a')})(session).get();
    expect(inits).toEqual([{method: 'GET'}]);
  });
});

describe('a client', () => {
  const get = endpoint('GET /users');

  it('has groups', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const client = defineClient({a: {b: {get}}, get})(session);
    await client.a.b.get();
    await client.get();
    expect(calls).toHaveLength(2);
  });

  it('knows its server, if it is told', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: 'https://other.example/'});
    for (const baseUrl of [`${origin}/v1`, `${origin}/v1/`, new URL(`${origin}/v1/`)])
      await defineClient({get}, {baseUrl})(session).get();
    expect(calls.map(({url}) => url)).toEqual(Array(3).fill(`${origin}/v1/users`));
  });

  it.each([
    [
      'an option that is not known',
      () => defineClient({}, {auth: 1} as never),
      'client.auth',
      'UnsupportedOptionError',
    ],
    ['a base URL that is none', () => defineClient({}, {baseUrl: 'api'}), 'baseUrl'],
    ['a mode that is none', () => defineClient({}, {responses: 'believe' as never}), 'responses'],
    ['a style that is none', () => defineClient({}, {queryStyle: 'matrix' as never}), 'queryStyle'],
    ['something else than an endpoint', () => defineClient({a: {b: 1}} as never), 'endpoints.a.b'],
    ['something else than a session', () => defineClient({})({} as never), 'session'],
  ])('is not made with %s', (_what, make, option, name = 'InvalidOptionError') => {
    expect(thrown(make)).toMatchObject({name, option});
  });
});

describe('an endpoint', () => {
  it.each([
    ['an option that is not known', {respnse: type()}, 'endpoint.respnse', 'UnsupportedOptionError'],
    ['a query that is no schema', {query: {page: 1}}, 'query'],
    ['a body, for a GET', {body: type()}, 'body'],
    ['a path, without parameters', {path: type()}, 'path'],
    ['a response that is none', {response: 'json'}, 'response'],
    ['a status that is no error', {errors: {200: type()}}, 'errors.200'],
    ['an error that is no schema', {errors: {404: 'none'}}, 'errors.404'],
    ['a style that is none', {queryStyles: {a: 'matrix'}}, 'queryStyles.a'],
  ])('has not %s', (_what, options, option, name = 'InvalidOptionError') => {
    expect(thrown(() => endpoint('GET /a', options as never))).toMatchObject({name, option});
  });

  it('has no response for a HEAD, whose answer has no body', () => {
    expect(thrown(() => endpoint('HEAD /a', {response: type()}))).toMatchObject({option: 'response'});
  });
});

describe('an error', () => {
  const create = endpoint('POST /users', {
    body: type<User>(),
    errors: {422: type<{field: string}>(), '5XX': type<string>(), default: type<{code: number}>()},
  });
  const other = endpoint('POST /users', {errors: {422: type<{field: string}>()}});
  const answer = (status: number, value: unknown) => () => Response.json(value, {status});

  it.each([
    [422, {field: 'name'}],
    [503, 'busy'],
    [409, {code: 1}],
  ])('of status %i has its data, and is known to its endpoint', async (status, data) => {
    const {call} = mockMethod(create, answer(status, data));
    const error = await rejection(call({body: {name: 'Ada'}}));
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status, data});
    expect([create.isError(error), call.isError(error), other.isError(error)]).toEqual([true, true, false]);
  });

  it('of a status that is not declared is an HTTPError, and not the endpoint’s', async () => {
    const {call} = mockMethod(other, answer(500, {code: 1}));
    const error = await rejection(call());
    expect(error).toMatchObject({name: 'HTTPError', status: 500, data: {code: 1}});
    expect(other.isError(error)).toBe(false);
  });

  it('tells how many attempts were made', async () => {
    const {call} = mockMethod(other, answer(503, {}), {retry: {retries: 2, minDelay: 0, maxDelay: 1}});
    expect(await rejection(call({idempotencyKey: 'key'}))).toMatchObject({status: 503, attempts: 3});
    expect(await rejection(call({retry: false}))).toMatchObject({status: 503, attempts: 1});
  });

  it('shows no header, query or body', async () => {
    const secret = endpoint('POST /a', {query: type<{key: string}>(), body: type<string>()});
    const {call} = mockMethod(secret, answer(400, {echo: 's3cret'}), {auth: {bearer: 's3cret'}});
    const error = await rejection(
      call({query: {key: 's3cret'}, body: 's3cret', headers: {'x-api-key': 's3cret'}}),
    );
    expect(JSON.stringify(error) + String(error) + error.stack).not.toContain('s3cret');
    expect(error.message).toBe(`Status 400 (POST ${origin}/v1/a?key=…)`);
  });

  it('whose body is cut off by an abort is the abort', async () => {
    const {call} = mockMethod(other, () => new Response(new ReadableStream(), {status: 422}));
    const controller = new AbortController();
    const rejected = rejection(call({signal: controller.signal}));
    await new Promise((resolve) => setTimeout(resolve));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejected).toBe(reason);
  });

  it('is nothing else', () => {
    for (const value of [undefined, null, 'error', new Error('other')])
      expect(create.isError(value)).toBe(false);
  });
});

it.each(['body', 'query'] as const)(
  'a %s for an endpoint without one is refused, not left out',
  async (part) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/'});
    const client = defineClient({bare: endpoint('POST /bare')})(session);
    const error = await rejection(client.bare({[part]: {a: 1}} as never));
    expect(error.message).toBe(`A call of POST /bare is given a ${part}, and the endpoint has none`);
    expect(calls).toHaveLength(0);
  },
);
