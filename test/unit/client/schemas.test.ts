import {type as arktype} from 'arktype';
import * as valibot from 'valibot';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import type {StandardSchema} from '../../../src/index.ts';
import {asEvents, asNdjson, defineClient, endpoint, SchemaError} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';
import {collect, mockMethod, origin, pathOf} from './support.ts';

interface Event {
  readonly at: Date;
  readonly items: ReadonlyArray<{readonly id: number}>;
}

/** The same schema of each library: a text that becomes a Date, and a list of objects. */
const libraries: ReadonlyArray<
  readonly [name: string, schema: StandardSchema<Event, {at: string; items: Array<{id: number}>}>]
> = [
  [
    'Zod',
    z.object({
      at: z.iso.datetime().transform((text) => new Date(text)),
      items: z.array(z.object({id: z.number()})),
    }),
  ],
  [
    'Valibot',
    valibot.object({
      at: valibot.pipe(
        valibot.string(),
        valibot.isoTimestamp(),
        valibot.transform((text) => new Date(text)),
      ),
      items: valibot.array(valibot.object({id: valibot.number()})),
    }),
  ],
  ['ArkType', arktype({at: 'string.date.iso.parse', items: [{id: 'number'}, '[]']})],
];

describe('a body that a call leaves out', () => {
  const post = (body: StandardSchema) => mockMethod(endpoint('POST /a', {body}), () => ({}));

  it('a body that a call leaves out is the default of its schema', async () => {
    const {call, calls} = post(z.object({limit: z.number()}).default({limit: 10}));
    await (call as () => Promise<unknown>)();
    expect(await calls[0]?.json()).toEqual({limit: 10});
    expect(calls[0]?.headers.get('content-type')).toBe('application/json');
  });

  it('a body that a call leaves out is not sent where its schema is optional', async () => {
    const {call, calls} = post(z.object({limit: z.number()}).optional());
    await (call as () => Promise<unknown>)();
    expect(await calls[0]?.text()).toBe('');
    expect(calls[0]?.headers.has('content-type')).toBe(false);
  });

  it('a body that a call leaves out is refused where its schema requires one', async () => {
    const {call, calls} = post(z.object({limit: z.number()}));
    const error = await rejection((call as () => Promise<unknown>)());
    expect(error).toMatchObject({name: 'SchemaError', part: 'body', endpoint: 'POST /a'});
    expect(calls).toEqual([]);
  });
});

