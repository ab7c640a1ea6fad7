import {describe, expect, it} from 'vitest';
import {compileRoute} from '../../src/client/route.ts';
import type {Operation, Parameter, Schema} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {typeCheck, writeGenerated} from './support/generated.ts';

/** A document with one operation, whose response has the schema `Thing`. */
function documentOf(
  schemas: Readonly<Record<string, unknown>>,
  operation: Partial<Operation> = {},
  path = '/things/{id}',
) {
  const content = {'application/json': {schema: {$ref: '#/components/schemas/Thing'}}};
  return {
    openapi: '3.1.0',
    info: {title: 'Things', version: '1'},
    paths: {
      [path]: {
        post: {operationId: 'makeThing', responses: {200: {description: 'It', content}}, ...operation},
      },
    },
    components: {schemas: {Thing: {type: 'string'}, ...schemas}},
  };
}

/** The code of a document, without comments, and with single spaces for white space. */
async function codeOf(document: object): Promise<string> {
  const {code} = await fromOpenApi(document);
  return code.replaceAll(/\/\*[\s\S]*?\*\/ ?/g, '').replaceAll(/\s+/g, ' ');
}

async function typeOf(schema: unknown, others: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const code = await codeOf(documentOf({Thing: schema, ...others}));
  const [, type] = /export (?:type Thing = |interface Thing )(.*?)(?:;)? (?=export)/.exec(code) ?? [];
  return type ?? code;
}

