import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {BodyContent, ResponseContent, StandardSchema} from '../../../src/index.ts';
import {
  asBlob,
  asBytes,
  asEvents,
  asForm,
  asJson,
  asMultipart,
  asNdjson,
  asStream,
  asText,
  byStatus,
  defineClient,
  endpoint,
  type,
} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {collect, mockMethod, origin} from './support.ts';

const anything = type<unknown>();

/** The body and media type that a content sends. */
async function sent(
  content: StandardSchema | BodyContent<never>,
  body: unknown,
): Promise<{readonly type: string | null; readonly text: string}> {
  const {call, calls} = mockMethod(endpoint('POST /a', {body: content}));
  await (call as unknown as (input: object) => Promise<void>)({body});
  const [only] = calls;
  return {type: only?.headers.get('content-type') ?? null, text: (await only?.text()) ?? ''};
}

/** The data that a content reads of a response, and the Accept header of its request. */
function received<Output>(
  content: StandardSchema<Output> | ResponseContent<Output, unknown>,
  answer: () => Response,
): {readonly data: Promise<Output>; readonly accept: () => string | null} {
  const {call, calls} = mockMethod(endpoint('GET /a', {response: content}), answer);
  const data = call() as Promise<Output>;
  return {data, accept: () => calls[0]?.headers.get('accept') ?? null};
}

