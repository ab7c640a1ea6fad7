import {inspect} from 'node:util';
import {describe, expect, it} from 'vitest';
import {AiofetchError, apiKey, RedirectError} from '../../../src/index.ts';
import {bodyOf, startServer} from '../../support/http-server.ts';
import {createLookup} from '../../support/lookup.ts';
import {openSession} from '../../support/open-session.ts';
import {startRawServer} from '../../support/raw-server.ts';
import {watchDialledSockets} from '../../support/socket-watch.ts';
import {waitFor} from '../../support/wait-for.ts';

interface Landed {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Redirects /from to `to` with `status`, and answers other paths with what arrived. */
async function startRedirecting(status = 302, to: string | (() => string) = '/to') {
  return startServer(async (request, response) => {
    if (request.url?.startsWith('/from')) {
      response.writeHead(status, {location: typeof to === 'string' ? to : to()}).end('moved');
      return;
    }
    const landed = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      body: (await bodyOf(request)).toString(),
    };
    response.end(JSON.stringify(landed));
  });
}

const landedOf = async (response: Response) => (await response.json()) as Landed;

describe('a redirect', () => {
  it('a redirect is followed, and `redirected` is true', async () => {
    const server = await startRedirecting();
    const {fetch, stats} = openSession();
    const response = await fetch(`${server.origin}/from?a=1`);
    expect(response).toMatchObject({status: 200, redirected: true, url: `${server.origin}/to`});
    expect(await landedOf(response)).toMatchObject({method: 'GET', path: '/to'});
    expect(stats().totals).toMatchObject({requests: 1, sent: 2, opened: 1, reused: 1});
  });

  it('without a redirect, `redirected` is false', async () => {
    const server = await startRedirecting();
    const {fetch} = openSession();
    expect((await fetch(server.origin)).redirected).toBe(false);
  });

  it('20 redirects are followed and no more', async () => {
    const server = await startServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left > 0) response.writeHead(302, {location: `/${left - 1}`});
      response.end();
    });
    const {fetch, stats} = openSession({limit: 1});
    expect(await fetch(`${server.origin}/20`)).toMatchObject({status: 200, url: `${server.origin}/0`});
    expect(server.requests).toHaveLength(21);
    const looping = fetch(`${server.origin}/21`);
    await expect(looping).rejects.toBeInstanceOf(RedirectError);
    await expect(looping).rejects.toMatchObject({code: 'ERR_REDIRECT', phase: 'redirect'});
    expect(server.requests).toHaveLength(42);
    expect(stats()).toMatchObject({active: 0, queued: 0});
  });

  it('a redirect status without a Location is a normal response', async () => {
    const server = await startServer((_request, response) => response.writeHead(302).end('nowhere'));
    const {fetch} = openSession();
    const response = await fetch(server.origin);
    expect(response).toMatchObject({status: 302, redirected: false});
    expect(await response.text()).toBe('nowhere');
  });

  it.each([300, 304, 305])('status %i is not a redirect', async (status) => {
    const server = await startRedirecting(status);
    const {fetch} = openSession();
    expect((await fetch(`${server.origin}/from`)).status).toBe(status);
  });
});