describe('schemas', () => {
  it.each<[string, unknown, string]>([
    ['a string', {type: 'string'}, 'string'],
    ['numbers', {type: 'integer'}, 'number'],
    ['a list', {type: 'array', items: {type: 'string'}}, 'string[]'],
    ['a list of one of two', {type: 'array', items: {type: ['string', 'number']}}, '(string | number)[]'],
    ['a tuple (3.1)', {prefixItems: [{type: 'string'}, {type: 'number'}], items: false}, '[string, number]'],
    ['an open tuple', {prefixItems: [{type: 'string'}], items: {type: 'number'}}, '[string, ...number[]]'],
    ['null (3.0)', {type: 'string', nullable: true}, 'string | null'],
    ['null (3.1)', {type: ['string', 'null']}, 'string | null'],
    ['null among choices', {anyOf: [{type: 'string'}, {type: 'null'}]}, 'string | null'],
    ['choices', {enum: ['a', "it's", 1, null]}, "'a' | 'it\\'s' | 1 | null"],
    ['a constant', {const: true}, 'true'],
    ['anything', {}, 'unknown'],
    ['a file, which is text in JSON', {type: 'string', format: 'binary'}, 'string'],
    ['a closed object', {type: 'object', additionalProperties: false}, 'Record<string, never>'],
    [
      'members, some optional, some with names that need quotes',
      {type: 'object', required: ['a'], properties: {a: {type: 'string'}, 'b-c': {type: 'number'}}},
      "{ a: string; 'b-c'?: number; }",
    ],
    ['a record', {type: 'object', additionalProperties: {type: 'number'}}, '{ [name: string]: number; }'],
    ['an object of which nothing is said', {type: 'object'}, '{ [name: string]: unknown; }'],
    [
      'members and others, whose type takes theirs',
      {properties: {a: {type: 'string'}}, additionalProperties: {type: 'number'}},
      '{ a?: string; [name: string]: number | string | undefined; }',
    ],
    [
      'patterns',
      {type: 'object', patternProperties: {'^x-': {type: 'boolean'}}},
      '{ [name: string]: boolean; }',
    ],
    [
      'all of several',
      {allOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {type: 'number'}}}]},
      'A & { b?: number; }',
    ],
    [
      'all of one, with what it must have',
      {allOf: [{$ref: '#/components/schemas/A'}, {required: ['a']}]},
      'A & { a: string; }',
    ],
    [
      'a reference that may be null (3.0)',
      {nullable: true, allOf: [{$ref: '#/components/schemas/A'}]},
      'A | null',
    ],
    [
      'one of several, told apart',
      {
        oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}],
        discriminator: {propertyName: 'a', mapping: {first: '#/components/schemas/A'}},
      },
      "(A & {a: 'first'}) | (B & {a: 'B'})",
    ],
    [
      'more than a line takes, where one of them may be null',
      {
        properties: {
          a: {
            anyOf: [{type: 'null'}, {enum: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((one) => one.repeat(15))}],
          },
        },
      },
      `{ a?: | null ${['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((one) => `| '${one.repeat(15)}'`).join(' ')}; }`,
    ],
    ['a file in JSON (3.1)', {contentMediaType: 'application/octet-stream'}, 'string'],
    ['a picture in JSON (3.1)', {type: 'string', contentMediaType: 'image/png'}, 'string'],
    [
      'a picture in text',
      {type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64'},
      'string',
    ],
    ['JSON in text', {type: 'string', contentMediaType: 'application/json'}, 'string'],
    [
      'a member that no prototype is',
      {properties: JSON.parse('{"__proto__": {}}')},
      "{ ['__proto__']?: unknown; }",
    ],
    ['itself, in a list', {type: 'array', items: {$ref: '#/components/schemas/Thing'}}, 'Thing[]'],
    [
      'itself, in a record',
      {type: 'object', additionalProperties: {$ref: '#/components/schemas/Thing'}},
      '{ [name: string]: Thing; }',
    ],
    ['itself alone: unknown', {oneOf: [{type: 'string'}, {$ref: '#/components/schemas/Thing'}]}, 'unknown'],
  ])('a schema is written as %s', async (_, schema, expected) => {
    const others = {A: {properties: {a: {type: 'string'}}}, B: {properties: {a: {type: 'string'}}}};
    expect(await typeOf(schema, others)).toBe(expected);
  });

  it('a schema with readOnly and writeOnly members becomes two types', async () => {
    const Thing = {
      required: ['id', 'password', 'parts'],
      properties: {
        id: {type: 'string', readOnly: true},
        password: {type: 'string', writeOnly: true},
        parts: {type: 'array', items: {$ref: '#/components/schemas/Thing'}},
      },
    };
    const content = {'application/json': {schema: {$ref: '#/components/schemas/Thing'}}};
    const code = await codeOf(documentOf({Thing}, {requestBody: {required: true, content}}));
    expect(code).toContain('export interface Thing { id: string; parts: Thing[]; }');
    expect(code).toContain('export interface ThingInput { password: string; parts: ThingInput[]; }');
    expect(code).toContain('body: type<ThingInput>(), response: type<Thing>()');
  });

  it('names that two schemas share, or that the module uses for types of the language, get a number', async () => {
    const code = await codeOf(
      documentOf({
        Thing: {
          properties: Object.fromEntries(
            ['foo-bar', 'FooBar', 'Date', 'Blob', '1st', 'ä', 'Error'].map((name) => [
              name,
              {$ref: `#/components/schemas/${name}`},
            ]),
          ),
        },
        'foo-bar': {type: 'string'},
        FooBar: {type: 'number'},
        Date: {type: 'object'},
        Blob: {type: 'null'},
        '1st': {type: 'boolean'},
        ä: {const: 'ä'},
        Error: {const: 'error'},
      }),
    );
    expect(code).toContain(
      "'foo-bar'?: FooBar; FooBar?: FooBar2; Date?: Date2; Blob?: Blob2; '1st'?: _1st; 'ä'?: Ä; Error?: Error;",
    );
  });
});

