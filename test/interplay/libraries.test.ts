import {readFile} from 'node:fs/promises';
import {Hono} from 'hono';
import {hc} from 'hono/client';
import ky from 'ky';
import {createFetch} from 'ofetch';
import createClient from 'openapi-fetch';
import openapiTypeScript, {astToString} from 'openapi-typescript';
import {describe, expect, expectTypeOf, it} from 'vitest';
import type {paths} from '../../examples/galaxy/paths.ts';
import {apiKey, ConnectionError, createSession, TimeoutError} from '../../src/index.ts';
import {bodyOf, startServer} from '../support/http-server.ts';
import {mockSession, rejection} from '../support/mock-session.ts';

const document = new URL(import.meta.resolve('@scalar/galaxy/3.1.json'));

/** Starts a server that answers as the document says: with a planet, or with the error for a missing one. */
async function startGalaxy() {
  const bodies: string[] = [];
  const server = await startServer(async (request, response) => {
    bodies.push((await bodyOf(request)).toString());
    const isKnown = !request.url?.includes('404');
    response.statusCode = isKnown ? 200 : 404;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isKnown ? {id: 1, name: 'Mars'} : {title: 'Not Found', status: 404}));
  });
  return {...server, bodies};
}

describe('openapi-fetch', () => {
  it('the checked-in types of openapi-fetch are those of the current document', async () => {
    const types = await openapiTypeScript(document, {emptyObjectsUnknown: true});
    const file = await readFile(new URL('../../examples/galaxy/paths.ts', import.meta.url), 'utf8');
    expect(file.slice(file.indexOf('export interface paths'))).toBe(
      astToString(types).slice(astToString(types).indexOf('export interface paths')),
    );
  });

  it('openapi-fetch on a session gets data and errors as the document types them', async () => {
    const {origin, bodies, requests} = await startGalaxy();
    await using session = createSession({
      baseUrl: origin,
      headers: {'x-own': '1'},
      auth: apiKey({header: 'x-api-key', value: 'key'}),
    });
    const client = createClient<paths>({baseUrl: origin, fetch: session.fetch});
    const found = await client.GET('/planets/{planetId}', {params: {path: {planetId: 1}}});
    expectTypeOf(found.data?.name).toEqualTypeOf<string | undefined>();
    expect(found.data).toEqual({id: 1, name: 'Mars'});
    const missing = await client.GET('/planets/{planetId}', {params: {path: {planetId: 404}}});
    expectTypeOf(missing.error?.detail).toEqualTypeOf<string | undefined>();
    expect([missing.response.status, missing.error]).toEqual([404, {title: 'Not Found', status: 404}]);
    await client.POST('/planets', {body: {id: 1, name: 'Mars', type: 'terrestrial'}});
    expect(JSON.parse(bodies[2] ?? '')).toEqual({id: 1, name: 'Mars', type: 'terrestrial'});
    expect(requests.map(({headers}) => [headers['x-own'], headers['x-api-key']])).toEqual(
      Array(3).fill(['1', 'key']),
    );
    expect(session.stats().totals).toMatchObject({requests: 3, opened: 1});
    // @ts-expect-error The document has no such path.
    await client.GET('/moons', {});
  });

  it('openapi-fetch on a session aborts, times out and fails as the session does', async () => {
    const server = await startServer(() => undefined);
    await using session = createSession({timeout: {read: 50}, retry: false});
    const client = createClient<paths>({baseUrl: server.origin, fetch: session.fetch});
    expect(await rejection(client.GET('/planets'))).toBeInstanceOf(TimeoutError);
    const controller = new AbortController();
    const aborted = client.GET('/planets', {signal: controller.signal});
    controller.abort('stop');
    await expect(aborted).rejects.toBe('stop');
    const nowhere = createClient<paths>({baseUrl: 'http://127.0.0.1:2', fetch: session.fetch});
    expect(await rejection(nowhere.GET('/planets'))).toBeInstanceOf(ConnectionError);
    expect(session.stats().active).toBe(0);
  });

  it('openapi-fetch on a session keeps to its limits', async () => {
    const server = await startServer((_request, response) => setTimeout(() => response.end('{}'), 5));
    await using session = createSession({connector: {limitPerHost: 2}});
    const client = createClient<paths>({baseUrl: server.origin, fetch: session.fetch});
    await Promise.all(Array.from({length: 20}, () => client.GET('/planets')));
    expect(server.peak).toBe(2);
  });
});