describe('method and body over a redirect', () => {
  const kept = [
    ['GET', 301],
    ['GET', 302],
    ['GET', 303],
    ['GET', 307],
    ['GET', 308],
    ['HEAD', 301],
    ['HEAD', 303],
    ['PUT', 301],
    ['PUT', 302],
    ['PATCH', 302],
    ['DELETE', 302],
    ['POST', 307],
    ['POST', 308],
    ['PUT', 307],
  ] as const;
  it.each(kept)('a %s keeps method and body over a %i', async (method, status) => {
    const server = await startRedirecting(status);
    const {fetch} = openSession();
    const hasBody = method === 'PUT' || method === 'POST' || method === 'PATCH';
    const response = await fetch(`${server.origin}/from`, {
      method,
      ...(hasBody && {body: 'text', headers: {'content-type': 'text/x', 'content-language': 'en'}}),
    });
    expect(server.requests.map((request) => request.method)).toEqual([method, method]);
    if (method === 'HEAD') return;
    const landed = await landedOf(response);
    expect(landed).toMatchObject({method, body: hasBody ? 'text' : ''});
    if (hasBody) expect(landed.headers).toMatchObject({'content-type': 'text/x', 'content-length': '4'});
  });

  it.each(['GET', 'HEAD'])(
    'a %s keeps its method over a 303, and its headers about a body',
    async (method) => {
      const server = await startRedirecting(303);
      const {fetch} = openSession();
      await (await fetch(`${server.origin}/from`, {method, headers: {'content-type': 'text/x'}})).text();
      expect(server.requests.map(({headers}) => headers['content-type'])).toEqual(['text/x', 'text/x']);
    },
  );

  const dropped = [
    ['POST', 301],
    ['POST', 302],
    ['POST', 303],
    ['PUT', 303],
    ['DELETE', 303],
    ['PATCH', 303],
  ] as const;
  it.each(dropped)('a %s becomes a GET without a body over a %i', async (method, status) => {
    const server = await startRedirecting(status);
    const {fetch} = openSession();
    const headers = {
      'content-type': 'text/x',
      'content-language': 'en',
      'content-location': '/x',
      'content-encoding': 'identity',
      'x-other': 'kept',
    };
    const response = await fetch(`${server.origin}/from`, {method, body: 'text', headers});
    const landed = await landedOf(response);
    expect(landed).toMatchObject({method: 'GET', body: ''});
    expect(Object.keys(landed.headers).filter((name) => name.startsWith('content-'))).toEqual([]);
    expect(landed.headers).toMatchObject({'x-other': 'kept'});
  });

  it('a form keeps its boundary, and a body function is called again', async () => {
    const server = await startRedirecting(307);
    const {fetch} = openSession();
    const form = new FormData();
    form.set('field', 'value');
    const landed = await landedOf(await fetch(`${server.origin}/from`, {method: 'POST', body: form}));
    const boundary = landed.headers['content-type']?.split('boundary=')[1];
    expect(landed.body.startsWith(`--${boundary}\r\n`)).toBe(true);
    let made = 0;
    const body = () => `made ${++made}`;
    expect(await landedOf(await fetch(`${server.origin}/from`, {method: 'POST', body}))).toMatchObject({
      body: 'made 2',
    });
  });

  describe('a stream as a body', () => {
    async function* chunks() {
      yield 'once';
    }

    it.each([301, 302, 307, 308])('a stream can’t be sent again, so a %i rejects', async (status) => {
      const server = await startRedirecting(status);
      const {fetch, stats} = openSession({limit: 1});
      for (const body of [new Blob(['once']).stream(), chunks()]) {
        const sending = fetch(`${server.origin}/from`, {method: 'POST', body});
        await expect(sending).rejects.toBeInstanceOf(RedirectError);
      }
      expect(server.requests).toHaveLength(2);
      expect(stats().active).toBe(0);
    });

    it('a stream is not needed after a 303', async () => {
      const server = await startRedirecting(303);
      const {fetch} = openSession();
      const response = await fetch(`${server.origin}/from`, {method: 'POST', body: chunks()});
      expect(await landedOf(response)).toMatchObject({method: 'GET', body: ''});
    });

    it('a stream that is still being sent is stopped', async () => {
      let cancelledWith: unknown = 'not yet';
      const server = await startRawServer(async (connection) => {
        const {path} = await connection.head();
        if (path === '/to') return connection.respond('landed');
        connection.send('HTTP/1.1 303 See Other\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n');
      });
      const {fetch, stats} = openSession({limit: 1});
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
        cancel: (reason) => {
          cancelledWith = reason;
        },
      });
      const response = await fetch(`${server.origin}/from`, {method: 'POST', body: endless});
      expect(await response.text()).toBe('landed');
      await waitFor(() => cancelledWith !== 'not yet');
      expect(stats()).toMatchObject({active: 0});
    });
  });
});

