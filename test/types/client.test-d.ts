import type {AnyEndpoint, Client, EndpointError, Page, Pages, Session} from 'aiofetch';
import {
  asBlob,
  asBytes,
  asEvents,
  asForm,
  asMultipart,
  asNdjson,
  asStream,
  asText,
  byStatus,
  cursorPages,
  defineClient,
  endpoint,
  type HTTPError,
  linkPages,
  numberedPages,
  offsetPages,
  paginate,
  type ServerSentEvent,
  type,
  uncheckedEndpoint,
  urlPages,
} from 'aiofetch';
import {type as arktype} from 'arktype';
import * as valibot from 'valibot';
import {describe, expectTypeOf, test} from 'vitest';
import {z} from 'zod';

declare const session: Session;
declare const error: unknown;

interface User {
  readonly name: string;
}

/** The method of one endpoint. */
function methodOf<Of extends AnyEndpoint>(of: Of): Client<{method: Of}>['method'] {
  return defineClient({method: of})(session).method as never;
}

describe('the parameters of a path', () => {
  const get = methodOf(endpoint('GET /repos/{owner}/{repo}/issues/{number}'));

  test('the parameters of the template are required', () => {
    get({path: {owner: 'nodejs', repo: 'node', number: 1}});
    // @ts-expect-error
    get({path: {owner: 'nodejs', repo: 'node'}});
    // @ts-expect-error
    get({path: {owner: 'nodejs', repo: 'node', number: 1, extra: 1}});
    // @ts-expect-error
    get({});
    // @ts-expect-error
    get();
    // @ts-expect-error An object has no place in a path.
    get({path: {owner: {}, repo: 'node', number: 1}});
    // @ts-expect-error
    get({path: {owner: undefined, repo: 'node', number: 1}});
  });

  test('a schema types the parameters of a path by name', () => {
    const typed = methodOf(endpoint('GET /{kind}/{id}', {path: type<{kind: 'user' | 'org'}>()}));
    expectTypeOf(typed).parameter(0).toHaveProperty('path').toEqualTypeOf<{
      readonly kind: 'user' | 'org';
      readonly id: string | number | bigint | boolean;
    }>();
    // @ts-expect-error
    typed({path: {kind: 'team', id: 1}});
  });

  test('a parameter of a path may be a list or a date only where a schema says so', () => {
    const typed = methodOf(endpoint('GET /{ids}/{at}', {path: type<{ids: readonly number[]; at: Date}>()}));
    typed({path: {ids: [1, 2], at: new Date()}});
    // @ts-expect-error
    methodOf(endpoint('GET /{ids}'))({path: {ids: [1, 2]}});
  });

  test('a template without parameters takes no path', () => {
    const list = methodOf(endpoint('GET /users'));
    list();
    list({timeout: 1_000});
    // @ts-expect-error
    list({path: {}});
  });
});

describe('a route', () => {
  test('a route is a method and a path', () => {
    // @ts-expect-error
    endpoint('/users');
    // @ts-expect-error
    endpoint('get /users');
    // @ts-expect-error
    endpoint('GET users');
  });
});

describe('a query', () => {
  test('a query is optional where all of its members are', () => {
    const list = methodOf(endpoint('GET /users', {query: type<{page?: number; tags?: string[]}>()}));
    list();
    list({query: {page: 1, tags: ['a']}});
    // @ts-expect-error
    list({query: {page: 'one'}});
    // @ts-expect-error
    list({query: {pge: 1}});
  });

  test('a query is required where one of its members is', () => {
    const search = methodOf(endpoint('GET /search', {query: type<{q: string}>()}));
    search({query: {q: 'a'}});
    // @ts-expect-error
    search({query: {}});
    // @ts-expect-error
    search();
  });

  test('an endpoint without a schema of its query takes no query', () => {
    // @ts-expect-error
    methodOf(endpoint('GET /users'))({query: {page: 1}});
  });
});