describe('an operation', () => {
  const parameters = (...given: Array<Partial<Parameter> & {schema?: Schema}>) =>
    codeOf(documentOf({}, {parameters: given.map((one) => ({in: 'query', name: 'q', ...one}))}));

  it.each<[string, Partial<Parameter> & {schema?: Schema}, string]>([
    ['a query', {schema: {type: 'string'}, required: true}, 'query: type<{ q: string; }>()'],
    ['a date', {schema: {type: 'string', format: 'date-time'}}, 'query: type<{ q?: Date | string; }>()'],
    [
      'a list',
      {schema: {type: 'array', items: {type: 'string'}}},
      'query: type<{ q?: readonly string[]; }>(), response',
    ],
    ['a list with commas', {explode: false, schema: {type: 'array'}}, 'queryStyles: {q: {explode: false}}'],
    [
      'pipes',
      {style: 'pipeDelimited', explode: false, schema: {type: 'array'}},
      "queryStyles: {q: 'pipeDelimited'}",
    ],
    [
      'pipes, exploded',
      {style: 'pipeDelimited', explode: true, schema: {type: 'array'}},
      "{q: {style: 'pipeDelimited', explode: true}}",
    ],
    [
      'deep objects',
      {style: 'deepObject', explode: true, schema: {type: 'object'}},
      "queryStyles: {q: 'deepObject'}",
    ],
    [
      'reserved characters',
      {allowReserved: true, schema: {type: 'string'}},
      'queryStyles: {q: {allowReserved: true}}',
    ],
    [
      'JSON',
      {content: {'application/json': {schema: {type: 'object'}}}},
      'queryStyles: {q: (name, value) => [[name, JSON.stringify(value)]]}',
    ],
    [
      'a header',
      {in: 'header', name: 'X-Trace', schema: {type: 'boolean'}},
      "headers: type<{ 'x-trace'?: 'true' | 'false'; }>()",
    ],
    ['a path', {in: 'path', name: 'id', schema: {type: 'integer'}}, 'path: type<{ id: number; }>()'],
    [
      'a list in its path',
      {in: 'path', name: 'id', schema: {type: 'array', items: {type: 'integer'}}},
      'path: type<{ id: readonly number[]; }>()',
    ],
  ])('an operation takes a parameter: %s', async (_, parameter, expected) => {
    expect(await parameters(parameter)).toContain(expected);
  });

  it.each<[string, string, string]>([
    ['application/json', 'body', 'body: type<Thing>()'],
    [
      'application/merge-patch+json',
      'body',
      "body: asJson(type<Thing>(), {mediaType: 'application/merge-patch+json'})",
    ],
    ['application/x-www-form-urlencoded', 'body', 'body: asForm(type<Thing>())'],
    ['multipart/form-data', 'body', 'body: asMultipart(type<Thing>())'],
    ['text/csv', 'body', "body: asText('text/csv')"],
    ['image/png', 'body', "body: asStream('image/png')"],
    ['*/*', 'body', "body: asText('text/plain')"],
    ['application/x-ndjson', 'body', "body: asNdjson(type<Thing>(), {mediaType: 'application/x-ndjson'})"],
    ['application/json; charset=utf-8', 'response', 'response: type<Thing>()'],
    [
      'application/problem+json',
      'response',
      "response: asJson(type<Thing>(), {mediaType: 'application/problem+json'})",
    ],
    ['text/plain', 'response', 'response: asText()'],
    ['text/event-stream', 'response', 'response: asEvents()'],
    ['application/jsonl', 'response', "response: asNdjson(type<Thing>(), {mediaType: 'application/jsonl'})"],
    ['application/zip', 'response', "response: asBlob('application/zip')"],
  ])('an operation with %s as its %s has %s', async (mediaType, part, expected) => {
    const content = {[mediaType]: {schema: {$ref: '#/components/schemas/Thing'}}};
    const operation =
      part === 'body'
        ? {requestBody: {required: true, content}, responses: {204: {}}}
        : {responses: {200: {description: 'It', content}}};
    expect(await codeOf(documentOf({}, operation))).toContain(
      `uncheckedEndpoint('POST /things/{id}', { ${expected}, })`,
    );
  });

  it('responses by status become byStatus, and errors are declared by status', async () => {
    const json = (schema: Schema) => ({description: 'x', content: {'application/json': {schema}}});
    const responses = {
      200: json({type: 'string'}),
      202: json({type: 'number'}),
      204: {description: 'none'},
      302: {description: 'elsewhere'},
      404: json({type: 'boolean'}),
      '4xx': {description: 'none', content: {'text/plain': {}}},
      default: json({type: 'null'}),
    };
    expect(await codeOf(documentOf({}, {responses}))).toContain(
      "response: byStatus({ 200: type<string>(), 202: type<number>(), 204: undefined, }), errors: { 404: type<boolean>(), '4XX': type<string>(), default: type<null>(), }",
    );
  });

  const answering = (responses: object) => codeOf(documentOf({}, {responses} as never));
  const content = (mediaType: string, media: object) => ({description: 'x', content: {[mediaType]: media}});

  it.each<[string, object, string]>([
    [
      'one type where all statuses have the same type',
      {
        200: content('application/json', {schema: {type: 'string'}}),
        201: content('application/json', {schema: {type: 'string'}}),
      },
      'response: type<string>(), ',
    ],
    [
      'a type or undefined where some statuses have no body',
      {200: content('application/json', {schema: {type: 'string'}}), 204: {description: 'x'}},
      'response: type<string | undefined>(), ',
    ],
    [
      'no body for 204, whatever the document declares',
      {
        200: content('application/json', {schema: {type: 'string'}}),
        204: content('application/json', {schema: {type: 'number'}}),
      },
      'response: type<string | undefined>(), ',
    ],
    [
      'byStatus where contents differ',
      {'2xx': content('application/pdf', {}), 202: content('text/plain', {})},
      "response: byStatus({ 202: asText(), '2XX': asBlob('application/pdf'), }), ",
    ],
    [
      'events whose data is JSON (3.2)',
      {
        200: content('text/event-stream', {
          itemSchema: {
            properties: {
              data: {type: 'string', contentMediaType: 'application/json', contentSchema: {type: 'number'}},
            },
          },
        }),
      },
      'response: asEvents(type<number>()), ',
    ],
    [
      'events of several kinds (3.2)',
      {
        200: content('text/event-stream', {
          itemSchema: {
            allOf: [{properties: {data: {type: 'string'}}}],
            oneOf: [
              {properties: {event: {const: 'a'}, data: {contentSchema: {type: 'number'}}}},
              {properties: {event: {const: 'b'}, data: {contentSchema: {type: 'boolean'}}}},
            ],
          },
        }),
      },
      'response: asEvents(type<number | boolean>()), ',
    ],
    [
      'events whose data is text (3.2)',
      {200: content('text/event-stream', {itemSchema: {properties: {data: {type: 'string'}}}})},
      'response: asEvents(), ',
    ],
    [
      'events whose data the document declares as an object',
      {
        200: content('text/event-stream', {
          itemSchema: {properties: {data: {type: 'object', properties: {a: {type: 'null'}}}}},
        }),
      },
      'response: asEvents(type<{ a?: null; }>()), ',
    ],
    [
      'events whose schema describes the data alone',
      {200: content('text/event-stream', {schema: {$ref: '#/components/schemas/Thing'}})},
      'response: asEvents(), ',
    ],
  ])('an operation has for its response %s', async (_, responses, expected) => {
    expect(await answering(responses)).toContain(`uncheckedEndpoint('POST /things/{id}', { ${expected}})`);
  });

  it.each<[string, string, object, object, string]>([
    [
      'a form whose members have styles',
      'application/x-www-form-urlencoded',
      {
        tags: {type: 'array', items: {type: 'string'}},
        meta: {type: 'object'},
        more: {type: 'object'},
        plain: {},
      },
      {
        tags: {style: 'spaceDelimited', explode: false},
        meta: {style: 'deepObject', explode: true, contentType: 'application/json'},
        more: {contentType: 'application/json'},
        plain: {style: 'form'},
      },
      "asForm(type<{ tags?: string[]; meta?: { [name: string]: unknown; }; more?: { [name: string]: unknown; }; plain?: unknown; }>(), {styles: { tags: 'spaceDelimited', meta: 'deepObject', more: (name, value) => [[name, JSON.stringify(value)]], }})",
    ],
    [
      'a form whose parts have types',
      'multipart/form-data',
      {
        file: {type: 'string', format: 'binary'},
        pictures: {type: 'array', items: {type: 'string', contentMediaType: 'image/png'}},
        meta: {$ref: '#/components/schemas/Thing'},
        note: {type: 'string'},
      },
      {
        file: {contentType: 'image/png, image/jpeg'},
        pictures: {contentType: 'image/png'},
        meta: {contentType: 'application/json; charset=utf-8'},
        note: {contentType: 'text/plain'},
      },
      "asMultipart(type<{ file?: Blob; pictures?: Blob[]; meta?: Thing; note?: string; }>(), {contentTypes: {pictures: 'image/png', meta: 'application/json; charset=utf-8'}})",
    ],
  ])('an operation takes %s', async (_, mediaType, properties, encoding, expected) => {
    const requestBody = {
      required: true,
      content: {[mediaType]: {schema: {type: 'object', properties}, encoding}},
    };
    expect(await codeOf(documentOf({}, {requestBody} as never))).toContain(`body: ${expected},`);
  });

  it('the endpoint of a HEAD operation has no response', async () => {
    const document = documentOf({});
    const {post} = document.paths['/things/{id}'] as {post: object};
    const code = await codeOf({...document, paths: {'/things': {head: post}}});
    expect(code).toContain("makeThing = uncheckedEndpoint('HEAD /things')");
  });

  it.each<[string, Partial<Operation>, string, RegExp]>([
    [
      'its first tag',
      {tags: ['User Things', 'x']},
      '/',
      /userThings = \{ makeThing, \};.*createClient = defineClient\(\{ userThings, \}\)/,
    ],
    [
      'the prefix of its operationId',
      {operationId: 'things/make-one'},
      '/',
      /things = \{ makeOne: thingsMakeOne, \}/,
    ],
    [
      'the prefix of a controller',
      {tags: ['things'], operationId: 'ThingsController_makeOne'},
      '/',
      /things = \{ makeOne: thingsControllerMakeOne, \}/,
    ],
    [
      'its method and path, without an operationId',
      {operationId: undefined} as never,
      '/a/{b-c}',
      /defineClient\(\{ postAByBC, \}\)/,
    ],
    [
      'names that are reserved words',
      {tags: ['default'], operationId: 'delete'},
      '/',
      /delete_ = uncheckedEndpoint\(.*default_ = \{ delete: delete_, \}.*\{ default: default_, \}/,
    ],
    [
      'a tag that is called like an import',
      {tags: ['endpoint']},
      '/',
      /endpoint2 = \{ makeThing, \}.*\{ endpoint: endpoint2, \}/,
    ],
    [
      'its path alone, without tags',
      {},
      '/',
      /const makeThing = uncheckedEndpoint\('POST \/'.*defineClient\(\{ makeThing, \}\)/,
    ],
  ])('the group and the name of an operation come from %s', async (_, operation, path, expected) => {
    expect(await codeOf(documentOf({}, operation, path))).toMatch(expected);
  });

  it('two operations with the same name get a number', async () => {
    const document = documentOf({});
    const code = await codeOf({
      ...document,
      paths: {'/a': document.paths['/things/{id}'], '/b': document.paths['/things/{id}']},
    });
    expect(code).toMatch(
      /makeThing = uncheckedEndpoint\('POST \/a'.*makeThing2 = uncheckedEndpoint\('POST \/b'.*\{ makeThing, makeThing2, \}/,
    );
  });

  it('path parameters get names that an endpoint can have', async () => {
    const parameter = {in: 'path', name: 'thing.id', required: true, schema: {type: 'string'}};
    const code = await codeOf(documentOf({}, {parameters: [parameter]}, '/things/{thing.id}'));
    expect(code).toContain(
      "uncheckedEndpoint('POST /things/{thing_id}', { path: type<{ thing_id: string; }>()",
    );
  });

  it.each([
    ['/a b\\c/ü', '/a%20b%5Cc/ü'],
    ['/things/:id', '/things/%3Aid'],
    ['/from/{id}/to/{id}', '/from/{id}/to/{id2}'],
    ['things', '/things'],
    ['/a/{größe}/{名前}/{a.b c}', '/a/{größe}/{名前}/{a_b_c}'],
  ])('the path %s becomes a path that an endpoint can have', async (path, expected) => {
    const code = await codeOf(documentOf({}, {}, path));
    expect(code).toContain(`uncheckedEndpoint('POST ${expected}'`);
    expect(compileRoute(`POST ${expected}`).method).toBe('POST');
  });
});

describe('the constants of a generated module', () => {
  it('constants are named by the whole operationId, and members of groups without its prefix', async () => {
    const item = (operationId: string, tag: string) => ({get: {operationId, tags: [tag], responses: {}}});
    const code = await codeOf({
      ...documentOf({}),
      paths: {
        '/a': item('repos/get', 'repos'),
        '/b': item('users/get', 'users'),
        '/c': item('users', 'users'),
        '/d': item('undefined', 'users'),
        '/e': item('type', 'users'),
      },
    });
    expect(code).toContain("export const reposGet = uncheckedEndpoint('GET /a');");
    expect(code).toContain("export const usersGet = uncheckedEndpoint('GET /b');");
    // A group, the language and the imports have these names already.
    expect(code).toContain('export const repos = { get: reposGet, };');
    expect(code).toContain(
      'export const users = { get: usersGet, users: users2, undefined: undefined_, type: type2, };',
    );
  });
});

describe('descriptions', () => {
  it('descriptions become doc comments, which no text can end early', async () => {
    const {code} = await fromOpenApi(
      documentOf(
        {Thing: {description: 'A thing */ alert(1) /*', properties: {a: {default: 'x', deprecated: true}}}},
        {
          summary: 'Makes one',
          description: 'Of\n@anything',
          externalDocs: {url: 'https://docs.test/'},
          deprecated: true,
        },
      ),
    );
    expect(code).toContain('/** A thing *\\/ alert(1) /* */\nexport interface Thing {');
    expect(code).toContain('  /**\n   * @default "x"\n   * @deprecated\n   */\n  a?: unknown;');
    expect(code).toContain(
      ' * Makes one\n *\n * Of\n * \\@anything\n *\n * @see {@link https://docs.test/}\n * @deprecated\n */\nexport const makeThing',
    );
    expect(code).toContain('  /**\n   * Makes one\n   *\n   * @deprecated\n   */\n  makeThing,');
  });

  it.each([
    [[{url: 'https://api.test/v1'}], "'https://api.test/v1/'"],
    [
      [{url: '/relative'}, {url: 'https://{region}.test/', variables: {region: {default: 'eu'}}}],
      "'https://eu.test/'",
    ],
  ])('the servers %j give the baseUrl %s', async (servers, expected) => {
    const {code} = await fromOpenApi({...documentOf({}), servers});
    expect(code).toContain(`export const baseUrl = ${expected};`);
  });
});

it('the comment of createClient lists the auth options for the security schemes', async () => {
  const document = documentOf({});
  const securitySchemes = {
    token: {type: 'http', scheme: 'Bearer'},
    login: {type: 'http', scheme: 'basic'},
    again: {type: 'http', scheme: 'basic'},
    header: {type: 'apiKey', in: 'header', name: 'X-Key'},
    query: {type: 'apiKey', in: 'query', name: 'key'},
    cookie: {type: 'apiKey', in: 'cookie', name: 'sid'},
    machine: {type: 'oauth2', flows: {clientCredentials: {tokenUrl: 'https://login.test/token'}}},
    person: {type: 'oauth2', flows: {implicit: {}}},
    digest: {type: 'http', scheme: 'digest'},
    certificate: {type: 'mutualTLS'},
  };
  const {code} = await fromOpenApi({...document, components: {...document.components, securitySchemes}});
  const [, note = ''] = /Makes a client on a session\.([\s\S]*?)\*\//.exec(code) ?? [];
  expect([...note.matchAll(/- `(.*)`/g)].map(([, option]) => option)).toEqual([
    '{bearer}',
    '{basic: {username, password}}',
    "apiKey({header: 'X-Key', value})",
    "apiKey({query: 'key', value})",
    "oauth2ClientCredentials({tokenUrl: 'https://login.test/token', clientId, clientSecret})",
    'tokenSource(getToken)',
    'digest({username, password})',
  ]);
});

it('warnings name each part of a document that is left out or changed', async () => {
  const document = documentOf({
    Thing: {$ref: '#/components/schemas/Thing2'},
    Thing2: {$ref: '#/components/schemas/Thing'},
  });
  const item = document.paths['/things/{id}'];
  const {warnings} = await fromOpenApi({
    ...document,
    paths: {
      '/things/{id}': {
        ...item,
        trace: {},
        additionalOperations: {PURGE: {}},
        servers: [{url: 'https://other.test'}],
        parameters: [
          {in: 'cookie', name: 'sid'},
          {in: 'path', name: 'gone'},
          {in: 'path', name: 'id', schema: {type: 'object'}},
        ],
        put: {
          parameters: [
            {in: 'path', name: 'id', style: 'matrix', schema: {type: 'string'}},
            {in: 'query', name: 'nested', schema: {type: 'array', items: {type: 'object'}}},
            {in: 'query', name: 'deep', style: 'deepObject', schema: {properties: {a: {type: 'object'}}}},
            {
              in: 'query',
              name: 'json',
              content: {'application/json': {schema: {type: 'array', items: {type: 'object'}}}},
            },
            {
              in: 'query',
              name: 'pipes',
              style: 'pipeDelimited',
              schema: {properties: {a: {type: 'array'}, b: {}}},
            },
          ],
          requestBody: {
            content: {
              'multipart/form-data': {
                schema: {properties: {a: {type: 'object'}, b: {type: 'string'}}},
                encoding: {a: {contentType: 'text/xml'}, b: {headers: {}, style: 'form'}},
              },
            },
          },
          responses: {
            200: {
              description: 'x',
              content: {
                'text/event-stream': {
                  itemSchema: {
                    oneOf: [
                      {properties: {data: {contentSchema: true}}},
                      {properties: {data: {type: 'string'}}},
                    ],
                  },
                },
              },
            },
          },
        },
        get: {requestBody: {content: {'application/json': {}}}, responses: {}},
      },
      '/a/../b': {get: {responses: {}}},
    },
  });
  expect(warnings).toEqual([
    'TRACE /things/{id} is left out, because fetch refuses this method',
    "PURGE /things/{id} is left out, because endpoints don't support this method",
    'GET /things/{id} has servers of its own, which are ignored: the request goes to the base URL',
    'PUT /things/{id} has servers of its own, which are ignored: the request goes to the base URL',
    'POST /things/{id} has servers of its own, which are ignored: the request goes to the base URL',
    "GET /a/../b is left out, because an endpoint can't have this path",
    'GET /things/{id}: the path parameter "gone" is left out, because the path doesn\'t have it',
    'PUT /things/{id}: the path parameter "gone" is left out, because the path doesn\'t have it',
    'POST /things/{id}: the path parameter "gone" is left out, because the path doesn\'t have it',
    'GET /things/{id}: the path parameter "id" is an object: a call has to give its text',
    'GET /things/{id}: the cookie "sid" is left out: send it in the header "cookie"',
    'GET /things/{id}: the body is left out, because a GET request has none',
    'PUT /things/{id}: the query parameter "nested" contains objects, which the style "form" can\'t write',
    'PUT /things/{id}: the query parameter "pipes" contains objects, which the style "pipeDelimited" can\'t write',
    'PUT /things/{id}: the style "matrix" of the path parameter "id" is ignored: it is sent in the style "simple"',
    'PUT /things/{id}: the cookie "sid" is left out: send it in the header "cookie"',
    'PUT /things/{id}: the part "a" is sent as JSON rather than text/xml',
    'PUT /things/{id}: the headers of the part "b" are left out, because parts of a FormData have none',
    'PUT /things/{id}: the style of the part "b" is left out, because multipart forms have no styles',
    'PUT /things/{id}: the data of all events is text, because only some of it is JSON',
    'POST /things/{id}: the path parameter "id" is an object: a call has to give its text',
    'POST /things/{id}: the cookie "sid" is left out: send it in the header "cookie"',
    '#/components/schemas/Thing refers to nothing but itself: its type is unknown',
    '#/components/schemas/Thing2 refers to nothing but itself: its type is unknown',
  ]);
});

it.each<[string, object, RegExp]>([
  ['Swagger 1.2', {swagger: '1.2'}, /is Swagger, of which only the version 2\.0/],
  ['an object that is not a document', {}, /"openapi" has to be 3\.0 or later/],
  [
    'a reference to nowhere',
    documentOf({Thing: {$ref: '#/components/schemas/Gone'}}),
    /Gone leads nowhere: "Gone" does not exist/,
  ],
  [
    'a parameter that refers to itself',
    documentOf({}, {parameters: [{$ref: '#/paths/~1things~1{id}/post/parameters/0'}]}),
    /leads back to itself/,
  ],
  ['another file, from an object', documentOf({Thing: {$ref: 'other.yaml#/Thing'}}), /leads to another file/],
])('fromOpenApi refuses %s, and tells why', async (_, document, message) => {
  await expect(fromOpenApi(document)).rejects.toThrow(message);
  await expect(fromOpenApi(document)).rejects.toMatchObject({name: 'OpenApiError'});
});

it('the generated client types the arguments and the data of calls', async () => {
  const cat = {required: ['kind', 'lives'], properties: {kind: {type: 'string'}, lives: {type: 'number'}}};
  const dog = {required: ['kind', 'name'], properties: {kind: {type: 'string'}, name: {type: 'string'}}};
  const {code} = await fromOpenApi(
    documentOf(
      {
        Cat: cat,
        Dog: dog,
        Thing: {
          oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}],
          discriminator: {propertyName: 'kind', mapping: {cat: 'Cat', dog: 'Dog'}},
        },
      },
      {
        parameters: [
          {in: 'path', name: 'id', required: true, schema: {type: 'integer'}},
          {in: 'query', name: 'tags', schema: {type: 'array', items: {enum: ['a', 'b']}}},
        ],
      },
    ),
  );
  const use = `
    import {createSession} from 'aiofetch';
    import type {Client} from './client.ts';
    import {createClient} from './client.ts';
    const client: Client = createClient(createSession());
    const thing = await client.makeThing({path: {id: 1}, query: {tags: ['a', 'b']}});
    export const what: number | string = thing.kind === 'cat' ? thing.lives : thing.name;
    // @ts-expect-error Not every thing has one.
    thing.lives;
    // @ts-expect-error It has to be given.
    client.makeThing({});
    // @ts-expect-error
    client.makeThing({path: {id: 'one'}});
    // @ts-expect-error
    client.makeThing({path: {id: 1}, query: {tags: ['c']}});
  `;
  const folder = await writeGenerated({'client.ts': code, 'use.ts': use});
  expect(await typeCheck(folder, ['use.ts'])).toBe('');
});