describe('a body is sent', () => {
  it('a schema alone sends JSON, and asJson sends it as another media type', async () => {
    expect(await sent(anything, {a: [1, null]})).toEqual({type: 'application/json', text: '{"a":[1,null]}'});
    expect(await sent(anything, null)).toEqual({type: 'application/json', text: 'null'});
    expect(await sent(asJson(anything, {mediaType: 'application/merge-patch+json'}), 'a')).toEqual({
      type: 'application/merge-patch+json',
      text: '"a"',
    });
  });

  it('asForm sends members in the styles of query parameters', async () => {
    expect(await sent(asForm(anything), {a: '1 2&3', b: [1, 2], c: undefined})).toEqual({
      type: 'application/x-www-form-urlencoded',
      text: 'a=1%202%263&b=1&b=2',
    });
    const {text} = await sent(asForm(anything, {style: 'deepObject', styles: {b: {explode: false}}}), {
      a: {b: 1},
      b: [1, 2],
    });
    expect(decodeURIComponent(text)).toBe('a[b]=1&b=1,2');
  });

  it('asMultipart sends text as fields and Files as files', async () => {
    const file = new File(['x,y'], 'data.csv', {type: 'text/csv'});
    const body = {name: 'Ada', at: new Date(0), tags: ['a', 1], meta: {b: true}, none: undefined, file};
    const {type: contentType, text} = await sent(asMultipart(anything), body);
    const form = await new Response(text, {headers: {'content-type': contentType ?? ''}}).formData();
    expect([...form.entries()].filter(([, value]) => typeof value === 'string')).toEqual([
      ['name', 'Ada'],
      ['at', '1970-01-01T00:00:00.000Z'],
      ['tags', 'a'],
      ['tags', '1'],
      ['meta', '{"b":true}'],
    ]);
    const got = form.get('file') as File;
    expect([got.name, got.type, await got.text()]).toEqual(['data.csv', 'text/csv', 'x,y']);
  });

  it('asMultipart sends a FormData as it is', async () => {
    const form = new FormData();
    form.set('a', '1');
    const {type: contentType, text} = await sent(asMultipart(anything), form);
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/);
    expect(text).toContain('name="a"\r\n\r\n1\r\n');
  });

  it('asMultipart gives parts the content types of its option', async () => {
    const content = asMultipart(anything, {contentTypes: {meta: 'application/json', file: 'image/png'}});
    const file = new File(['x'], 'x.png');
    const {text} = await sent(content, {meta: {a: 1}, file, other: {b: 2}});
    expect(text.replaceAll('\r\n', '\n')).toContain(
      'name="meta"; filename="blob"\nContent-Type: application/json\n\n{"a":1}\n',
    );
    expect(text.replaceAll('\r\n', '\n')).toContain(
      'name="file"; filename="x.png"\nContent-Type: image/png\n\nx\n',
    );
    expect(text.replaceAll('\r\n', '\n')).toContain('name="other"\n\n{"b":2}\n');
  });

  it('asMultipart sends bytes as files and the results of toJSON, and refuses a Set', async () => {
    const body = {bytes: new Uint8Array([65]), buffer: new Uint8Array([66]).buffer, url: new URL('a:b')};
    const {text} = await sent(asMultipart(anything), body);
    expect(text.match(/name="\w+"(?:; filename="blob")?|^[A-Za-z:]+(?=\r$)/gm)).toEqual([
      'name="bytes"; filename="blob"',
      'A',
      'name="buffer"; filename="blob"',
      'B',
      'name="url"',
      'a:b',
    ]);
    const {call, calls} = mockMethod(endpoint('POST /a', {body: asMultipart(anything)}));
    const error = await rejection(call({body: {tags: new Set([1])}}));
    expect(error.message).toBe('Part "tags" is an iterable other than a list: give a list instead');
    expect(calls).toEqual([]);
  });

  it.each<[string, StandardSchema | BodyContent<never>]>([
    ['JSON', anything],
    ['a form', asForm(anything)],
    ['multipart', asMultipart(anything)],
    ['text', asText()],
    ['bytes', asBytes()],
    ['a blob', asBlob()],
    ['a stream', asStream()],
    ['NDJSON', asNdjson(anything)],
  ])('a call without a body sends none, where the endpoint declares %s', async (_what, content) => {
    expect(await sent(content, undefined)).toEqual({type: null, text: ''});
  });

  it('asText, asBytes, asBlob and asStream send their body with a media type', async () => {
    expect(await sent(asText(), 'größer')).toEqual({type: 'text/plain', text: 'größer'});
    expect(await sent(asText('text/csv'), 'a,b')).toEqual({type: 'text/csv', text: 'a,b'});
    expect(await sent(asBytes(), new Uint8Array([65]))).toEqual({
      type: 'application/octet-stream',
      text: 'A',
    });
    expect(await sent(asBytes('image/png'), new Uint8Array([65]).buffer)).toEqual({
      type: 'image/png',
      text: 'A',
    });
    expect(await sent(asBlob(), new Blob(['A'], {type: 'text/css'}))).toEqual({type: 'text/css', text: 'A'});
    expect(await sent(asStream(), new Blob(['A']).stream())).toEqual({
      type: 'application/octet-stream',
      text: 'A',
    });
    expect(await sent(asStream('text/plain'), () => 'made anew')).toEqual({
      type: 'text/plain',
      text: 'made anew',
    });
  });

  it('asNdjson sends the values of a list and of an async iterable', async () => {
    async function* values() {
      yield {a: 1};
      yield [2];
    }
    const expected = {type: 'application/x-ndjson', text: '{"a":1}\n[2]\n'};
    expect(await sent(asNdjson(anything), [{a: 1}, [2]])).toEqual(expected);
    expect(await sent(asNdjson(anything), values())).toEqual(expected);
    expect((await sent(asNdjson(anything, {mediaType: 'application/jsonl'}), [])).type).toBe(
      'application/jsonl',
    );
  });

  it('an NDJSON body that was a list is sent again by a retry', async () => {
    const post = endpoint('POST /a', {
      body: asNdjson(anything),
      retry: {retries: 1, minDelay: 0, maxDelay: 1},
    });
    const {call, calls} = mockMethod(
      post,
      ({attempt}) => new Response('', {status: attempt === 1 ? 503 : 200}),
    );
    await call({body: [1, 2], idempotencyKey: 'key'});
    expect(await Promise.all(calls.map((each) => each.text()))).toEqual(['1\n2\n', '1\n2\n']);
  });

  it('a content of the user’s own encodes a body', async () => {
    const own: BodyContent<number> = {
      encode: async (value) => ({body: value.toString(2), contentType: 'application/x-binary'}),
    };
    expect(await sent(own, 5)).toEqual({type: 'application/x-binary', text: '101'});
  });

  it('the Content-Type of a call or a client replaces that of the content', async () => {
    const {call, calls} = mockMethod(endpoint('POST /a', {body: anything}));
    await call({body: 1, headers: {'Content-Type': 'application/vnd.api+json'}});
    expect(calls[0]?.headers.get('content-type')).toBe('application/vnd.api+json');
    const {session, calls: ofClient} = mockSession(undefined, {baseUrl: origin});
    const post = endpoint('POST /a', {body: anything});
    await defineClient({post}, {headers: {'x-client': '1', 'content-type': 'a/b'}})(session).post({body: 1});
    expect(ofClient[0]?.headers.get('content-type')).toBe('a/b');
    expect(ofClient[0]?.headers.get('x-client')).toBe('1');
  });

  it.each([
    ['a form', asForm(anything)],
    ['multipart', asMultipart(anything)],
  ])('a call rejects when the body of %s is not an object', async (_what, content) => {
    for (const body of ['text', [1], 1]) {
      const {call, calls} = mockMethod(endpoint('POST /a', {body: content}));
      expect(await rejection(call({body}))).toBeInstanceOf(TypeError);
      expect(calls).toEqual([]);
    }
  });
});