describe('credentials over a redirect', () => {
  const headers = {
    authorization: 'Bearer secret',
    cookie: 'session=secret',
    'proxy-authorization': 'Basic secret',
    'x-harmless': 'stays',
  };

  it('credentials are kept within the origin', async () => {
    const server = await startRedirecting(302, '/to');
    const {fetch} = openSession();
    const landed = await landedOf(await fetch(`${server.origin}/from`, {headers}));
    expect(landed.headers).toMatchObject(headers);
  });

  it.each(['port', 'name'])('credentials are dropped when the %s differs', async (what) => {
    const elsewhere = await startRedirecting();
    const server = await startRedirecting(302, () =>
      what === 'port' ? `${elsewhere.origin}/to` : `http://localhost:${server.port}/to`,
    );
    const {fetch} = openSession();
    const landed = await landedOf(await fetch(`${server.origin}/from`, {headers}));
    expect(landed.headers).toMatchObject({'x-harmless': 'stays'});
    expect(JSON.stringify(landed)).not.toContain('secret');
  });

  it('dropped credentials stay dropped when a redirect leads back', async () => {
    const away = await startRedirecting(302, () => `${home.origin}/to`);
    const home = await startRedirecting(302, () => `${away.origin}/from`);
    const {fetch} = openSession();
    const landed = await landedOf(await fetch(`${home.origin}/from`, {headers}));
    expect(landed.path).toBe('/to');
    expect(JSON.stringify(landed)).not.toContain('secret');
  });

  it('credentials of the session’s auth are not sent to another origin', async () => {
    const elsewhere = await startRedirecting();
    const server = await startRedirecting(302, `${elsewhere.origin}/to`);
    const {fetch} = openSession({}, {baseUrl: server.origin, auth: {bearer: 'secret'}});
    const landed = await landedOf(await fetch('/from'));
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(JSON.stringify(landed)).not.toContain('secret');
  });

  it.each([
    ['user:secret', 'a name with a password'],
    ['secret', 'a name alone'],
    [':secret', 'a password alone'],
  ])(
    'credentials in a Location to another origin are refused and not shown: “%s”, %s',
    async (credentials) => {
      const elsewhere = await startRedirecting();
      const server = await startRedirecting(302, elsewhere.origin.replace('//', `//${credentials}@`));
      const {fetch} = openSession();
      const error = await fetch(`${server.origin}/from`).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(RedirectError);
      expect(inspect(error)).not.toContain('secret');
      expect(elsewhere.requests).toHaveLength(0);
    },
  );

  it('credentials in a Location within the origin are left out', async () => {
    const server = await startRedirecting(302, () => `http://user:secret@127.0.0.1:${server.port}/to`);
    const {fetch} = openSession();
    const response = await fetch(`${server.origin}/from`);
    expect(response.url).toBe(`${server.origin}/to`);
    expect(JSON.stringify(await landedOf(response))).not.toContain('secret');
  });

  it('a Host header is dropped for another origin', async () => {
    const elsewhere = await startRedirecting();
    const server = await startRedirecting(302, `${elsewhere.origin}/to`);
    const {fetch} = openSession();
    const landed = await landedOf(await fetch(`${server.origin}/from`, {headers: {host: 'virtual.example'}}));
    expect(landed.headers['host']).toBe(new URL(elsewhere.origin).host);
  });
});

