import {describe, expect, it} from 'vitest';
import {mockConnector} from '../../../src/connectors/mock.ts';
import {createSession as createCoreSession} from '../../../src/core-index.ts';
import type {Policy, Retry, Session, Timeout} from '../../../src/index.ts';
import {asText, defineClient, endpoint, HTTPError, type, UnsupportedOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {mockMethod, origin, pathOf} from './support.ts';

interface User {
  readonly name: string;
}

const getUser = endpoint('GET /users/{username}', {response: type<User>()});

describe('a call', () => {
  it('a call requests its path under the base URL, and resolves to the decoded body', async () => {
    const {call, calls} = mockMethod(getUser, () => ({name: 'Ada'}));
    expect(await call({path: {username: 'ada'}})).toEqual({name: 'Ada'});
    expect(calls).toMatchObject([{method: 'GET', url: `${origin}/v1/users/ada`}]);
    expect(calls[0]?.headers.get('accept')).toBe('application/json');
  });

  it.each(['https://api.example.com/v1', 'https://api.example.com/v1/', 'https://api.example.com/v1?key=1'])(
    'a call requests its path under the whole path of the base URL %s',
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

  it('a call on a foreign session requests a URL relative to the base of that session', async () => {
    const urls: unknown[] = [];
    const fetch = async (url: unknown) => {
      urls.push(url);
      return Response.json({});
    };
    await defineClient({getUser})({fetch} as unknown as Session).getUser({path: {username: 'ada'}});
    expect(urls).toEqual(['./users/ada']);
  });

  it('a path that looks like a URL scheme stays under the base URL', async () => {
    const {call, calls} = mockMethod(endpoint('POST /mailto:x'));
    await call();
    expect(pathOf(calls[0]?.url)).toBe('/mailto:x');
  });

  it('a body is sent as JSON', async () => {
    const create = endpoint('POST /users', {body: type<User>(), response: type<unknown>()});
    const {call, calls} = mockMethod(create, async (request) => ({got: await request.json()}));
    expect(await call({body: {name: 'Ada'}})).toEqual({got: {name: 'Ada'}});
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it('a query is appended to the query that the route has', async () => {
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

  it('a call of an endpoint without a declared response resolves to undefined, and frees its slot', async () => {
    const {call, session} = mockMethod(endpoint('DELETE /users/{id}'), () => new Response('gone'));
    expect(await call({path: {id: 1}})).toBeUndefined();
    expect(session.stats().active).toBe(0);
  });

  it('a call resolves to undefined when the server answers with 204', async () => {
    const {call} = mockMethod(getUser, () => new Response(null, {status: 204}));
    expect(await call({path: {username: 'ada'}})).toBeUndefined();
  });

  it('a call rejects when its signal is aborted, and when its session is destroyed', async () => {
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

  it('a call with an unknown option rejects with an error that names the option', async () => {
    const {call, calls} = mockMethod(getUser);
    const error = await rejection(call({path: {username: 'ada'}, searchParams: {}} as never));
    expect(error).toBeInstanceOf(UnsupportedOptionError);
    expect(error.message).toMatch(
      /^Unknown option "searchParams" of GET \/users\/\{username\}\. Known options: path, query/,
    );
    expect(await rejection(call('ada' as never))).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });

  it('withResponse resolves to the data and the response', async () => {
    const {call} = mockMethod(getUser, () => Response.json({name: 'Ada'}, {headers: {etag: '"1"'}}));
    const {data, response} = await call.withResponse({path: {username: 'ada'}});
    expect(data).toEqual({name: 'Ada'});
    expect(response.headers.get('etag')).toBe('"1"');
  });

  it('raw resolves to the response, whatever its status is', async () => {
    const {call} = mockMethod(getUser, () => new Response('no', {status: 404}));
    const response = await call.raw({path: {username: 'ada'}});
    expect([response.status, await response.text()]).toEqual([404, 'no']);
  });
});

describe('headers', () => {
  const get = endpoint('GET /a', {response: asText()});

  it('headers of the call replace those of the client, which replace those of the session', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin, headers: {a: 'session', b: 'session'}});
    const client = defineClient({get}, {headers: {B: 'client', c: 'client'}})(session);
    await client.get({headers: {C: 'call', d: 1}});
    const {headers} = calls[0] as {headers: Headers};
    expect(['a', 'b', 'c', 'd'].map((name) => headers.get(name))).toEqual(['session', 'client', 'call', '1']);
  });

  it('a header that a call sets to undefined is not sent', async () => {
    const {call, calls} = mockMethod(get, undefined, {headers: {a: '1'}});
    await call({headers: {a: undefined, accept: undefined}});
    expect([...(calls[0]?.headers.keys() ?? [])]).toEqual([]);
  });

  it('headers may be pairs, with several of one name, or a Headers object', async () => {
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
  /** A session that records the options of each request. */
  function spied(): {session: Pick<Session, 'fetch'>; inits: Array<{timeout?: Timeout; retry?: Retry}>} {
    const inits: Array<{timeout?: Timeout; retry?: Retry}> = [];
    const fetch = async (_url: unknown, init: object = {}) => {
      inits.push(init);
      return new Response('');
    };
    return {session: {fetch: fetch as Session['fetch']}, inits};
  }

  it('settings of the call are merged over those of the endpoint, and those over the client’s', async () => {
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

  it('options that belong to the session are passed on to it unchanged', async () => {
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

  it('a call without settings passes no settings to the session', async () => {
    const {session, inits} = spied();
    await defineClient({get: endpoint('GET /a')})(session).get();
    expect(inits).toEqual([{method: 'GET'}]);
  });
});

describe('options of policies', () => {
  const get = endpoint('GET /a', {retry: 1});
  const bare = endpoint('GET /a');

  it('a call takes the option of a policy of the user’s own, and the policy gets it', async () => {
    const seen: unknown[] = [];
    const policy: Policy = {
      name: 'tenant',
      callOptions: {tenant: (value: unknown) => value},
      wrap: (next) => (request) => {
        seen.push(request.options?.['tenant']);
        return next(request);
      },
    };
    const {session} = mockSession(undefined, {baseUrl: origin, policies: [policy]});
    await defineClient({bare})(session).bare({tenant: 'acme'} as object);
    expect(seen).toEqual(['acme']);
  });

  it('a call on a session without the policy of an option rejects, and names the option', async () => {
    const session = createCoreSession({connector: mockConnector(() => new Response('')), baseUrl: origin});
    const error = await rejection(defineClient({bare})(session).bare({retry: 1}));
    expect(error).toMatchObject({name: 'UnsupportedOptionError', option: 'retry', where: 'GET /a'});
  });

  it('a client cannot be made on a session without the policy of a setting of its endpoints', () => {
    const session = createCoreSession({connector: mockConnector(() => new Response('')), baseUrl: origin});
    expect(thrown(() => defineClient({get})(session))).toMatchObject({
      name: 'UnsupportedOptionError',
      option: 'retry',
    });
  });
});

describe('a client', () => {
  const get = endpoint('GET /users');

  it('a client has its endpoints in the groups of the tree', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const client = defineClient({a: {b: {get}}, get})(session);
    await client.a.b.get();
    await client.get();
    expect(calls).toHaveLength(2);
  });

  it('the base URL of a client replaces the base URL of the session', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: 'https://other.example/'});
    for (const baseUrl of [`${origin}/v1`, `${origin}/v1/`, new URL(`${origin}/v1/`)])
      await defineClient({get}, {baseUrl})(session).get();
    expect(calls.map(({url}) => url)).toEqual(Array(3).fill(`${origin}/v1/users`));
  });

  it.each([
    [
      'an unknown option',
      () => defineClient({}, {auth: 1} as never),
      'client.auth',
      'UnsupportedOptionError',
    ],
    ['an invalid base URL', () => defineClient({}, {baseUrl: 'api'}), 'baseUrl'],
    ['an unknown mode of responses', () => defineClient({}, {responses: 'believe' as never}), 'responses'],
    ['an unknown style', () => defineClient({}, {queryStyle: 'matrix' as never}), 'queryStyle'],
    [
      'a value in the tree that is not an endpoint',
      () => defineClient({a: {b: 1}} as never),
      'endpoints.a.b',
    ],
    ['a value that is not a session', () => defineClient({})({} as never), 'session'],
  ])('defineClient throws for %s', (_what, make, option, name = 'InvalidOptionError') => {
    expect(thrown(make)).toMatchObject({name, option});
  });
});

describe('an endpoint', () => {
  it.each([
    ['an unknown option', {respnse: type()}, 'endpoint.respnse', 'UnsupportedOptionError'],
    ['a query that is not a schema', {query: {page: 1}}, 'query'],
    ['the body of a GET', {body: type()}, 'body'],
    ['a schema of a path that has no parameters', {path: type()}, 'path'],
    ['a response that is neither a schema nor a content', {response: 'json'}, 'response'],
    ['an error with a status of success', {errors: {200: type()}}, 'errors.200'],
    ['an error that is not a schema', {errors: {404: 'none'}}, 'errors.404'],
    ['an unknown style', {queryStyles: {a: 'matrix'}}, 'queryStyles.a'],
  ])('endpoint throws for %s', (_what, options, option, name = 'InvalidOptionError') => {
    expect(thrown(() => endpoint('GET /a', options as never))).toMatchObject({name, option});
  });

  it('endpoint throws for the response of a HEAD, which has no body', () => {
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
  ])(
    'a declared error of status %i has typed data, and isError of its endpoint alone knows it',
    async (status, data) => {
      const {call} = mockMethod(create, answer(status, data));
      const error = await rejection(call({body: {name: 'Ada'}}));
      expect(error).toBeInstanceOf(HTTPError);
      expect(error).toMatchObject({status, data});
      expect([create.isError(error), call.isError(error), other.isError(error)]).toEqual([true, true, false]);
    },
  );

  it('an error whose status is not declared is an HTTPError that isError does not accept', async () => {
    const {call} = mockMethod(other, answer(500, {code: 1}));
    const error = await rejection(call());
    expect(error).toMatchObject({name: 'HTTPError', status: 500, data: {code: 1}});
    expect(other.isError(error)).toBe(false);
  });

  it('an error has the number of attempts that were made', async () => {
    const {call} = mockMethod(other, answer(503, {}), {retry: {retries: 2, minDelay: 0, maxDelay: 1}});
    expect(await rejection(call({idempotencyKey: 'key'}))).toMatchObject({status: 503, attempts: 3});
    expect(await rejection(call({retry: false}))).toMatchObject({status: 503, attempts: 1});
  });

  it('an error shows no header, no query value and no body', async () => {
    const secret = endpoint('POST /a', {query: type<{key: string}>(), body: type<string>()});
    const {call} = mockMethod(secret, answer(400, {echo: 's3cret'}), {auth: {bearer: 's3cret'}});
    const error = await rejection(
      call({query: {key: 's3cret'}, body: 's3cret', headers: {'x-api-key': 's3cret'}}),
    );
    expect(JSON.stringify(error) + String(error) + error.stack).not.toContain('s3cret');
    expect(error.message).toBe(`Status 400 (POST ${origin}/v1/a?key=…)`);
  });

  it('a call that is aborted while its error body is read rejects with the reason of the abort', async () => {
    const {call} = mockMethod(other, () => new Response(new ReadableStream(), {status: 422}));
    const controller = new AbortController();
    const rejected = rejection(call({signal: controller.signal}));
    await new Promise((resolve) => setTimeout(resolve));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejected).toBe(reason);
  });

  it('isError returns false for values that are not errors of the endpoint', () => {
    for (const value of [undefined, null, 'error', new Error('other')])
      expect(create.isError(value)).toBe(false);
  });
});

it.each(['body', 'query'] as const)(
  'a call with a %s rejects when its endpoint declares none',
  async (part) => {
    const {session, calls} = mockSession(() => ({}), {baseUrl: 'https://api.test/'});
    const client = defineClient({bare: endpoint('POST /bare')})(session);
    const error = await rejection(client.bare({[part]: {a: 1}} as never));
    expect(error.message).toBe(
      `POST /bare got a ${part}, but the endpoint declares none: add the option "${part}"`,
    );
    expect(calls).toHaveLength(0);
  },
);