describe.each(libraries)('a schema of %s', (_name, schema) => {
  const get = endpoint('GET /events/1', {response: schema, errors: {409: schema}});
  const raw = {at: '1970-01-01T00:00:00.000Z', items: [{id: 1}]};
  const made = {at: new Date(0), items: [{id: 1}]};

  it('a response becomes the output of its schema', async () => {
    expect(await mockMethod(get, () => raw).call()).toEqual(made);
  });

  it('a body is sent as the output of its schema', async () => {
    const seen: unknown[] = [];
    const post = endpoint('POST /events', {
      body: {'~standard': {...schema['~standard'], validate: (value: unknown) => ({value: {sent: value}})}},
    });
    await mockMethod(post, async (call) => seen.push(await call.json())).call({body: raw});
    expect(seen).toEqual([{sent: raw}]);
  });

  it('a response that does not fit rejects with the paths of its issues, without values', async () => {
    const broken = {at: 's3cret', items: [{id: 's3cret'}]};
    const error = await rejection(mockMethod(get, () => broken).call());
    expect(error).toBeInstanceOf(SchemaError);
    expect(error).toMatchObject({part: 'response', endpoint: 'GET /events/1', code: 'ERR_SCHEMA'});
    expect(error.message).toBe(
      `The response of GET /events/1 does not fit its schema: 2 issues at at, items[0].id (GET ${origin}/v1/events/1)`,
    );
    expect((error as SchemaError).issues).toHaveLength(2);
    expect(JSON.stringify(error) + error.stack).not.toContain('s3cret');
  });

  it('a client that trusts the server does not call schemas of responses', async () => {
    const {session} = mockSession(() => ({at: 'whatever'}), {baseUrl: origin});
    expect(await defineClient({get}, {responses: 'trust'})(session).get()).toEqual({at: 'whatever'});
    const {session: failing} = mockSession(() => Response.json({at: 1}, {status: 409}), {baseUrl: origin});
    const client = defineClient({get}, {responses: 'trust'})(failing);
    const error = await rejection(client.get());
    expect([client.get.isError(error), error]).toMatchObject([true, {status: 409, data: {at: 1}}]);
  });

  it('the data of a declared error becomes the output of its schema', async () => {
    const {call} = mockMethod(get, () => Response.json(raw, {status: 409}));
    const error = await rejection(call());
    expect(call.isError(error)).toBe(true);
    expect(error).toMatchObject({status: 409, data: made});
  });

  it('an error body that does not fit its schema makes the error an undeclared one', async () => {
    const {call} = mockMethod(get, () => Response.json({at: 1}, {status: 409}));
    const error = await rejection(call());
    expect(call.isError(error)).toBe(false);
    expect(error).toMatchObject({name: 'HTTPError', status: 409, data: {at: 1}});
    expect(error.cause).toBeInstanceOf(SchemaError);
  });

  it('values of NDJSON and events are checked as they are read', async () => {
    const lines = endpoint('GET /lines', {response: asNdjson(schema)});
    const text = `${JSON.stringify(raw)}\n{}\n`;
    const values = await mockMethod(lines, () => new Response(text)).call();
    expect((await values.next()).value).toEqual(made);
    expect(await rejection(values.next())).toMatchObject({
      name: 'SchemaError',
      line: 2,
      endpoint: 'GET /lines',
      message: expect.stringMatching(/^Line 2 of GET \/lines .* 2 issues at at, items /),
    });
    const stream = endpoint('GET /stream', {response: asEvents(schema)});
    const events = await mockMethod(
      stream,
      () => new Response(`data: ${JSON.stringify(raw)}\n\ndata: {}\n\n`),
    ).call();
    expect((await events.next()).value).toMatchObject({event: 'message', data: made});
    expect(await rejection(collect(events))).toMatchObject({name: 'SchemaError', endpoint: 'GET /stream'});
  });

  it('a client that trusts the server does not check values of NDJSON and events', async () => {
    const lines = endpoint('GET /lines', {response: asNdjson(schema)});
    const stream = endpoint('GET /stream', {response: asEvents(schema)});
    const {session} = mockSession(({url}) => new Response(url.endsWith('lines') ? '{}\n' : 'data: {}\n\n'), {
      baseUrl: origin,
    });
    const client = defineClient({lines, stream}, {responses: 'trust'})(session);
    expect(await collect(await client.lines())).toEqual([{}]);
    expect(await collect(await client.stream())).toMatchObject([{data: {}}]);
  });
});