describe('schemas', () => {
  test('a call takes the input of schemas of Zod, and gives their output', () => {
    const schema = z.object({
      at: z.string().transform((text) => new Date(text)),
      limit: z.number().default(10),
    });
    const method = methodOf(endpoint('POST /events', {body: schema, response: schema}));
    method({body: {at: '2026-01-01'}});
    // @ts-expect-error
    method({body: {at: new Date()}});
    expectTypeOf(method({body: {at: ''}})).resolves.toEqualTypeOf<{at: Date; limit: number}>();
  });

  test('a call takes the input of schemas of Valibot, and gives their output', () => {
    const schema = valibot.object({
      at: valibot.pipe(
        valibot.string(),
        valibot.transform((text) => new Date(text)),
      ),
      limit: valibot.optional(valibot.number(), 10),
    });
    const method = methodOf(endpoint('POST /events', {body: schema, response: schema}));
    // @ts-expect-error
    method({body: {at: new Date()}});
    expectTypeOf(method({body: {at: ''}})).resolves.toEqualTypeOf<{at: Date; limit: number}>();
  });

  test('a call takes the input of schemas of ArkType, and gives their output', () => {
    const schema = arktype({at: 'string.date.parse', limit: 'number = 10'});
    const method = methodOf(endpoint('POST /events', {body: schema, response: schema}));
    // @ts-expect-error
    method({body: {at: new Date()}});
    expectTypeOf(method({body: {at: ''}})).resolves.toEqualTypeOf<{at: Date; limit: number}>();
  });

  test('a client that trusts the server gives the input of schemas', () => {
    const get = endpoint('GET /events/1', {
      response: z.object({at: z.string().transform((text) => new Date(text))}),
      errors: {404: z.object({at: z.string().transform((text) => new Date(text))})},
    });
    const client = defineClient({get}, {responses: 'trust'})(session);
    expectTypeOf(client.get()).resolves.toEqualTypeOf<{at: string}>();
    if (client.get.isError(error)) expectTypeOf(error.data).toEqualTypeOf<{at: string}>();
  });
});

describe('a body', () => {
  test('a body is required unless its schema accepts undefined', () => {
    const create = methodOf(endpoint('POST /users', {body: type<User>()}));
    create({body: {name: 'Ada'}});
    // @ts-expect-error
    create({});
    // @ts-expect-error
    create({body: {}});
    methodOf(endpoint('POST /users', {body: type<User | undefined>()}))();
  });

  test('a body may be any content', () => {
    methodOf(endpoint('POST /login', {body: asForm(type<{user: string}>())}))({body: {user: 'ada'}});
    methodOf(endpoint('POST /files', {body: asMultipart(type<{file: Blob}>())}))({
      body: {file: new Blob()},
    });
    methodOf(endpoint('POST /notes', {body: asText()}))({body: 'text'});
    methodOf(endpoint('POST /notes', {body: asBytes()}))({body: new Uint8Array(1)});
    methodOf(endpoint('POST /notes', {body: asStream()}))({body: () => 'made anew'});
    methodOf(endpoint('POST /notes', {body: asNdjson(type<User>())}))({body: [{name: 'Ada'}]});
    // @ts-expect-error
    methodOf(endpoint('POST /notes', {body: asText()}))({body: 1});
    // @ts-expect-error Nothing sends events.
    endpoint('POST /notes', {body: asEvents()});
    // @ts-expect-error A form has no way back.
    endpoint('POST /notes', {response: asForm(type<User>())});
  });
});

/** What the runtime's own streams and decoders take: the oldest TypeScript has no `Uint8Array<ArrayBuffer>`. */
type Bytes = ReturnType<Uint8Array['slice']>;