describe('a Location', () => {
  const places = [
    ['absolute path', '/to', '/to'],
    ['relative path', 'to', '/from/to'],
    ['relative path upwards', '../up', '/up'],
    ['query only', '?page=2', '/from/here?page=2'],
    ['empty', '', '/from/here?x=1'],
    ['scheme-relative', '//127.0.0.1:PORT/to', '/to'],
    ['backslashes', '\\to', '/to'],
    ['spaces to trim and to encode', '  /a b  ', '/a%20b'],
    ['UTF-8 that should have been encoded', '/ü/日本', '/%C3%BC/%E6%97%A5%E6%9C%AC'],
    ['already encoded', '/%C3%BC?q=%20', '/%C3%BC?q=%20'],
  ] as const;
  it.each(places)('a Location is resolved against the URL: %s', async (_name, location, path) => {
    const server = await startRawServer(async (connection) => {
      for (let redirected = false; ; redirected = true) {
        const request = await connection.request();
        if (redirected || connection.index > 0) {
          connection.respond(request.path);
          continue;
        }
        const place = location.replace('PORT', String(server.port));
        connection.send(`HTTP/1.1 302 Found\r\nLocation: ${place}\r\nContent-Length: 0\r\n\r\n`);
      }
    });
    const {fetch} = openSession();
    const response = await fetch(`${server.origin}/from/here?x=1`);
    expect(await response.text()).toBe(path);
    expect(response.url).toBe(server.origin + path);
  });

  it.each([
    ['Latin-1', Buffer.from('/caf\xe9?q=\xe9', 'latin1'), '/caf%e9?q=%e9'],
    ['UTF-8', Buffer.from('/café?q=é'), '/caf%C3%A9?q=%c3%a9'],
    ['no charset at all', Buffer.from('/\xff\x80', 'latin1'), '/%ff%80'],
    ['UTF-8 in a host', Buffer.from('//münchen.example:PORT/'), '/'],
  ])('the bytes of a Location stay as they are: %s', async (_name, location, path) => {
    const server = await startRawServer(async (connection) => {
      for (;;) {
        const request = await connection.request();
        if (request.path !== '/from') {
          connection.respond(`${request.headers['host']}${request.path}`);
          continue;
        }
        connection.send('HTTP/1.1 302 Found\r\nLocation: ');
        connection.send(
          Buffer.from(location.toString('latin1').replace('PORT', String(server.port)), 'latin1'),
        );
        connection.send('\r\nContent-Length: 0\r\n\r\n');
      }
    });
    const host = `xn--mnchen-3ya.example:${server.port}`;
    const dns = createLookup({'xn--mnchen-3ya.example': ['127.0.0.1']});
    const expected = (location.includes('PORT') ? host : `127.0.0.1:${server.port}`) + path;
    const {fetch} = openSession({dns: {lookup: dns.lookup}});
    expect((await (await fetch(`${server.origin}/from`)).text()).toLowerCase()).toBe(expected.toLowerCase());
    // The policy follows the redirects of what it signs.
    const signed = openSession(
      {dns: {lookup: dns.lookup}},
      {baseUrl: server.origin, auth: apiKey({header: 'x-key', value: 'k'})},
    );
    const response = await signed.fetch(`${server.origin}/from`);
    expect((await response.text()).toLowerCase()).toBe(expected.toLowerCase());
  });

  it('a fragment is not sent, and not part of the response’s url', async () => {
    const server = await startRedirecting(302, '/to#there');
    const {fetch} = openSession();
    const response = await fetch(`${server.origin}/from#here`);
    expect(response.url).toBe(`${server.origin}/to`);
    expect(await landedOf(response)).toMatchObject({path: '/to'});
  });

  it.each(['http://', 'http://[', 'http://a b/'])(
    'a Location that is not a URL rejects: %s',
    async (location) => {
      const server = await startRedirecting(302, location);
      const {fetch, stats} = openSession();
      await expect(fetch(`${server.origin}/from?token=secret`)).rejects.toMatchObject({code: 'ERR_REDIRECT'});
      expect(stats().active).toBe(0);
    },
  );

  it.each(['file:///etc/passwd', 'data:text/plain,hello', 'ftp://127.0.0.1/', 'javascript:alert(1)'])(
    'a Location that is not HTTP rejects: %s',
    async (location) => {
      const server = await startRedirecting(302, location);
      const {fetch} = openSession();
      await expect(fetch(`${server.origin}/from`)).rejects.toBeInstanceOf(RedirectError);
    },
  );

  it('the error of a redirect that can’t be followed shows no query', async () => {
    const server = await startRedirecting(302, 'http://[bad?to=SECRET2');
    const {fetch} = openSession();
    const error = await fetch(`${server.origin}/from?token=SECRET1`).catch((error: unknown) => error);
    for (const shown of [
      inspect(error, {depth: 9, showHidden: true}),
      JSON.stringify(error),
      String(error),
    ]) {
      expect(shown).not.toMatch(/SECRET\d/);
    }
  });
});

describe('redirect: "manual"', () => {
  it('redirect "manual" returns the redirect with its body', async () => {
    const server = await startRedirecting(307, 'https://elsewhere.example/');
    const {fetch} = openSession();
    const response = await fetch(`${server.origin}/from`, {redirect: 'manual'});
    expect(response).toMatchObject({status: 307, redirected: false, url: `${server.origin}/from`});
    expect(response.headers.get('location')).toBe('https://elsewhere.example/');
    expect(await response.text()).toBe('moved');
  });
});

describe('redirect: "error"', () => {
  it('redirect "error" rejects with a RedirectError and sends no further request', async () => {
    const server = await startRedirecting();
    const {fetch, stats} = openSession();
    const error = await fetch(`${server.origin}/from`, {redirect: 'error'}).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RedirectError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toBeInstanceOf(AiofetchError);
    expect(server.requests).toHaveLength(1);
    expect(stats().active).toBe(0);
  });

  it('redirect "error" also rejects a redirect without a Location', async () => {
    const server = await startServer((_request, response) => response.writeHead(302).end());
    const {fetch} = openSession();
    await expect(fetch(server.origin, {redirect: 'error'})).rejects.toBeInstanceOf(RedirectError);
  });

  it('redirect "error" returns a response that is not a redirect', async () => {
    const server = await startRedirecting();
    const {fetch} = openSession();
    expect((await fetch(server.origin, {redirect: 'error'})).status).toBe(200);
  });
});

