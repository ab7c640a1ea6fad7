import {describe, expect, it, onTestFinished} from 'vitest';
import type {Session, SessionOptions} from '../../src/index.ts';
import {ConnectionError, createSession, HTTPError, SessionClosedError} from '../../src/index.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';
import {noHosts} from '../support/no-hosts.ts';
import {waitFor, waitForGc} from '../support/wait-for.ts';

/** A session on the runtime's default connector. */
function session(options: SessionOptions = {}): Session {
  const made = createSession({retry: false, ...options});
  onTestFinished(() => made.destroy());
  return made;
}

describe('a session with no configuration', () => {
  it('a session without options sends requests by fetch and by verbs', async () => {
    const server = await startServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({method: request.method, path: request.url}));
    });
    const {fetch, get, post} = session();
    expect(await (await fetch(`${server.origin}/a`)).json()).toEqual({method: 'GET', path: '/a'});
    expect(await get(`${server.origin}/b`).json()).toEqual({method: 'GET', path: '/b'});
    expect(await post(`${server.origin}/c`, {json: {}}).json()).toEqual({method: 'POST', path: '/c'});
  });

  it('a session uses a connection again', async () => {
    const server = await startServer((_request, response) => response.end('x'));
    const {get, stats} = session();
    for (let count = 0; count < 5; count++) await get(server.origin).text();
    expect(server.sockets.opened).toBe(1);
    expect(stats()).toMatchObject({
      active: 0,
      idle: 1,
      hosts: {[server.origin]: {active: 0, queued: 0, idle: 1}},
      totals: {requests: 5, attempts: 5, errors: 0, opened: 1, reused: 4, sent: 5, bytesReceived: 5},
    });
  });

  it('a verb rejects with an HTTPError for a status of 409, and session.fetch resolves', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(409, {'content-type': 'application/problem+json'}).end('{"title":"x"}');
    });
    const {fetch, get} = session();
    const error = await rejection(get(server.origin));
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({status: 409, data: {title: 'x'}});
    expect((await fetch(server.origin)).status).toBe(409);
  });
});

describe('auth over real redirects', () => {
  it.each([301, 302, 303, 307, 308])(
    'after a %d to another origin, no request of the call has the credentials, even back at the first origin',
    async (status) => {
      const other = await startServer((_request, response) => {
        response.writeHead(status, {location: `${api.origin}/end`}).end();
      });
      const api = await startServer((request, response) => {
        if (request.url === '/start') response.writeHead(status, {location: `${other.origin}/`}).end();
        else response.end('here');
      });
      const {get} = session({baseUrl: api.origin, auth: {bearer: 't'}, headers: {cookie: 'a=b'}});
      expect(await get('/start').text()).toBe('here');
      expect(api.requests.map(({headers}) => headers.authorization)).toEqual(['Bearer t', undefined]);
      expect(other.requests[0]?.headers.authorization).toBeUndefined();
      expect(other.requests[0]?.headers.cookie).toBeUndefined();
    },
  );
});

