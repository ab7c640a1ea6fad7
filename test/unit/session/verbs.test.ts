import {describe, expect, expectTypeOf, it, vi} from 'vitest';
import type {CallOptions} from '../../../src/index.ts';
import {AiofetchError, HTTPError, SchemaError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';

const url = 'https://api.test/';

describe('a verb', () => {
  it.each(['get', 'post', 'put', 'patch', 'delete', 'head'] as const)(
    'the verb %s sends its method',
    async (verb) => {
      const {session, calls} = mockSession(() => new Response());
      const response = await session[verb](url);
      expect(response).toBeInstanceOf(Response);
      expect(response.url).toBe(url);
      expect(calls[0]?.method).toBe(verb.toUpperCase());
    },
  );

  it('a verb takes a string, a URL or a Request', async () => {
    const {session, calls} = mockSession();
    await session.get(url);
    await session.get(new URL(url));
    await session.get(new Request(url));
    expect(calls.map((call) => [call.method, call.url])).toEqual(Array(3).fill(['GET', url]));
  });

  it('a verb returns a promise of a Response, with methods that read its body', async () => {
    const {session} = mockSession(() => Response.json({a: 'é'}));
    const text = '{"a":"é"}';
    expect(await (await session.get(url)).text()).toBe(text);
    expect(await session.get(url).json()).toEqual({a: 'é'});
    expect(await session.get(url).text()).toBe(text);
    expect(new TextDecoder().decode(await session.get(url).bytes())).toBe(text);
    expect(new TextDecoder().decode(await session.get(url).arrayBuffer())).toBe(text);
    expect(await (await session.get(url).blob()).text()).toBe(text);
  });

  it('formData() of a verb reads form data', async () => {
    const form = new FormData();
    form.set('a', 'é');
    const {session} = mockSession(() => new Response(form));
    expect((await session.get(url).formData()).get('a')).toBe('é');
  });

  it.each([
    ['json', 'application/json'],
    ['text', 'text/*'],
    ['bytes', '*/*'],
    ['arrayBuffer', '*/*'],
    ['blob', '*/*'],
  ] as const)('.%s() sends Accept: %s, unless the caller sets it', async (read, accept) => {
    const {session, calls} = mockSession();
    await session.get(url)[read]();
    await session.get(url, {headers: {accept: 'image/png'}})[read]();
    await session
      .extend({headers: {accept: 'image/gif'}})
      .get(url)
      [read]();
    expect(calls.map(({headers}) => headers.get('accept'))).toEqual([accept, 'image/png', 'image/gif']);
  });

  it('the result of a verb has the type that the caller expects', () => {
    const {session} = mockSession();
    expectTypeOf(session.get<{a: number}>(url).json()).resolves.toEqualTypeOf<{a: number}>();
    expectTypeOf(session.get(url).json<{a: number}>()).resolves.toEqualTypeOf<{a: number}>();
    expectTypeOf(session.get(url).json()).resolves.toEqualTypeOf<unknown>();
  });

  it('a verb refuses a body with GET and HEAD, as fetch does', async () => {
    const {session, calls} = mockSession();
    for (const verb of ['get', 'head'] as const) {
      await expect(session[verb](url, {body: 'x'})).rejects.toThrow(TypeError);
      await expect(session[verb](url, {json: {}})).rejects.toThrow(TypeError);
      await expect(session[verb](url, {json: {}, hooks: {beforeRequest: []}})).rejects.toThrow(TypeError);
    }
    expect(calls).toHaveLength(0);
    await session.close();
  });
});

describe('the json option', () => {
  it.each([[{a: [1, 'é']}], [null], [0], [''], [false], [[]]])('%o is sent as JSON', async (json) => {
    const {session, calls} = mockSession();
    await session.post(url, {json});
    expect(await calls[0]?.json()).toEqual(json);
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it('json that is undefined sends no body', async () => {
    const {session, calls} = mockSession();
    await session.post(url, {json: undefined});
    expect(await calls[0]?.text()).toBe('');
    expect(calls[0]?.headers.get('content-type')).toBeNull();
  });

  it.each<[string, Record<string, string>, CallOptions]>([
    ['the call’s headers', {}, {headers: {'Content-Type': 'application/merge-patch+json'}}],
    ['the session’s headers', {'content-type': 'application/merge-patch+json'}, {}],
  ])('json keeps a content type of %s', async (_, headers, options) => {
    const {session, calls} = mockSession(() => ({}), {headers});
    await session.patch(url, {json: {}, ...options});
    expect(calls[0]?.headers.get('content-type')).toBe('application/merge-patch+json');
  });

  it('a value that can not be JSON rejects the call, and nothing stays behind', async () => {
    const {session} = mockSession();
    const circle: Record<string, unknown> = {};
    circle['circle'] = circle;
    await expect(session.post(url, {json: circle})).rejects.toThrow(TypeError);
    await session.close();
  });

  it('stringifyJson makes the JSON, and that of the call replaces that of the session', async () => {
    const {session, calls} = mockSession(() => ({}), {stringifyJson: () => '"session"'});
    await session.post(url, {json: {}});
    await session.post(url, {json: {}, stringifyJson: () => '"call"'});
    await session.post(url, {json: {}, hooks: {beforeRequest: []}});
    await session.post(url, {json: {}, stringifyJson: () => '"call"', hooks: {beforeRequest: []}});
    expect(await Promise.all(calls.map((call) => call.json()))).toEqual([
      'session',
      'call',
      'session',
      'call',
    ]);
  });

  it('parseJson reads the JSON with request and response, and that of the call replaces that of the session', async () => {
    const {session} = mockSession(() => ({a: 1}), {parseJson: (text) => ({session: JSON.parse(text)})});
    expect(await session.get(url).json()).toEqual({session: {a: 1}});
    const parseJson = vi.fn((text: string) => ({call: JSON.parse(text)}));
    expect(await session.get(url, {parseJson}).json()).toEqual({call: {a: 1}});
    const [text, {request, response}] = parseJson.mock.calls[0] as unknown as [
      string,
      {request: Request; response: Response},
    ];
    expect(text).toBe('{"a":1}');
    expect(request.url).toBe(url);
    expect(response.status).toBe(200);
  });

  it('a body that is not JSON rejects with a SyntaxError', async () => {
    const {session} = mockSession(() => new Response('<html>'));
    await expect(session.get(url).json()).rejects.toThrow(SyntaxError);
  });
});

describe('the content type of the body of a verb', () => {
  it.each<[string, NonNullable<CallOptions['body']>, string | null]>([
    ['a string', 'x', 'text/plain;charset=UTF-8'],
    ['bytes', new Uint8Array(1), null],
    ['a Blob', new Blob(['x'], {type: 'image/png'}), 'image/png'],
    ['URLSearchParams', new URLSearchParams('a=b'), 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['a stream', new Blob(['x']).stream(), null],
  ])('the content type is that of %s', async (_, body, type) => {
    const {session, calls} = mockSession();
    await session.post(url, {body});
    expect(calls[0]?.headers.get('content-type')).toBe(type);
  });
});

describe('searchParams', () => {
  it.each<[string, CallOptions['searchParams'], string]>([
    ['a string', 'a=1&b=2', '?a=1&b=2'],
    ['a string with its mark', '?a=1', '?a=1'],
    ['an object', {a: 1, b: 'x y', c: true}, '?a=1&b=x+y&c=true'],
    ['an object with undefined', {a: 1, b: undefined}, '?a=1'],
    [
      'pairs',
      [
        ['a', 1],
        ['a', 2],
      ],
      '?a=1&a=2',
    ],
    [
      'URLSearchParams',
      new URLSearchParams([
        ['a', '1'],
        ['a', '2'],
      ]),
      '?a=1&a=2',
    ],
    ['an empty string', '', ''],
    ['an empty object', {}, ''],
  ])('searchParams can be %s', async (_, searchParams, expected) => {
    const {session, calls} = mockSession();
    await session.get(url, {searchParams});
    expect(new URL(calls[0]?.url ?? '').search).toBe(expected);
  });

  it('searchParams are added to the query of the URL', async () => {
    const {session, calls} = mockSession();
    await session.get(`${url}?a=1`, {searchParams: {b: 2}});
    await session.get(`${url}?a=1`, {searchParams: 'b=2'});
    expect(calls.map((call) => new URL(call.url).search)).toEqual(['?a=1&b=2', '?a=1&b=2']);
  });

  // With a hook, ky makes the URL, and writes the query anew.
  it.each([{}, {hooks: {beforeRequest: [() => undefined]}}])(
    'the query of a URL keeps its bytes, whatever is added or removed: %j',
    async (options) => {
      const {session, calls} = mockSession(() => ({}));
      const queries = [
        'b=%E0%A4%A',
        'q=a+b%20c%2Bd',
        'x=[1]|2^`{}',
        '&&b&=c&',
        'a=1&b=%7e&a=%32',
        '%61=1&c=%',
        'z',
        '',
      ];
      const sent: string[] = [];
      for (const query of queries) {
        const params = [
          {z: '1 2'},
          {a: undefined},
          {a: undefined, z: 'ü'},
          'z=%7e',
          new URLSearchParams({z: '1'}),
          [['a', 'b']],
        ];
        for (const searchParams of params as Array<CallOptions['searchParams']>)
          await session.get(`${url}?${query}`, {searchParams, ...options});
        sent.push(...calls.slice(sent.length).map((call) => call.url.slice(url.length)));
      }
      const without: Record<string, string> = {'a=1&b=%7e&a=%32': 'b=%7e', '%61=1&c=%': 'c=%'};
      const added = (query: string, text: string) => `?${query && text ? `${query}&${text}` : query + text}`;
      expect(sent.map((query) => query.replace(/^\?$/, ''))).toEqual(
        queries.flatMap((query) => {
          const rest = without[query] ?? query;
          return [
            added(query, 'z=1+2'),
            added(rest, ''),
            added(rest, 'z=%C3%BC'),
            added(query, 'z=%7e'),
            added(query, 'z=1'),
            added(query, 'a=b'),
          ].map((expected) => expected.replace(/^\?$/, ''));
        }),
      );
    },
  );

  it('searchParams of a call are merged into those of the session, and can remove them', async () => {
    const {session, calls} = mockSession(() => ({}), {searchParams: {key: 'k', page: 1}});
    await session.get(url);
    await session.get(url, {searchParams: {page: 2}});
    await session.get(url, {searchParams: {key: undefined}});
    expect(calls.map((call) => new URL(call.url).search)).toEqual([
      '?key=k&page=1',
      '?key=k&page=1&page=2',
      '?page=1',
    ]);
  });

  it('session.fetch sends no searchParams, as in the standard', async () => {
    const {session, calls} = mockSession(() => ({}), {searchParams: {key: 'k'}});
    await session.fetch(url);
    expect(calls[0]?.url).toBe(url);
  });
});

describe('throwHttpErrors', () => {
  it('a verb rejects by default for a status that is no success', async () => {
    const {session} = mockSession(
      ({url}) => new Response(null, {status: Number(new URL(url).pathname.slice(1))}),
    );
    for (const status of [200, 201, 204, 299]) expect((await session.get(url + status)).status).toBe(status);
    for (const status of [300, 304, 400, 404, 500, 599])
      expect(await rejection(session.get(url + status))).toMatchObject({status});
  });

  it.each([false, () => false])(
    'throwHttpErrors of a session or a call can be off: %o',
    async (throwHttpErrors) => {
      const {session} = mockSession(() => new Response('no', {status: 500}));
      expect(await session.get(url, {throwHttpErrors}).text()).toBe('no');
      const lenient = session.extend({throwHttpErrors});
      expect(await lenient.get(url).text()).toBe('no');
      await expect(lenient.get(url, {throwHttpErrors: true}).text()).rejects.toBeInstanceOf(HTTPError);
    },
  );

  it('throwHttpErrors can decide by the status', async () => {
    const {session} = mockSession(
      ({url}) => new Response(null, {status: Number(new URL(url).pathname.slice(1))}),
      {
        throwHttpErrors: (status) => status !== 404,
      },
    );
    expect((await session.get(`${url}404`)).status).toBe(404);
    await expect(session.get(`${url}500`)).rejects.toBeInstanceOf(HTTPError);
  });

  it('a redirect with redirect: manual is not an error', async () => {
    const {session} = mockSession(() => Response.redirect(`${url}end`, 302));
    const response = await session.get(url, {redirect: 'manual'});
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(`${url}end`);
  });
});

describe('a Request given to a verb', () => {
  const request = () =>
    new Request(url, {method: 'POST', headers: {x: '1'}, body: 'request', redirect: 'manual'});

  it('a Request brings its headers, body and redirect mode, and the verb is the method', async () => {
    const {session, calls} = mockSession(() => Response.redirect(url));
    const response = await session.put(request());
    expect(response.status).toBe(302);
    expect(calls[0]?.method).toBe('PUT');
    expect(calls[0]?.headers.get('x')).toBe('1');
    expect(calls[0]?.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect(await calls[0]?.text()).toBe('request');
  });

  it('the options replace the members of a Request', async () => {
    const {session, calls} = mockSession();
    await session.put(request(), {
      body: 'option',
      headers: {x: '2'},
      searchParams: {a: 1},
      redirect: 'follow',
    });
    expect(calls[0]?.url).toBe(`${url}?a=1`);
    expect(calls[0]?.headers.get('x')).toBe('2');
    expect(await calls[0]?.text()).toBe('option');
  });

  it('json replaces the body of a Request, and keeps its content type', async () => {
    const {session, calls} = mockSession();
    await session.put(new Request(url, {method: 'POST', headers: {'content-type': 'a/b'}, body: 'x'}), {
      json: {a: 1},
    });
    await session.put(new Request(url, {method: 'POST'}), {json: {a: 1}});
    expect(calls.map(({headers}) => headers.get('content-type'))).toEqual(['a/b', 'application/json']);
    expect(await calls[0]?.json()).toEqual({a: 1});
  });

  it('the signal of a Request aborts the call', async () => {
    const controller = new AbortController();
    const {session} = mockSession(() => new Promise(() => {}));
    const call = session.get(new Request(url, {signal: controller.signal}));
    controller.abort('stop');
    await expect(call).rejects.toBe('stop');
  });

  it('hooks see a Request that was given to a verb', async () => {
    const seen: unknown[] = [];
    const {session} = mockSession(() => ({}), {
      hooks: {
        beforeRequest: [
          async ({request}) => {
            seen.push(request.method, request.headers.get('x'), await request.clone().text());
          },
        ],
      },
    });
    await session.put(request());
    expect(seen).toEqual(['PUT', '1', 'request']);
  });
});

describe('.json(schema)', () => {
  type Result = {value: {name: string}} | {issues: readonly {message: string; path?: readonly string[]}[]};
  /** A Standard Schema without a library. */
  const schema = (validate: (value: unknown) => Result | Promise<Result>) => ({
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate,
      types: undefined as unknown as {input: unknown; output: {name: string}},
    },
  });
  const named = schema((value) => {
    const {name} = value as {name?: unknown};
    return typeof name === 'string'
      ? {value: {name: name.toUpperCase()}}
      : {issues: [{message: `not ${name}`, path: ['name']}]};
  });

  it('.json(schema) returns the output of the schema', async () => {
    const {session} = mockSession(() => ({name: 'Ada', more: 1}));
    const user = await session.get(url).json(named);
    expectTypeOf(user).toEqualTypeOf<{name: string}>();
    expect(user).toEqual({name: 'ADA'});
  });

  it('.json(schema) rejects with a SchemaError, which has the issues but does not show them', async () => {
    const {session} = mockSession(() => ({name: 7}));
    const error = await rejection(session.get(`${url}users?token=s3cret`).json(named));
    expect(error).toBeInstanceOf(SchemaError);
    expect(error).toBeInstanceOf(AiofetchError);
    expect(error).toMatchObject({
      code: 'ERR_SCHEMA',
      message: `The response does not fit its schema: 1 issue (GET ${url}users?token=…)`,
      issues: [{message: 'not 7', path: ['name']}],
    });
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error)).not.toContain('not 7');
  });

  it('a schema can be asynchronous, and can throw', async () => {
    const {session} = mockSession(() => ({name: 'Ada'}));
    expect(await session.get(url).json(schema(async () => ({value: {name: 'later'}})))).toEqual({
      name: 'later',
    });
    await expect(
      session.get(url).json(
        schema(() => {
          throw new Error('mine');
        }),
      ),
    ).rejects.toThrow('mine');
  });

  it('.json(schema) of an empty body checks undefined', async () => {
    const {session} = mockSession(() => undefined);
    const optional = schema((value) => ({value: {name: String(value)}}));
    expect(await session.get(url).json(optional)).toEqual({name: 'undefined'});
  });

  it('a value that is not a schema is refused', async () => {
    const {session} = mockSession();
    await expect(session.get(url).json({} as never)).rejects.toThrow(TypeError);
  });
});

describe('progress of verbs', () => {
  const text = 'x'.repeat(100_000);

  it('the progress of a download is reported', async () => {
    const progress = vi.fn();
    const {session} = mockSession(
      () => new Response(text, {headers: {'content-length': String(text.length)}}),
    );
    expect(await session.get(url, {onDownloadProgress: progress}).text()).toBe(text);
    expect(progress.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: 100_000, totalBytes: 100_000});
    await vi.waitFor(() => expect(session.stats().active).toBe(0));
  });

  it('the progress of an upload is reported', async () => {
    const progress = vi.fn();
    const {session} = mockSession(async (call) => (await call.text()).length);
    expect(await session.post(url, {body: text, onUploadProgress: progress}).json()).toBe(100_000);
    expect(progress.mock.lastCall?.[0]).toEqual({percent: 1, transferredBytes: 100_000, totalBytes: 100_000});
  });

  it('the progress of an upload of JSON and of form data is reported', async () => {
    const progress = vi.fn();
    const {session, calls} = mockSession(async (call) => (await call.text()).length);
    const form = new FormData();
    form.set('file', new Blob([text]));
    await session.post(url, {json: text, onUploadProgress: progress});
    expect(progress.mock.lastCall?.[0].transferredBytes).toBe(100_002);
    await session.post(url, {body: form, onUploadProgress: progress});
    expect(progress.mock.lastCall?.[0].percent).toBe(1);
    expect(calls[1]?.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
  });

  it('the progress of an upload of an async iterable is reported', async () => {
    const progress = vi.fn();
    const {session} = mockSession((call) => call.text());
    const body = (async function* () {
      yield new TextEncoder().encode('a');
      yield 'b';
    })();
    expect(await session.post(url, {body, onUploadProgress: progress}).json()).toBe('ab');
    expect(progress.mock.lastCall?.[0]).toMatchObject({percent: 1, transferredBytes: 2});
  });

  it('a call with a progress listener still rejects for a status that is an error', async () => {
    const {session} = mockSession(() => new Response(text, {status: 500}));
    const call = session.get(url, {onDownloadProgress: () => {}});
    expect(await rejection(call)).toMatchObject({status: 500, data: text});
  });
});

describe('timeouts of verbs', () => {
  it('the timeouts of a call by verb are merged into those of the session', async () => {
    const {session} = mockSession(() => new Promise(() => {}), {timeout: {total: 60_000, read: 5}});
    expect(await rejection(session.get(url))).toMatchObject({phase: 'read', limit: 5});
    expect(await rejection(session.get(url, {timeout: 4}))).toMatchObject({phase: 'total', limit: 4});
    expect(await rejection(session.get(url, {timeout: {read: 3}}))).toMatchObject({phase: 'read', limit: 3});
  });
});