describe('a response is read', () => {
  it('a schema alone reads JSON, and asks for it', async () => {
    const {data, accept} = received(anything, () => Response.json({a: 1}));
    expect(await data).toEqual({a: 1});
    expect(accept()).toBe('application/json');
  });

  it('a response that is not JSON rejects with an error that names its media type and shows no content', async () => {
    const error = await rejection(received(anything, () => new Response('s3cret {')).data);
    expect(error).toMatchObject({name: 'SchemaError', part: 'response', endpoint: 'GET /a'});
    expect(error.message).toBe(
      'The response of GET /a is not JSON, but text/plain (GET https://api.example.com/v1/a)',
    );
    expect(JSON.stringify(error) + String(error.cause) + error.stack).not.toContain('s3cret');
  });

  it('a JSON body that breaks off rejects with the error of the connection', async () => {
    const reason = new TypeError('reset');
    const body = new ReadableStream({pull: (controller) => controller.error(reason)});
    expect(await rejection(received(anything, () => new Response(body)).data)).toMatchObject({
      name: 'TypeError',
      cause: reason,
    });
  });

  it.each([
    ['status 204', () => new Response(null, {status: 204})],
    ['status 205', () => new Response(null, {status: 205})],
    ['a length of zero', () => new Response('', {headers: {'content-length': '0'}})],
    ['an empty stream', () => new Response(new Blob([]).stream())],
    ['nothing but white space', () => new Response('\r\n', {headers: {'content-type': 'application/json'}})],
  ])('a response with %s resolves to undefined', async (_what, answer) => {
    expect(await received(anything, answer).data).toBeUndefined();
  });

  it('asText, asBytes, asBlob and asStream read a body', async () => {
    expect(await received(asText(), () => new Response('größer')).data).toBe('größer');
    expect(await received(asBytes(), () => new Response('A')).data).toEqual(new Uint8Array([65]));
    const blob = await received(asBlob(), () => new Response('A', {headers: {'content-type': 'text/css'}}))
      .data;
    expect([blob.type, await blob.text()]).toEqual(['text/css', 'A']);
    const stream = await received(asStream(), () => new Response('A')).data;
    expect(await new Response(stream).text()).toBe('A');
    const empty = await received(asStream(), () => new Response(null, {status: 204})).data;
    expect(await new Response(empty).text()).toBe('');
  });

  it.each([
    ['text/csv; charset=iso-8859-1', [0xfc], 'ü'],
    ['text/csv;header=present; Charset="windows-1252"', [0x80], '€'],
    ['text/plain; charset=utf-16le', [0xfc, 0], 'ü'],
    ['text/plain; charset=UTF-8', [0xc3, 0xbc], 'ü'],
    ['text/plain; charset=klingon', [0xc3, 0xbc], 'ü'],
    ['text/plain', [0xc3, 0xbc], 'ü'],
  ])('asText decodes a body of %s in its charset', async (contentType, bytes, expected) => {
    const answer = () => new Response(new Uint8Array(bytes), {headers: {'content-type': contentType}});
    expect(await received(asText(), answer).data).toBe(expected);
  });

  it('each content asks for its media type by Accept', async () => {
    const cases: Array<[ResponseContent<unknown>, string]> = [
      [asText(), 'text/*, */*;q=0.1'],
      [asText('text/csv'), 'text/csv'],
      [asBytes(), '*/*'],
      [asBytes('image/png'), 'image/png'],
      [asNdjson(anything), 'application/x-ndjson'],
      [asEvents(), 'text/event-stream'],
    ];
    for (const [content, expected] of cases) {
      const {data, accept} = received(content, () => new Response(''));
      await data;
      expect(accept()).toBe(expected);
    }
  });

  it('asNdjson reads a body value by value', async () => {
    const values = await received(asNdjson(type<{a: number}>()), () => new Response('{"a":1}\n\n{"a":2}\n'))
      .data;
    expect(await collect(values)).toEqual([{a: 1}, {a: 2}]);
  });

  it('an NDJSON body whose loop is left early is cancelled', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('{"a":1}\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const value of await received(asNdjson(anything), () => new Response(body)).data) {
      expect(value).toEqual({a: 1});
      break;
    }
    expect(cancelled).toBe(true);
  });

  const events = 'id: 1\ndata: {"a":1}\n\nevent: end\ndata: [DONE]\n\ndata: {"a":2}\n\n';

  it('asEvents without a schema gives the data of events as text', async () => {
    const all = await received(asEvents(), () => new Response(events)).data;
    expect(await collect(all)).toEqual([
      {event: 'message', data: '{"a":1}', id: '1'},
      {event: 'end', data: '[DONE]', id: '1'},
      {event: 'message', data: '{"a":2}', id: '1'},
    ]);
  });

  it('asEvents with a schema parses the data of events, up to the event that ends the stream', async () => {
    const all = await received(asEvents(type<{a: number}>(), {end: '[DONE]'}), () => new Response(events))
      .data;
    expect(await collect(all)).toEqual([{event: 'message', data: {a: 1}, id: '1'}]);
  });

  it('an event whose data is not JSON rejects with an error that shows no content', async () => {
    const all = await received(asEvents(anything), () => new Response('data: s3cret\n\n')).data;
    const error = await rejection(collect(all));
    expect(error).toMatchObject({name: 'SchemaError', endpoint: 'GET /a'});
    expect(error.message).toMatch(/^The response of GET \/a has an event whose data is not JSON/);
    expect(error.stack).not.toContain('s3cret');
  });

  it('a content of the user’s own decodes a body', async () => {
    const own: ResponseContent<number> = {
      accept: 'application/x-binary',
      decode: async (response) => Number.parseInt(await response.text(), 2),
    };
    const {data, accept} = received(own, () => new Response('101'));
    expect([await data, accept()]).toEqual([5, 'application/x-binary']);
  });
});