describe('the body of a redirect', () => {
  it('a small body of a redirect is read, so that its connection is used again', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/from') response.writeHead(302, {location: '/to'}).end('x'.repeat(30_000));
      else response.end('landed');
    });
    const {fetch} = openSession({limit: 1});
    expect(await (await fetch(`${server.origin}/from`)).text()).toBe('landed');
    expect(server.sockets.opened).toBe(1);
  });

  it('a huge body of a redirect does not block the redirect, at limit 1', async () => {
    const dialled = watchDialledSockets();
    const server = await startServer((request, response) => {
      if (request.url !== '/from') return void response.end('landed');
      response.writeHead(302, {location: '/to'});
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    });
    const {fetch, stats} = openSession({limit: 1});
    expect(await (await fetch(`${server.origin}/from`)).text()).toBe('landed');
    expect(dialled.peak).toBe(1);
    // 64 KiB of it are read, and the chunk that exceeds that.
    expect(stats()).toMatchObject({active: 0});
    expect(stats().totals.bytesReceived).toBeLessThan(256 * 1024);
  });

  it('a body of a redirect that stalls delays the redirect for a second only, at limit 1', async () => {
    const server = await startServer((request, response) => {
      if (request.url !== '/from') return void response.end('landed');
      response.writeHead(302, {location: '/to', 'content-length': '1000'});
      response.write('some');
    });
    const {fetch, stats} = openSession({limit: 1});
    expect(await (await fetch(`${server.origin}/from`)).text()).toBe('landed');
    expect(stats().active).toBe(0);
  });

  it('a body of a redirect that breaks off has no effect', async () => {
    const server = await startRawServer(async (connection) => {
      const {path} = await connection.request();
      if (path === '/to') return connection.respond('landed');
      connection.send('HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 1000\r\n\r\nsome');
      connection.socket.end();
    });
    const {fetch} = openSession({limit: 1});
    expect(await (await fetch(`${server.origin}/from`)).text()).toBe('landed');
  });

  it('the call can be aborted while the body of a redirect is read', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(302, {location: '/to', 'content-length': '1000'});
      response.write('some');
    });
    const {fetch, stats} = openSession({limit: 1});
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = fetch(`${server.origin}/from`, {signal: controller.signal});
    await waitFor(() => stats().totals.bytesReceived > 0);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(stats()).toMatchObject({active: 0, queued: 0});
    expect(server.requests).toHaveLength(1);
  });
});

describe('closing during a redirect', () => {
  it('close() waits until the redirect has been followed to its end', async () => {
    let landed = 0;
    const server = await startRawServer(async (connection) => {
      const {path} = await connection.request();
      if (path === '/to') {
        landed++;
        return connection.respond('landed');
      }
      connection.send('HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 1000\r\n\r\nsome');
      connection.socket.end();
    });
    const {fetch, connector} = openSession({limit: 1});
    const pending = fetch(`${server.origin}/from`);
    await connector.close();
    expect(landed).toBe(1);
    expect(await (await pending).text()).toBe('landed');
  });
});

describe('a redirect with an attempt timeout', () => {
  it('one attempt timeout covers the whole redirect, with the wait for the next slot', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/from') response.writeHead(302, {location: '/to'}).end();
      else if (request.url === '/to') response.end('landed');
    });
    const {fetch, session, stats} = openSession({limit: 1});
    const redirected = fetch(`${server.origin}/from`, {timeout: {attempt: 600}});
    // This request takes the slot when the redirect gives it back, and keeps it.
    const holding = fetch(`${server.origin}/holds`).catch(() => undefined);
    await expect(redirected).rejects.toMatchObject({name: 'TimeoutError', phase: 'attempt', limit: 600});
    expect(stats()).toMatchObject({active: 1, queued: 0});
    expect(server.requests.map(({path}) => path)).toEqual(['/from', '/holds']);
    await session.destroy();
    await holding;
  });
});
