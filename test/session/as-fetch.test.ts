import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {describe, expect, it, onTestFinished} from 'vitest';
import {undiciConnector} from '../../src/connectors/undici/index.ts';
import type {Session, SessionOptions} from '../../src/index.ts';
import {ConnectionError, createSession} from '../../src/index.ts';
import {failure} from '../support/failure.ts';
import {startServer} from '../support/http-server.ts';

/**
 * What `session.fetch` does on Node as the Fetch standard says, each beside what built-in `fetch` does.
 *
 * @module
 */

type Fetch = typeof globalThis.fetch;
const builtIn = globalThis.fetch;

function open(options: SessionOptions = {}): Session {
  const session = createSession({retry: false, ...options});
  onTestFinished(() => session.destroy());
  return session;
}

function eachFetch(options?: SessionOptions): Fetch[] {
  return [open(options).fetch as Fetch, builtIn];
}

/** Answers with the headers that arrived. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  response.end(JSON.stringify(request.headers));
}

async function headersOf(fetch: Fetch, url: string, init?: RequestInit): Promise<Record<string, string>> {
  return (await (await fetch(url, init)).json()) as Record<string, string>;
}

it('session.fetch has the length of fetch', () => {
  for (const fetch of eachFetch()) expect(fetch).toHaveLength(1);
});

describe('URLs that need no connection', () => {
  it('a data: URL gives its content and its type', async () => {
    for (const fetch of eachFetch()) {
      const response = await fetch('data:text/x-one;charset=utf-8;base64,aGk=#fragment');
      expect(response).toMatchObject({status: 200, ok: true, type: 'basic', redirected: false});
      expect(response.url).toBe('data:text/x-one;charset=utf-8;base64,aGk=');
      expect((await response.blob()).type).toBe('text/x-one;charset=utf-8');
      expect(await (await fetch('data:,a%20b')).text()).toBe('a b');
      expect(await (await fetch('data:application/json,{"a":1}')).json()).toEqual({a: 1});
    }
  });

  it('a blob: URL gives the Blob, or a range of it', async () => {
    const url = URL.createObjectURL(new Blob(['hello'], {type: 'text/x-one'}));
    onTestFinished(() => URL.revokeObjectURL(url));
    for (const fetch of eachFetch()) {
      const response = await fetch(url);
      expect(response.headers.get('content-type')).toBe('text/x-one');
      expect(await response.text()).toBe('hello');
      const part = await fetch(url, {headers: {range: 'bytes=1-2'}});
      expect([part.status, await part.text()]).toEqual([206, 'el']);
    }
  });

  it('a data: URL that is none, and a blob: URL that was revoked, are network errors', async () => {
    const revoked = URL.createObjectURL(new Blob(['hello']));
    URL.revokeObjectURL(revoked);
    const session = open();
    for (const url of ['data:no-comma', revoked]) {
      expect(await failure(session.fetch(url))).toBeInstanceOf(ConnectionError);
      expect(await failure(builtIn(url))).toBeInstanceOf(TypeError);
    }
  });

  it('they take no slot, and keep the options of the call', async () => {
    const server = await startServer(() => undefined);
    const session = open({connector: {limit: 1}});
    const holding = failure(session.fetch(server.origin));
    expect(await session.get('data:,hello').text()).toBe('hello');
    await expect(session.get('data:,hello', {maxResponseSize: 3}).text()).rejects.toMatchObject({
      name: 'ResponseTooLargeError',
    });
    await expect(session.fetch('data:,hello', {signal: AbortSignal.abort('stop')})).rejects.toBe('stop');
    await expect(session.get('data:,s3cret').json()).rejects.toMatchObject({name: 'JsonError'});
    await session.destroy();
    await holding;
  });
});

describe('integrity', () => {
  const digestOf = (algorithm: string, text = 'text') =>
    `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`;
  const right = digestOf('sha256');
  const wrong = digestOf('sha384', 'other');

  it.each([
    ['a digest of the body', right],
    ['one of several digests', `${digestOf('sha256', 'other')} ${right}`],
    [
      'the strongest digest, though a weaker one is wrong',
      `${digestOf('sha256', 'x')}  ${digestOf('sha512')}`,
    ],
    ['a digest with options', `${right}?ct=text/plain`],
    ['no digest that is known', 'md5-AAAA nonsense'],
    ['nothing', ''],
  ])('the body is given if integrity is %s', async (_name, integrity) => {
    const server = await startServer((_request, response) => response.end('text'));
    for (const fetch of eachFetch()) {
      const response = await fetch(server.origin, {integrity});
      expect(response.bodyUsed).toBe(false);
      expect(await response.text()).toBe('text');
    }
  });

  it.each([
    ['of another body', wrong],
    ['a weaker one that is right beside a stronger one that is wrong', `${right} ${wrong}`],
  ])('fetch rejects with a network error for a digest %s', async (_name, integrity) => {
    const server = await startServer((_request, response) => response.end('text'));
    const session = open();
    expect(await failure(session.fetch(server.origin, {integrity}))).toMatchObject({
      code: 'ERR_INTEGRITY',
      phase: 'receive',
    });
    expect(await failure(builtIn(server.origin, {integrity}))).toBeInstanceOf(TypeError);
    expect(await failure(session.fetch('data:,text', {integrity}))).toBeInstanceOf(ConnectionError);
    expect(session.stats()).toMatchObject({active: 0});
  });

  it('the body behind a redirect is checked, and that of the redirect is not', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/') response.writeHead(302, {location: '/text'}).end('moved');
      else response.end('text');
    });
    for (const fetch of eachFetch()) {
      const response = await fetch(server.origin, {integrity: right});
      expect([response.redirected, await response.text()]).toEqual([true, 'text']);
    }
  });
});

describe('ports of other protocols', () => {
  it('a port of the standard’s list is refused before anything is sent', async () => {
    const session = open();
    for (const port of [1, 25, 6000, 6667, 10_080]) {
      const url = `http://127.0.0.1:${port}/`;
      const error = await failure(session.fetch(url));
      expect(error).toMatchObject({code: 'ERR_BLOCKED_PORT', phase: 'connect'});
      expect(await failure(builtIn(url))).toMatchObject({cause: {message: 'bad port'}});
    }
    expect(session.stats()).toMatchObject({active: 0, queued: 0, totals: {opened: 0}});
  });

  it('a redirect to such a port is a network error, and the slot is free again', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(302, {location: 'http://127.0.0.1:6667/'}).end();
    });
    const session = open();
    expect(await failure(session.fetch(server.origin))).toMatchObject({code: 'ERR_BLOCKED_PORT'});
    expect(await failure(builtIn(server.origin))).toBeInstanceOf(TypeError);
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });
});

describe('the headers of a request', () => {
  it.each(['If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Match', 'If-Range'])(
    '%s makes the cache mode no-store, so that caches on the way don’t answer from what they hold',
    async (name) => {
      const server = await startServer(echo);
      for (const fetch of eachFetch()) {
        const headers = {[name]: '"x"'};
        expect(await headersOf(fetch, server.origin, {headers})).toMatchObject({
          'cache-control': 'no-cache',
          pragma: 'no-cache',
        });
        const own = {...headers, 'cache-control': 'max-age=5'};
        expect(await headersOf(fetch, server.origin, {headers: own})).toMatchObject({
          'cache-control': 'max-age=5',
        });
        const cached = await headersOf(fetch, server.origin, {headers, cache: 'force-cache'});
        expect(cached).not.toHaveProperty('pragma');
      }
    },
  );

  it('two spellings of a name in a record are one header with both values', async () => {
    const server = await startServer(echo);
    for (const fetch of eachFetch({headers: {'x-a': 'of the session'}})) {
      const headers = {'X-A': '1', 'x-a': '2', 'x-b': '3'};
      expect(await headersOf(fetch, server.origin, {headers})).toMatchObject({'x-a': '1, 2', 'x-b': '3'});
    }
  });
});

describe('referrer', () => {
  const page = 'https://page.example/path?q=1#part';

  it.each([
    ['', 'https://page.example/'],
    ['no-referrer', undefined],
    ['origin', 'https://page.example/'],
    ['unsafe-url', 'https://page.example/path?q=1'],
    ['same-origin', undefined],
    ['origin-when-cross-origin', 'https://page.example/'],
  ] as const)('with the policy "%s" Referer is %s', async (referrerPolicy, expected) => {
    const server = await startServer(echo);
    for (const fetch of eachFetch()) {
      const init = {referrer: page, referrerPolicy} as RequestInit;
      expect((await headersOf(fetch, server.origin, init))['referer']).toBe(expected);
    }
    // Node's fetch loses the referrer of a Request.
    const ofRequest = await open().fetch(new Request(server.origin, {referrer: page, referrerPolicy}));
    expect(((await ofRequest.json()) as Record<string, string>)['referer']).toBe(expected);
  });

  it('the address of the same origin is sent whole, without credentials and fragment', async () => {
    const server = await startServer(echo);
    const referrer = `${server.origin.replace('//', '//user:secret@')}/page?q=1#part`;
    const sent = await headersOf(open().fetch as Fetch, server.origin, {referrer});
    expect(sent['referer']).toBe(`${server.origin}/page?q=1`);
  });

  it('nothing is sent from https: to a host in the clear, unless the policy asks for it', async () => {
    const requests: Array<string | undefined> = [];
    const connector = undiciConnector({dns: {resolve: {'other.example': '127.0.0.1'}}});
    onTestFinished(() => connector.destroy());
    const session = open({connector});
    const server = await startServer((request, response) => {
      requests.push(request.headers.referer);
      response.end();
    });
    const url = server.origin.replace('127.0.0.1', 'other.example');
    for (const referrerPolicy of ['', 'strict-origin', 'no-referrer-when-downgrade', 'origin'] as const) {
      await session.fetch(url, {referrer: page, referrerPolicy});
    }
    expect(requests).toEqual([undefined, undefined, undefined, 'https://page.example/']);
  });

  it('Referrer-Policy of a redirect is the policy from then on', async () => {
    const server = await startServer((request, response) => {
      if (request.url !== '/') echo(request, response);
      else response.writeHead(302, {location: '/to', 'referrer-policy': 'nonsense, no-referrer'}).end();
    });
    for (const fetch of eachFetch()) {
      const init: RequestInit = {referrer: page, referrerPolicy: 'unsafe-url'};
      expect(await headersOf(fetch, server.origin, init)).not.toHaveProperty('referer');
    }
  });

  it('a Referer that the caller has set is sent as it is', async () => {
    const server = await startServer(echo);
    const init = {referrer: page, headers: {referer: 'https://own.example/'}};
    expect((await headersOf(open().fetch as Fetch, server.origin, init))['referer']).toBe(
      'https://own.example/',
    );
  });
});

describe('members of init that no RequestInit has', () => {
  it.each<Record<string, unknown>>([
    {mode: 'navigate'},
    {mode: 'no-such'},
    {mode: 'no-cors', method: 'PUT'},
    {credentials: 'no-such'},
    {cache: 'no-such'},
    {cache: 'only-if-cached'},
    {redirect: 'no-such'},
    {referrer: 'http://:not a url'},
    {referrerPolicy: 'no-such'},
    {priority: 'no-such'},
    {window: {}},
    {signal: ''},
    {signal: {}},
  ])('%j is a TypeError, also if the signal is aborted already', async (init) => {
    for (const fetch of eachFetch()) {
      const error = await failure(
        fetch('http://127.0.0.1:2/', {signal: AbortSignal.abort(), ...init} as RequestInit),
      );
      expect(error).toBeInstanceOf(TypeError);
      expect(error).not.toBeInstanceOf(ConnectionError);
    }
  });

  it.each<Record<string, unknown>>([
    {mode: 'no-cors'},
    {credentials: 'include'},
    {cache: 'reload'},
    {referrer: ''},
    {referrer: 'about:client'},
    {referrerPolicy: 'same-origin'},
    {priority: 'low'},
    {window: null},
    {signal: null},
    {keepalive: true},
  ])('%j is taken', async (init) => {
    const server = await startServer(echo);
    for (const fetch of eachFetch()) expect((await fetch(server.origin, init)).status).toBe(200);
  });
});

describe('an abort after the body has arrived', () => {
  const content = 'x'.repeat(20_000);

  async function arrived(fetch: Fetch, url: string) {
    const controller = new AbortController();
    const response = await fetch(url, {signal: controller.signal});
    // The second response of the connection comes when the first one has arrived.
    await (await fetch(`${url}next`)).text();
    return {controller, response};
  }

  it.each(['plain', 'gzip'])('fails a %s body that was not read, and its clones', async (coding) => {
    const {gzipSync} = await import('node:zlib');
    const server = await startServer((_request, response) => {
      if (coding === 'gzip') response.setHeader('content-encoding', 'gzip').end(gzipSync(content));
      else response.end(content);
    });
    for (const fetch of eachFetch({connector: {limit: 1}})) {
      const readers: Array<(response: Response) => Promise<unknown>> = [
        (response) => response.text(),
        (response) => response.json(),
        (response) => response.bytes(),
        (response) => response.blob(),
        (response) => (response.body as ReadableStream).getReader().read(),
      ];
      for (const read of readers) {
        const {controller, response} = await arrived(fetch, `${server.origin}/`);
        const clone = response.clone();
        controller.abort();
        expect(await failure(read(response))).toBe(controller.signal.reason);
        expect(await failure(clone.text())).toBe(controller.signal.reason);
      }
    }
  });

  it('changes nothing for a body that was read or is empty', async () => {
    const server = await startServer((request, response) => response.end(request.url === '/' ? content : ''));
    for (const fetch of eachFetch({connector: {limit: 1}})) {
      const {controller, response} = await arrived(fetch, `${server.origin}/`);
      const text = await response.text();
      controller.abort();
      expect(text).toBe(content);
    }
    // Node's fetch fails here: it ends the stream only when it is read. The standard ends it with the last byte.
    const empty = await arrived(open({connector: {limit: 1}}).fetch as Fetch, `${server.origin}/empty`);
    empty.controller.abort();
    expect(await empty.response.text()).toBe('');
  });
});