describe('a ky instance', () => {
  it('a ky instance sends over the session, with its own options', async () => {
    const {origin, bodies, requests} = await startGalaxy();
    await using session = createSession({headers: {'x-own': '1'}});
    const api = ky.create({prefix: origin, fetch: session.fetch, retry: 0, searchParams: {page: 1}});
    expect(await api.post('planets', {json: {name: 'Mars'}}).json()).toEqual({id: 1, name: 'Mars'});
    expect(bodies).toEqual(['{"name":"Mars"}']);
    expect([requests[0]?.path, requests[0]?.headers['x-own']]).toEqual(['/planets?page=1', '1']);
    await expect(api.get('planets/404').json()).rejects.toMatchObject({name: 'HTTPError'});
    expect(session.stats().totals).toMatchObject({requests: 2, opened: 1});
  });

  it('a ky instance can leave retries to the session', async () => {
    let count = 0;
    const {session} = mockSession(() => (++count < 3 ? new Response('', {status: 503}) : {name: 'Mars'}), {
      retry: {retries: 2, minDelay: 0, maxDelay: 1},
    });
    const api = ky.create({prefix: 'https://api.test', fetch: session.fetch, retry: 0});
    expect(await api.get('planets/1').json()).toEqual({name: 'Mars'});
    expect(count).toBe(3);
  });
});

describe('a typed hono client', () => {
  const app = new Hono()
    .get('/users/:id', ({json, req}) => json({id: req.param('id'), page: req.query('page')}))
    .post('/users', async ({json, req}) => json(await req.json(), 201));

  it('a typed hono client has the types of the server, and sends over the session', async () => {
    const {session, calls} = mockSession(
      async (call) => {
        const body = await call.text();
        return app.request(call.url, {method: call.method, headers: call.headers, ...(body && {body})});
      },
      {headers: {'x-own': '1'}},
    );
    const client = hc<typeof app>('https://api.test/', {fetch: session.fetch});
    const user = await (await client.users[':id'].$get({param: {id: 'ada lovelace'}})).json();
    expectTypeOf(user.id).toEqualTypeOf<string>();
    expect(user.id).toBe('ada lovelace');
    const created = await client.users.$post({}, {init: {body: '{"name":"Ada"}'}});
    expect([created.status, await created.json()]).toEqual([201, {name: 'Ada'}]);
    expect(calls.map(({headers}) => headers.get('x-own'))).toEqual(['1', '1']);
    // @ts-expect-error The server has no such route.
    void client.posts;
  });
});

// A library that retries by itself makes as many requests on session.fetch as on built-in fetch.
describe.each([
  ['built-in fetch', () => globalThis.fetch],
  ['session.fetch', () => createSession().fetch as typeof globalThis.fetch],
])('a library that retries, on %s', (_which, makeFetch) => {
  async function startBusyServer() {
    return startServer((_request, response) => {
      response.writeHead(503, {'retry-after': '0'});
      response.end('{}');
    });
  }

  it('ofetch decides alone about retries: by default, by its option `retry`, and with its other options', async () => {
    const $fetch = createFetch({fetch: makeFetch()});
    for (const [options, requests] of [
      [{}, 2],
      [{retry: 3}, 4],
      [{retry: 1, headers: {a: 'b'}, query: {q: 1}, timeout: 5_000, retryDelay: 1}, 2],
      [{retry: false}, 1],
      [{retry: 2, method: 'POST', body: {a: 1}}, 3],
    ] as const) {
      const server = await startBusyServer();
      await rejection($fetch(server.origin, options));
      expect(server.requests, JSON.stringify(options)).toHaveLength(requests);
    }
  });

  it('ky decides alone about retries', async () => {
    for (const [limit, requests] of [
      [0, 1],
      [2, 3],
    ] as const) {
      const server = await startBusyServer();
      await rejection(
        ky
          .create({fetch: makeFetch()})(server.origin, {retry: {limit, delay: () => 1}})
          .json(),
      );
      expect(server.requests, `${limit}`).toHaveLength(requests);
    }
  });
});
