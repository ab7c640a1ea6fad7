import {describe, expect, it} from 'vitest';
import {fetchConnector} from '../../src/connectors/native/fetch.ts';
import type {SessionOptions} from '../../src/index.ts';
import {
  createSession,
  defineClient,
  download,
  endpoint,
  eventSource,
  type as typeOf,
} from '../../src/index.ts';
import {cookieJar} from '../../src/policies/cookies/index.ts';
import {certificates} from '../support/certificates.ts';
import {startServer} from '../support/http-server.ts';
import {createLookup} from '../support/lookup.ts';
import {openSession} from '../support/open-session.ts';

/** A server that sets cookies on /set, redirects from /go, and answers other paths with the Cookie header. */
async function startSite(to = () => '/end', tls?: {cert: string; key: string}) {
  return startServer(
    (request, response) => {
      if (request.url === '/set') response.setHeader('set-cookie', ['a=1; Path=/', 's=1; Path=/; Secure']);
      if (request.url === '/go') {
        response.writeHead(302, {location: to(), 'set-cookie': 'hop=1; Path=/'}).end('moved');
        return;
      }
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.headers.cookie ?? null));
    },
    tls ? {tls} : {},
  );
}

const kinds: Array<[name: string, open: (options: SessionOptions) => ReturnType<typeof createSession>]> = [
  ['the undici connector', (options) => openSession({}, options).session],
  ['native fetch', (options) => createSession({...options, retry: false, connector: fetchConnector()})],
];

describe.each(kinds)('with %s', (_, open) => {
  it('a cookie of a redirect is sent with the request that follows', async () => {
    const site = await startSite();
    await using session = open({baseUrl: site.origin, cookies: cookieJar()});
    const response = await session.get('/go');
    expect(response).toMatchObject({redirected: true, url: `${site.origin}/end`});
    expect(await response.json()).toBe('hop=1');
  });

  it('a redirect to another host sends no cookie there, and the way back sends them again', async () => {
    const away = await startSite(() => `http://127.0.0.1:${site.port}/end`);
    const site = await startSite(() => `http://localhost:${away.port}/go`);
    await using session = open({baseUrl: site.origin, cookies: cookieJar()});
    expect(await session.get('/go', {headers: {cookie: 'own=s3cret'}}).json()).toBe('hop=1');
    expect(away.requests[0]?.headers.cookie).toBeUndefined();
    expect(away.requests[0]?.headers.host).toContain('localhost');
  });

  it('one host has its cookies on all ports', async () => {
    const one = await startSite();
    const other = await startSite();
    await using session = open({cookies: cookieJar()});
    await session.get(`${one.origin}/set`).text();
    expect(await session.get(`${other.origin}/`).json()).toBe('a=1; s=1');
  });
});

it('a cookie with Secure comes from HTTPS and goes to HTTPS only', async () => {
  const {ca, other} = await certificates();
  const safe = await startSite(undefined, other);
  const open = await startSite();
  const {lookup} = createLookup({'other.example': ['127.0.0.1']});
  const cookies = cookieJar();
  const {session} = openSession({dns: {lookup}, tls: {ca}}, {cookies});
  const http = `http://other.example:${open.port}`;
  const https = `https://other.example:${safe.port}`;
  await session.get(`${http}/set`).text();
  expect((await cookies.list()).map(({name}) => name)).toEqual(['a']);
  await session.get(`${https}/set`).text();
  expect(await session.get(`${https}/`).json()).toBe('a=1; s=1');
  expect(await session.get(`${http}/`).json()).toBe('a=1');
});

it('no slot is left when redirects were followed with a jar, and one slot is enough', async () => {
  const site = await startSite();
  const {session, stats} = openSession({limit: 1}, {baseUrl: site.origin, cookies: cookieJar()});
  for (let index = 0; index < 3; index++) await session.get('/go').text();
  expect(stats()).toMatchObject({active: 0, queued: 0});
  expect(stats().totals.opened).toBe(1);
});

it('downloads, typed clients and event sources send the cookies of their session', async () => {
  const site = await startServer((request, response) => {
    if (request.headers.accept === 'text/event-stream') {
      response.setHeader('content-type', 'text/event-stream');
      response.end(`data: ${request.headers.cookie}\n\n`);
    } else {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({cookie: request.headers.cookie}));
    }
  });
  const cookies = cookieJar();
  await cookies.set('a=1; Path=/', site.origin);
  const {session} = openSession({}, {baseUrl: site.origin, cookies});
  const client = defineClient({get: endpoint('GET /', {response: typeOf<{cookie: string}>()})})(session);
  expect(await client.get()).toEqual({cookie: 'a=1'});
  for await (const {data} of eventSource(session, '/')) {
    expect(data).toBe('a=1');
    break;
  }
  for await (const chunk of download(session, '/')) {
    expect(new TextDecoder().decode(chunk)).toBe('{"cookie":"a=1"}');
  }
});