describe('what comes back', () => {
  test('a call without a declared response gives undefined', () => {
    expectTypeOf(methodOf(endpoint('DELETE /users/1'))()).resolves.toEqualTypeOf<undefined>();
  });

  test('a call gives the data that the content reads', () => {
    const as = <Of extends AnyEndpoint>(of: Of) => methodOf(of);
    expectTypeOf(as(endpoint('GET /a', {response: asText()}))()).resolves.toEqualTypeOf<string>();
    expectTypeOf(as(endpoint('GET /a', {response: asBlob()}))()).resolves.toEqualTypeOf<Blob>();
    expectTypeOf(as(endpoint('GET /a', {response: asBytes()}))()).resolves.toEqualTypeOf<Bytes>();
    expectTypeOf(as(endpoint('GET /a', {response: asStream()}))()).resolves.toEqualTypeOf<
      ReadableStream<Bytes>
    >();
    expectTypeOf<ReadableStream<Bytes>['pipeThrough']>().toBeCallableWith(new TextDecoderStream());
    expectTypeOf(as(endpoint('GET /a', {response: asNdjson(type<User>())}))()).resolves.toEqualTypeOf<
      AsyncIterableIterator<User, undefined, undefined>
    >();
    expectTypeOf(as(endpoint('GET /a', {response: asEvents()}))()).resolves.toEqualTypeOf<
      AsyncIterableIterator<ServerSentEvent, undefined, undefined>
    >();
    const events = as(endpoint('GET /a', {response: asEvents(type<User>())}))();
    expectTypeOf(events.then((all) => all.next()).then(({value}) => value?.data)).resolves.toEqualTypeOf<
      User | undefined
    >();
  });

  test('withResponse gives data and response, and raw the response', () => {
    const get = methodOf(endpoint('GET /users/{id}', {response: type<User>()}));
    expectTypeOf(get.withResponse({path: {id: 1}})).resolves.toEqualTypeOf<{
      readonly data: User;
      readonly response: Response;
    }>();
    expectTypeOf(get.raw({path: {id: 1}})).resolves.toEqualTypeOf<Response>();
    // @ts-expect-error
    get.raw();
  });
});

describe('unchecked endpoints', () => {
  const get = uncheckedEndpoint('GET /users/{id}', {
    query: type<{page?: number}>(),
    response: type<User>(),
    errors: {404: type<{missing: string}>()},
  });

  test('the method of an unchecked endpoint has the types of its description', () => {
    const method = methodOf(get);
    expectTypeOf(method({path: {id: 1}, query: {page: 1}})).resolves.toEqualTypeOf<User>();
    // @ts-expect-error
    method({path: {id: 1}, query: {page: '1'}});
    if (get.isError(error)) expectTypeOf(error.data).toEqualTypeOf<{missing: string}>();
  });

  test('an unchecked endpoint takes types and contents, and no schemas, which would not be checked', () => {
    methodOf(uncheckedEndpoint('POST /users', {body: asForm(type<User>()), response: asText()}));
    // @ts-expect-error
    uncheckedEndpoint('GET /users', {query: z.object({page: z.number()})});
    // @ts-expect-error
    uncheckedEndpoint('GET /users', {response: z.object({name: z.string()})});
    // @ts-expect-error
    uncheckedEndpoint('GET /users', {errors: {404: z.string()}});
    // @ts-expect-error
    uncheckedEndpoint('GET /users', {respnse: type<User>()});
  });
});