describe('the end of a session', () => {
  it('close() lets running and queued calls finish, and closes every socket', async () => {
    const server = await startServer((_request, response) => {
      response.write('a');
      setTimeout(() => response.end('b'), 20);
    });
    const made = session({connector: {limit: 2}});
    const texts = Array.from({length: 6}, () => made.get(server.origin).text());
    await made.close();
    expect(await Promise.all(texts)).toEqual(Array(6).fill('ab'));
    await waitFor(() => server.sockets.open.size === 0);
    expect(made.stats()).toMatchObject({active: 0, queued: 0, idle: 0, hosts: noHosts});
  });

  it('close({timeout}) aborts the calls that hang, and sends none that is queued', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/quick') response.end('x');
    });
    const made = session({connector: {limit: 1}});
    expect(await made.get(`${server.origin}/quick`).text()).toBe('x');
    const hanging = [made.fetch(server.origin), made.fetch(server.origin)].map(rejection);
    await made.close({timeout: 30});
    for (const error of await Promise.all(hanging)) expect(error).toBeInstanceOf(SessionClosedError);
    expect(server.requests.filter(({path}) => path === '/')).toHaveLength(1);
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('destroy() aborts all calls and bodies at once, and sends none that is queued', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/body') response.write('half');
    });
    const made = session({connector: {limit: 2}});
    const reading = rejection((await made.fetch(`${server.origin}/body`)).text());
    const calls = [1, 2, 3].map((id) => rejection(made.fetch(`${server.origin}/${id}`)));
    await waitFor(() => server.requests.length === 2);
    const reason = new Error('mine');
    await made.destroy(reason);
    for (const error of await Promise.all([reading, ...calls])) {
      expect(error).toBeInstanceOf(SessionClosedError);
      expect(error.cause).toBe(reason);
    }
    await waitFor(() => server.sockets.open.size === 0);
    expect(server.requests).toHaveLength(2);
  });

  it('close() waits for a call whose connection is being opened', async () => {
    const server = await startServer((_request, response) => response.end('x'));
    const made = session();
    const text = made.fetch(server.origin).then((response) => response.text());
    await made.close();
    expect(await text).toBe('x');
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('close() does not wait for a body that is not read', async () => {
    const server = await startServer((_request, response) => response.end(new Uint8Array(4 * 1024 * 1024)));
    const made = session();
    const response = await made.fetch(server.origin);
    await made.close();
    await expect(response.text()).rejects.toBeInstanceOf(SessionClosedError);
  });

  it('`await using` closes the session after a returned call has finished', async () => {
    const server = await startServer((_request, response) => response.end('"x"'));
    async function load() {
      await using made = createSession();
      return made.get(server.origin).json();
    }
    expect(await load()).toBe('x');
    await waitFor(() => server.sockets.open.size === 0);
  });

  it('a session that is garbage-collected while open closes its sockets', async () => {
    const server = await startServer((_request, response) => response.end('x'));
    await (async () => {
      await createSession().get(server.origin).text();
    })();
    expect(server.sockets.open.size).toBe(1);
    await waitForGc(() => server.sockets.open.size === 0);
  });
});

describe('a child session', () => {
  it("a child session uses its parent's connections, and closes with its parent", async () => {
    const server = await startServer((_request, response) => response.end('x'));
    const parent = session();
    const child = parent.extend({baseUrl: server.origin});
    await parent.get(server.origin).text();
    await child.get('/').text();
    expect(server.sockets.opened).toBe(1);
    await child.close();
    expect(server.sockets.open.size).toBe(1);
    const other = parent.extend({baseUrl: server.origin});
    await parent.close();
    await waitFor(() => server.sockets.open.size === 0);
    await expect(other.get('/')).rejects.toBeInstanceOf(SessionClosedError);
  });
});

it('a policy retries over real failures', async () => {
  const server = await startServer((request, response) => {
    if (server.requests.length < 3) request.socket.destroy();
    else response.end('third');
  });
  const made = session({
    policies: [
      (next) => async (request) => {
        for (;;) {
          try {
            return await next(request);
          } catch (error) {
            if (!(error instanceof ConnectionError)) throw error;
          }
        }
      },
    ],
  });
  expect(await made.put(server.origin, {json: {a: 1}}).text()).toBe('third');
  expect(made.stats().totals).toMatchObject({requests: 1, attempts: 3, retries: 2, errors: 0});
});

describe('session.stats().totals.errors', () => {
  it('errors counts bodies that break off or time out, but not cancelled ones', async () => {
    const server = await startServer((request, response) => {
      response.writeHead(200, {'content-length': 100});
      response.write('half');
      if (request.url === '/cut') setTimeout(() => request.socket.destroy(), 5);
    });
    const {fetch, stats} = session();
    await rejection((await fetch(`${server.origin}/cut`)).text());
    expect(stats().totals.errors).toBe(1);
    await rejection(fetch(server.origin, {timeout: 20}).then((response) => response.text()));
    expect(stats().totals.errors).toBe(2);
    await (await fetch(server.origin)).body?.cancel();
    expect(stats().totals).toMatchObject({requests: 3, errors: 2});
  });
});