describe('what is sent', () => {
  const update = endpoint('PUT /users/{id}', {
    path: z.object({
      id: z
        .number()
        .int()
        .transform((id) => `u${id}`),
    }),
    query: z.object({dryRun: z.boolean().default(false), tags: z.array(z.string()).optional()}),
    headers: z.object({'x-version': z.literal('1')}),
    body: z.object({name: z.string().trim()}),
  });
  const input = {path: {id: 1}, headers: {'x-version': '1'}, body: {name: ' Ada '}} as const;

  it('path, query, headers and body are sent as the outputs of their schemas', async () => {
    const {call, calls} = mockMethod(update);
    await call({...input, query: {tags: ['a']}});
    expect(calls.map(({method, url}) => [method, pathOf(url)])).toEqual([
      ['PUT', '/users/u1?dryRun=false&tags=a'],
    ]);
    expect(await calls[0]?.json()).toEqual({name: 'Ada'});
    expect(calls[0]?.headers.get('x-version')).toBe('1');
  });

  it('a path and headers may have members that their schemas do not name', async () => {
    const get = endpoint('GET /{kind}/{id}', {
      path: z.object({kind: z.enum(['users', 'teams'])}),
      headers: z.object({'x-version': z.string().toUpperCase()}),
    });
    const {call, calls} = mockMethod(get);
    await call({path: {kind: 'users', id: 1}, headers: {'x-version': 'a', 'x-trace': '1'}});
    expect(pathOf(calls[0]?.url)).toBe('/users/1');
    expect([calls[0]?.headers.get('x-version'), calls[0]?.headers.get('x-trace')]).toEqual(['A', '1']);
  });

  it.each([
    ['path', {path: {id: 1.5}}, 'id'],
    ['query', {query: {dryRun: 's3cret'}}, 'dryRun'],
    ['headers', {headers: {'x-version': 's3cret'}}, 'x-version'],
    ['body', {body: {name: 1}}, 'name'],
  ])('an invalid part of a request is refused before it is sent: %s', async (part, change, path) => {
    const {call, calls} = mockMethod(update);
    const error = await rejection(call({...input, ...change} as never));
    expect(error).toMatchObject({name: 'SchemaError', part});
    expect(error.message).toBe(`The ${part} of PUT /users/{id} does not fit its schema: 1 issue at ${path}`);
    expect(calls).toEqual([]);
  });

  it('a client that trusts the server still checks requests', async () => {
    const {session, calls} = mockSession(undefined, {baseUrl: origin});
    const client = defineClient({update}, {responses: 'trust'})(session);
    expect(await rejection(client.update({...input, path: {id: 1.5}}))).toBeInstanceOf(SchemaError);
    expect(calls).toEqual([]);
  });

  it('an async schema checks a request and a response', async () => {
    const slow = z.string().refine(async (text) => text !== 'taken');
    const create = endpoint('POST /users', {body: slow, response: slow});
    const {call} = mockMethod(create, (request) => request.json());
    expect(await call({body: 'free'})).toBe('free');
    expect(await rejection(call({body: 'taken'}))).toMatchObject({part: 'body'});
  });

  it('async schemas transform each part of a request', async () => {
    const slow = z.string().transform(async (text) => text.toUpperCase());
    const get = endpoint('PUT /{id}', {
      path: z.object({id: slow}),
      query: z.object({q: slow}),
      headers: z.object({'x-own': slow}),
      body: slow,
    });
    const {call, calls} = mockMethod(get);
    await call({path: {id: 'a'}, query: {q: 'b'}, headers: {'x-own': 'c'}, body: 'd'});
    expect(pathOf(calls[0]?.url)).toBe('/A?q=B');
    expect(calls[0]?.headers.get('x-own')).toBe('C');
    expect(await calls[0]?.json()).toBe('D');
  });
});

describe('the paths of issues', () => {
  const messageOf = async (path: unknown) => {
    const schema: StandardSchema<string> = {
      '~standard': {version: 1, vendor: 'own', validate: () => ({issues: [{message: 's3cret', path}]})},
    };
    return (await rejection(mockMethod(endpoint('GET /a', {response: schema}), () => 1).call())).message;
  };

  it.each<[unknown, string]>([
    [['a', 0, 'b-c'], ' at a[0].b-c'],
    [[{key: 'a'}, {key: 1}], ' at a[1]'],
    [['ada@s3cret.example'], ' at *'],
    [['x'.repeat(41)], ' at *'],
    [[Symbol('s3cret')], ' at *'],
    [[], ''],
    [undefined, ''],
  ])('an error message shows the path %j as far as its keys look like names', async (path, shown) => {
    const message = await messageOf(path);
    expect(message).toContain(`1 issue${shown} (GET`);
    expect(message).not.toContain('s3cret');
  });
});