describe('errors', () => {
  const create = endpoint('POST /users', {
    body: type<User>(),
    errors: {404: type<{missing: string}>(), 422: type<{fields: string[]}>(), '5XX': type<string>()},
  });

  test('the status of an error discriminates the type of its data', () => {
    if (!create.isError(error)) return;
    expectTypeOf(error).toExtend<HTTPError>();
    if (error.status === 422) expectTypeOf(error.data).toEqualTypeOf<{fields: string[]}>();
    else if (error.status === 404) expectTypeOf(error.data).toEqualTypeOf<{missing: string}>();
    else expectTypeOf(error.data).toEqualTypeOf<string>();
    // @ts-expect-error It is none that is declared.
    if (error.status === 409) return;
  });

  test('isError of a method narrows errors as isError of the endpoint does', () => {
    const client = defineClient({create})(session);
    if (client.create.isError(error) && error.status === 404)
      expectTypeOf(error).toEqualTypeOf<EndpointError<404, {missing: string}>>();
  });

  test('the default error has all statuses that are not declared otherwise', () => {
    const get = endpoint('GET /a', {errors: {404: type<'none'>(), default: type<'other'>()}});
    if (!get.isError(error)) return;
    if (error.status === 404) expectTypeOf(error.data).toEqualTypeOf<'none'>();
    if (error.status === 500) expectTypeOf(error.data).toEqualTypeOf<'other'>();
  });

  test('an endpoint without declared errors narrows to none', () => {
    const get = endpoint('GET /a');
    if (get.isError(error)) expectTypeOf(error).toEqualTypeOf<never>();
  });

  test('errors are declared by statuses alone', () => {
    // @ts-expect-error
    endpoint('GET /a', {errors: {teapot: type<string>()}});
    // @ts-expect-error
    endpoint('GET /a', {errors: {404: 'none'}});
  });
});

describe('headers', () => {
  test('headers are any headers, or those of a schema and any others', () => {
    methodOf(endpoint('GET /a'))({headers: {'x-trace': '1', 'x-none': undefined}});
    const versioned = methodOf(endpoint('GET /a', {headers: type<{'x-version': '1' | '2'}>()}));
    versioned({headers: {'x-version': '1', 'x-trace': 1}});
    // @ts-expect-error
    versioned({headers: {'x-version': '3'}});
    // @ts-expect-error
    versioned();
  });
});

describe('pages', () => {
  const users = endpoint('GET /users', {query: type<{size?: number}>(), response: type<User[]>()});
  const wrapped = endpoint('POST /search', {
    body: type<{q: string}>(),
    response: type<{users: User[]; next: string | null}>(),
    errors: {422: type<{field: string}>()},
  });

  test('pages have the items of a list, or the items that a function returns', () => {
    const list = methodOf(paginate(users, linkPages()));
    expectTypeOf(list()).toEqualTypeOf<Pages<User, User[]>>();
    expectTypeOf(list({query: {size: 1}, prefetch: 2})).resolves.toEqualTypeOf<Page<User, User[]>>();
    const search = methodOf(
      paginate(
        wrapped,
        cursorPages({
          items: (data) => {
            expectTypeOf(data).toEqualTypeOf<{users: User[]; next: string | null}>();
            return data.users;
          },
          cursor: ({next}) => next,
          in: 'body',
        }),
      ),
    );
    expectTypeOf(search({body: {q: 'a'}})).toExtend<AsyncIterable<User>>();
    expectTypeOf(search({body: {q: 'a'}}).pages()).toExtend<AsyncIterable<Page<User>>>();
    if (search.isError(error)) expectTypeOf(error.data.field).toEqualTypeOf<string>();
    // @ts-expect-error
    search();
    // @ts-expect-error
    list({prefetch: '1'});
  });

  test('any strategy, also one of the user’s own, finds the next page', () => {
    expectTypeOf(methodOf(paginate(users, numberedPages()))()).toEqualTypeOf<Pages<User, User[]>>();
    expectTypeOf(methodOf(paginate(users, offsetPages({total: (all) => all.length})))()).toEqualTypeOf<
      Pages<User, User[]>
    >();
    const byUrl = paginate(wrapped, urlPages({items: ({users: items}) => items, url: ({next}) => next}));
    expectTypeOf(methodOf(byUrl)({body: {q: ''}})).toExtend<AsyncIterable<User>>();
    const own = paginate(wrapped, {
      items: (data) => data.users.map(({name}) => name),
      next: ({data, index}) => (index < 3 && data.next ? {query: {after: data.next}} : undefined),
    });
    expectTypeOf(methodOf(own)({body: {q: ''}})).toExtend<AsyncIterable<string>>();
    // @ts-expect-error
    paginate(wrapped, cursorPages({items: ({users: items}) => items, cursor: ({nxt}) => nxt}));
    // @ts-expect-error
    paginate(wrapped, {next: () => ({page: 1})});
  });
});

