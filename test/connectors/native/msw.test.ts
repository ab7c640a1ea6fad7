import {HttpResponse, http} from 'msw';
import {setupServer} from 'msw/node';
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest';
import {fetchConnector} from '../../../src/connectors/native/fetch.ts';
import {ConnectionError, createSession, HTTPError} from '../../../src/index.ts';
import {rejection} from '../../support/mock-session.ts';

const server = setupServer(
  http.get('https://api.test/users/:id', ({params}) => HttpResponse.json({id: params['id']})),
  http.post('https://api.test/users', async ({request}) =>
    HttpResponse.json(await request.json(), {status: 201}),
  ),
  http.get('https://api.test/gone', () => new HttpResponse('gone', {status: 410})),
  http.get('https://api.test/moved', () => HttpResponse.redirect('https://api.test/users/2')),
  http.get('https://api.test/broken', () => HttpResponse.error()),
);

const connector = fetchConnector();
// Made before msw listens, because the connector looks up the global fetch at each request.
const session = createSession({baseUrl: 'https://api.test/', connector});

beforeAll(() => server.listen({onUnhandledFrame: 'error'}));
afterEach(() => expect(session.stats()).toMatchObject({active: 0, queued: 0}));
afterAll(async () => {
  server.close();
  await session.close();
  await connector.close();
});

it('msw answers a session that was made before msw listens', async () => {
  expect(await session.get('users/1').json()).toEqual({id: '1'});
  expect(await (await session.fetch('users/1')).json()).toEqual({id: '1'});
});

it('msw sees the bodies of requests', async () => {
  const response = await session.post('users', {json: {name: 'Ada'}});
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({name: 'Ada'});
});

it('statuses, redirects and failures of msw are like those of a server', async () => {
  const error = await rejection(session.get('gone'));
  expect(error).toBeInstanceOf(HTTPError);
  expect(error).toMatchObject({status: 410, data: 'gone'});
  expect(await session.get('moved').json()).toEqual({id: '2'});
  expect(await rejection(session.get('broken'))).toBeInstanceOf(ConnectionError);
});