it.each(['text/html; charset=utf-8', 'application/json', 'application/problem+json'])(
  'a response of %s is refused where events are declared, and frees its slot',
  async (contentType) => {
    const {call, session} = mockMethod(
      endpoint('GET /a', {response: asEvents()}),
      () => new Response('{}', {headers: {'content-type': contentType}}),
    );
    const error = await rejection(call());
    expect(error).toMatchObject({name: 'SchemaError', part: 'response'});
    const [type] = contentType.split(';');
    expect(error.message).toContain(
      `The response of GET /a is not a stream of events, but ${type} (GET https`,
    );
    expect(session.stats().active).toBe(0);
  },
);

describe('responses that differ by their status', () => {
  const response = byStatus({
    200: type<{name: string}>(),
    202: z.object({job: z.string().transform(Number)}),
    203: asText('text/csv'),
    204: undefined,
    '2XX': asBytes(),
  });

  it.each<[number, () => Response, unknown]>([
    [200, () => Response.json({name: 'Ada'}), {name: 'Ada'}],
    [202, () => Response.json({job: '7'}, {status: 202}), {job: 7}],
    [203, () => new Response('a,b', {status: 203}), 'a,b'],
    [204, () => new Response(null, {status: 204}), undefined],
    [206, () => new Response('A', {status: 206}), new Uint8Array([65])],
  ])('byStatus reads a response of status %i by its declaration', async (status, answer, data) => {
    const got = received(response, answer);
    expect(await got.data).toEqual({status, data});
    expect(got.accept()).toBe('application/json, text/csv, */*');
  });

  it('a client that trusts the server does not check responses by status', async () => {
    const {session} = mockSession(() => Response.json({job: '7'}, {status: 202}), {baseUrl: origin});
    const get = endpoint('GET /a', {response});
    const client = defineClient({get}, {responses: 'trust'})(session);
    expect(await client.get()).toEqual({status: 202, data: {job: '7'}});
  });

  it('a response by status that does not fit its schema names the endpoint', async () => {
    const {data} = received(response, () => Response.json({jab: 7}, {status: 202}));
    expect(await rejection(data)).toMatchObject({name: 'SchemaError', endpoint: 'GET /a'});
  });

  it('a response whose status is not declared is refused, and frees its slot', async () => {
    const {call, session} = mockMethod(
      endpoint('GET /a', {response: byStatus({200: type<unknown>()})}),
      () => new Response('text', {status: 206}),
    );
    const error = await rejection(call());
    expect(error).toMatchObject({name: 'SchemaError', part: 'response'});
    expect(error.message).toContain(
      'The response of GET /a has the status 206, which is not declared (GET https',
    );
    expect(session.stats().active).toBe(0);
  });

  it('a response that is declared without a body frees its slot', async () => {
    const {call, session} = mockMethod(
      endpoint('GET /a', {response: byStatus({200: undefined})}),
      () => new Response('text'),
    );
    expect(await call()).toEqual({status: 200, data: undefined});
    expect(session.stats().active).toBe(0);
  });

  it.each<[string, unknown]>([
    ['byStatus', undefined],
    ['byStatus', {}],
    ['byStatus.404', {404: anything}],
    ['byStatus.default', {default: anything}],
    ['byStatus.200', {200: 'json'}],
  ])('byStatus throws for the option %s of %j', (option, responses) => {
    expect(thrown(() => byStatus(responses as never))).toMatchObject({name: 'InvalidOptionError', option});
  });
});

