import {equal, instance, networkError, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import type {Echo} from '../server-address.ts';

/** Checks that requests arrive as they were made. */
export const requests: Topic = (it, can) => {
  it('fetch resolves with a standard Response', async ({open, room}) => {
    const response = await open().fetch(room.url('/echo'));
    ok(response instanceof Response, 'an instance of Response');
    equal(Object.prototype.toString.call(response), '[object Response]', 'its tag');
    equal(response.status, 200, 'status');
    equal(response.ok, true, 'ok');
    equal(((await response.json()) as Echo).method, 'GET', 'method');
  });

  it('fetch takes a string, a URL and a Request', async ({open, room}) => {
    const session = open();
    const url = room.url('/echo');
    for (const input of [url, new URL(url), new Request(url)]) {
      const response = await session.fetch(input);
      const echo = (await response.json()) as Echo;
      equal(echo.url, url.slice(new URL(url).origin.length), 'path and query');
    }
  });

  it('a Request brings its method, headers and body', async ({open, room}) => {
    const request = new Request(room.url('/echo'), {
      method: 'PUT',
      headers: {'content-type': 'text/x-one', 'x-two': '2'},
      body: 'three',
    });
    const response = await open().fetch(request);
    const echo = (await response.json()) as Echo;
    equal(echo.method, 'PUT', 'method');
    equal(echo.headers['content-type'], 'text/x-one', 'content-type');
    equal(echo.headers['x-two'], '2', 'x-two');
    equal(textOf(echo), 'three', 'body');
    equal(request.bodyUsed, true, 'bodyUsed of the Request');
  });

  it('the body of a Request is sent with its content-length, also by a retry or a 307', async ({
    open,
    room,
  }) => {
    const session = open({retry: {minDelay: 1}});
    const bodies: BodyInit[] = ['text', new Uint8Array(300_000), new URLSearchParams({a: 'b'}), ''];
    for (const body of bodies) {
      const size = (await new Response(body).arrayBuffer()).byteLength;
      for (const path of [
        room.url('/flaky', {code: 503}),
        room.url('/redirect', {status: 307, to: room.url('/echo')}),
      ]) {
        for (const [way, send] of Object.entries({fetch: session.fetch, verb: session.put})) {
          // The server fails each URL once.
          const request = new Request(`${path}&way=${way}`, {method: 'PUT', body});
          const echo = (await (await send(request)).json()) as Echo;
          equal(echo.method, 'PUT', 'method');
          equal(echo.headers['content-length'], String(size), 'content-length');
          equal(echo.size, size, 'size');
        }
      }
    }
    equal(session.stats().active, 0, 'active');
  });

  it('the members of init override those of the Request', async ({open, room}) => {
    const request = new Request(room.url('/echo'), {method: 'PUT', headers: {'x-one': '1'}, body: 'one'});
    const response = await open().fetch(request, {method: 'POST', headers: {'x-two': '2'}, body: 'two'});
    const echo = (await response.json()) as Echo;
    equal(echo.method, 'POST', 'method');
    equal(echo.headers['x-one'], undefined, 'x-one');
    equal(echo.headers['x-two'], '2', 'x-two');
    equal(textOf(echo), 'two', 'body');
  });

  it('two spellings of a name in a record of headers are one header with both values', async ({
    open,
    room,
  }) => {
    const session = open({headers: {'x-one': 'of the session'}});
    const headers = {'X-One': '1', 'x-one': '2', 'x-two': '3'};
    for (const send of [session.fetch, session.get]) {
      const echo = (await (await send(room.url('/echo'), {headers})).json()) as Echo;
      equal(echo.headers['x-one'], '1, 2', 'x-one');
      equal(echo.headers['x-two'], '3', 'x-two');
    }
  });

  it('a Request whose body was read is refused', async ({open, room}) => {
    const request = new Request(room.url('/echo'), {method: 'PUT', body: 'text'});
    await request.text();
    const error = await rejection(open().fetch(request), 'fetch');
    instance(error, TypeError);
  });

  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    it(`fetch sends ${method}`, async ({open, room}) => {
      const response = await open().fetch(room.url('/echo'), {method});
      equal(((await response.json()) as Echo).method, method, 'method');
    });
  }

  it('fetch sends HEAD, and the response has no body', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {header: 'x-one:1'}), {method: 'HEAD'});
    equal(response.status, 200, 'status');
    equal(response.headers.get('x-one'), '1', 'x-one');
    equal(await response.text(), '', 'body');
    same((await room.stats()).arrivals, ['/status'], 'arrivals');
  });

  it('fetch normalises methods as the Fetch standard says', async ({open, room}) => {
    const response = await open().fetch(room.url('/echo'), {method: 'post'});
    equal(((await response.json()) as Echo).method, 'POST', 'method');
  });

  for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
    it(`the verb ${method} sends ${method.toUpperCase()}`, async ({open, room}) => {
      const echo = await open()[method](room.url('/echo')).json<Echo>();
      equal(echo.method, method.toUpperCase(), 'method');
    });
  }

  it('the verb head sends HEAD, and the response has no body', async ({open, room}) => {
    const response = await open().head(room.url('/status', {code: 204}));
    equal(response.status, 204, 'status');
  });

  it('a verb reads its body as text, bytes, ArrayBuffer, Blob or FormData', async ({open, room}) => {
    const session = open();
    const url = () => room.url('/status', {text: 'äöü'});
    equal(await session.get(url()).text(), 'äöü', 'text');
    equal((await session.get(url()).bytes()).length, 6, 'bytes');
    equal((await session.get(url()).arrayBuffer()).byteLength, 6, 'length of the buffer');
    equal((await session.get(url()).blob()).size, 6, 'size of the Blob');
    equal((await session.get(room.url('/form')).formData()).get('field'), 'value', 'field of the form');
  });

  it('a verb rejects with an HTTPError on an error status, with the data of the body', async ({
    open,
    room,
  }) => {
    const url = room.url('/status', {code: 422, type: 'application/json', text: '{"field":"name"}'});
    const error = await typedRejection(open().get(url).json(), 'the verb', {
      name: 'HTTPError',
      code: 'ERR_HTTP_STATUS',
      status: 422,
    });
    same(error['data'], {field: 'name'}, 'data');
  });

  it('fetch resolves on an error status', async ({open, room}) => {
    const response = await open().fetch(room.url('/status', {code: 503, text: 'later'}));
    equal(response.status, 503, 'status');
    equal(response.ok, false, 'ok');
    equal(await response.text(), 'later', 'body');
  });

  it('a verb sends JSON and search parameters', async ({open, room}) => {
    const url = room.url('/echo');
    const json = {text: 'äöü', list: [1, null]};
    const echo = await open()
      .post(url, {json, searchParams: {a: '1 2'}})
      .json<Echo>();
    equal(echo.headers['content-type'], 'application/json', 'content-type');
    same(JSON.parse(textOf(echo)), json, 'body');
    equal(new URL(echo.url, url).searchParams.get('a'), '1 2', 'search parameter');
  });

  it('a relative URL is resolved on baseUrl', async ({open, room}) => {
    const {origin, search} = new URL(room.url('/echo'));
    const session = open({baseUrl: `${origin}/v1/`});
    equal((await session.fetch(`../echo${search}`)).status, 200, 'status by fetch');
    equal((await session.get(`/echo${search}`)).status, 200, 'status by verb');
  });

  it('a header of a call overrides that of the session, and undefined removes it', async ({open, room}) => {
    const session = open({headers: {'x-one': 'session', 'x-two': 'session', 'x-three': 'session'}});
    const response = await session.fetch(room.url('/echo'), {
      headers: {'X-Two': 'call', 'x-three': undefined},
    });
    const {headers} = (await response.json()) as Echo;
    equal(headers['x-one'], 'session', 'x-one');
    equal(headers['x-two'], 'call', 'x-two');
    equal(headers['x-three'], undefined, 'x-three');
  });

  it('several values of one header name arrive together', async ({open, room}) => {
    const response = await open().fetch(room.url('/echo'), {
      headers: [
        ['x-list', 'a'],
        ['x-list', 'b'],
      ],
    });
    equal(((await response.json()) as Echo).headers['x-list'], 'a, b', 'x-list');
  });

  it('a child session has its own settings on the connector of its parent', async ({open, room}) => {
    const parent = open({headers: {'x-one': 'parent'}});
    const child = parent.extend({headers: {'x-two': 'child'}});
    const {headers} = await child.get(room.url('/echo')).json<Echo>();
    equal(headers['x-one'], 'parent', 'x-one');
    equal(headers['x-two'], 'child', 'x-two');
    equal(parent.stats().totals.sent, 1, 'sent, as the parent counts');
  });

  it('many calls at once each get their own response', async ({open, room}) => {
    const session = open();
    const answers = await Promise.all(
      Array.from({length: 40}, async (_, index) => {
        const text = String(index);
        return (await (await session.fetch(room.url('/status', {text}))).text()) === text;
      }),
    );
    ok(
      answers.every((isRight) => isRight),
      'every answer to be its own',
    );
  });

  if (can.integrity) {
    it('integrity accepts the expected body, and fails for another', async ({open, room}) => {
      const session = open();
      const url = () => room.url('/redirect', {to: room.url('/status', {text: 'text'})});
      const integrity = 'sha256-mC2ePrmW9VnmM/TRlN7zdh2Qn1o7ZH0ahR/q1nwyydE=';
      const response = await session.fetch(url(), {integrity});
      equal(await response.text(), 'text', 'text');
      const another = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
      await networkError(session.fetch(url(), {integrity: another}), 'fetch');
      equal(session.stats().active, 0, 'active');
    });
  } else {
    it('integrity is refused where the connector cannot check it, rather than ignored', async ({
      open,
      room,
    }) => {
      const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
      const promise = open().fetch(room.url('/status', {text: 'text'}), {integrity});
      await typedRejection(promise, 'fetch', {name: 'UnsupportedOptionError', option: 'integrity'});
      equal((await room.stats()).arrivals.length, 0, 'number of requests that arrived');
    });
  }

  for (const [what, url, init] of [
    ['an invalid URL', 'http://', {}],
    ['a URL with credentials', 'http://user:secret@127.0.0.1/', {}],
    ['a URL that is not HTTP', 'ftp://127.0.0.1/', {}],
    ['a forbidden method', 'http://127.0.0.1/', {method: 'TRACE'}],
    ['an invalid method', 'http://127.0.0.1/', {method: 'A B'}],
    ['an invalid header name', 'http://127.0.0.1/', {headers: {'a b': '1'}}],
    ['a header value with a line break', 'http://127.0.0.1/', {headers: {a: '1\r\nb: 2'}}],
    ['a body with GET', 'http://127.0.0.1/', {body: 'text'}],
    ['a body with HEAD', 'http://127.0.0.1/', {method: 'HEAD', body: 'text'}],
  ] as const) {
    it(`${what} is refused`, async ({open}) => {
      const session = open();
      const error = await rejection(session.fetch(url, init), 'fetch');
      instance(error, TypeError);
      equal(session.stats().active, 0, 'active');
    });
  }
};