describe('a client', () => {
  test('a client has groups as deep as they are nested', () => {
    const list = endpoint('GET /a', {response: type<User[]>()});
    const client = defineClient({repos: {issues: {list}}, list})(session);
    expectTypeOf(client.repos.issues.list()).resolves.toEqualTypeOf<User[]>();
    expectTypeOf(client.list()).resolves.toEqualTypeOf<User[]>();
    // @ts-expect-error
    client.repos.list();
  });

  test('a client is made of endpoints, on a session', () => {
    // @ts-expect-error
    defineClient({get: () => 1});
    // @ts-expect-error
    defineClient({})({});
    // @ts-expect-error
    defineClient({}, {responses: 'believe'});
    // @ts-expect-error
    defineClient({}, {auth: {bearer: 'token'}});
  });

  test('a client takes the settings of calls, and no other options', () => {
    const get = methodOf(endpoint('GET /a', {timeout: 1_000, retry: false}));
    get({signal: AbortSignal.timeout(1), timeout: {total: 1}, retry: {retries: 1}, idempotencyKey: 'key'});
    // @ts-expect-error
    get({searchParams: {a: 1}});
    // @ts-expect-error
    endpoint('GET /a', {respnse: type<User>()});
  });
});

describe('responses by status', () => {
  const response = byStatus({
    200: type<User>(),
    202: z.object({at: z.string().transform((text) => new Date(text))}),
    203: asText(),
    204: undefined,
  });

  test('the status of a response discriminates the type of its data', async () => {
    const got = await methodOf(endpoint('POST /users', {response}))();
    if (got.status === 200) expectTypeOf(got.data).toEqualTypeOf<User>();
    else if (got.status === 202) expectTypeOf(got.data).toEqualTypeOf<{at: Date}>();
    else if (got.status === 203) expectTypeOf(got.data).toEqualTypeOf<string>();
    else {
      expectTypeOf(got.status).toEqualTypeOf<204>();
      expectTypeOf(got.data).toEqualTypeOf<undefined>();
    }
  });

  test('responses by status have the input of schemas where the client trusts the server', async () => {
    const {get} = defineClient({get: endpoint('GET /a', {response})}, {responses: 'trust'})(session);
    const got = await get();
    if (got.status === 202) expectTypeOf(got.data).toEqualTypeOf<{at: string}>();
  });

  test('2XX has all statuses that are not declared otherwise', async () => {
    const other = byStatus({200: type<User>(), '2XX': type<string>()});
    const got = await methodOf(endpoint('GET /a', {response: other}))();
    if (got.status === 206) expectTypeOf(got.data).toEqualTypeOf<string>();
    if (got.status === 200) expectTypeOf(got.data).toEqualTypeOf<User>();
    // @ts-expect-error It is no status of success.
    got.status === 404;
  });

  test('byStatus takes statuses of success alone', () => {
    // @ts-expect-error
    byStatus({default: type<User>()});
    // @ts-expect-error
    byStatus({200: 'json'});
  });
});

describe('styles of a query', () => {
  test('styles are given for parameters that the query has', () => {
    const query = type<{ids?: readonly number[]; at: Date} | {filter: {a: string}}>();
    endpoint('GET /a', {query, queryStyles: {ids: 'pipeDelimited', filter: 'deepObject'}});
    endpoint('GET /a', {query, queryStyles: {at: (name, value) => [[name, String(value)]]}});
    // @ts-expect-error
    endpoint('GET /a', {query, queryStyles: {id: 'pipeDelimited'}});
    endpoint('GET /a', {query: type<Record<string, string[]>>(), queryStyles: {any: 'pipeDelimited'}});
    endpoint('GET /a', {query: type<unknown>(), queryStyles: {any: 'pipeDelimited'}});
  });
});