describe('an option', () => {
  it.each<[string, () => unknown, name?: string]>([
    ['asJson.mediatype', () => asJson(anything, {mediatype: 'a/b'} as never), 'UnsupportedOptionError'],
    ['asJson.mediaType', () => asJson(anything, {mediaType: 'a/b\r\nx: y'})],
    ['asJson', () => asJson({} as never)],
    ['asForm.queryStyle', () => asForm(anything, {queryStyle: 'form'} as never), 'UnsupportedOptionError'],
    ['asForm.style', () => asForm(anything, {style: 'matrix' as never})],
    ['asForm.styles.a', () => asForm(anything, {styles: {a: 'matrix' as never}})],
    [
      'asForm.styles.a.explod',
      () => asForm(anything, {styles: {a: {explod: true} as never}}),
      'UnsupportedOptionError',
    ],
    ['asForm.styles', () => asForm(anything, {styles: 'form' as never})],
    ['asForm', () => asForm(undefined as never)],
    ['asMultipart.parts', () => asMultipart(anything, {parts: {}} as never), 'UnsupportedOptionError'],
    ['asMultipart.contentTypes', () => asMultipart(anything, {contentTypes: 'a/b' as never})],
    ['asMultipart.contentTypes.a', () => asMultipart(anything, {contentTypes: {a: 'json'}})],
    ['asMultipart', () => asMultipart(1 as never)],
    ['asNdjson.mediaTypes', () => asNdjson(anything, {mediaTypes: 'a/b'} as never), 'UnsupportedOptionError'],
    ['asNdjson.mediaType', () => asNdjson(anything, {mediaType: 'json'})],
    ['asNdjson.maxLength', () => asNdjson(anything, {maxLength: -1})],
    ['asNdjson', () => asNdjson(undefined as never)],
    ['asEvents.done', () => asEvents(anything, {done: 'x'} as never), 'UnsupportedOptionError'],
    ['asEvents.end', () => asEvents(undefined, {end: 1 as never})],
    ['asEvents', () => asEvents({end: '[DONE]'} as never)],
    ['asText', () => asText('csv')],
    ['asBytes', () => asBytes('png')],
    ['asBlob', () => asBlob({} as never)],
    ['asStream', () => asStream('png')],
  ])(
    'an invalid or unknown %s is refused with an error that names the option',
    (option, make, name = 'InvalidOptionError') => {
      expect(thrown(make)).toMatchObject({name, option});
    },
  );
});
