import {describe, expect, it} from 'vitest';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {typeCheck, writeGenerated} from './support/generated.ts';

/** The code of a document, without comments, and with single spaces for white space. */
async function codeOf(document: object): Promise<string> {
  const {code} = await fromOpenApi({openapi: '3.1.0', ...document});
  return code.replaceAll(/\/\*[\s\S]*?\*\/ ?/g, '').replaceAll(/\s+/g, ' ');
}

const ref = (name: string) => ({$ref: `#/components/schemas/${name}`});
const json = (schema: unknown) => ({description: '', content: {'application/json': {schema}}});
const User = {type: 'object', required: ['name'], properties: {name: {type: 'string'}}};
const inherits = (own: object) => ({allOf: [ref('Pet'), {type: 'object', ...own}]});

describe('a body whose media type is open', () => {
  const open = (mediaType: string, schema: unknown) => ({description: '', content: {[mediaType]: {schema}}});

  it.each<[string, string, unknown, string, string]>([
    ['a named object', '*/*', ref('User'), 'type<User>()', 'type<User>()'],
    [
      'an object',
      '*/*; charset=UTF-8',
      {type: 'object'},
      'type<{ [name: string]: unknown; }>()',
      'type<{ [name: string]: unknown; }>()',
    ],
    ['a list', 'application/*', {type: 'array', items: ref('User')}, 'type<User[]>()', 'type<User[]>()'],
    ['a number', '*/*', {type: 'integer'}, 'type<number>()', 'type<number>()'],
    ['a choice', '*/*', {oneOf: [ref('User'), {type: 'null'}]}, 'type<User | null>()', 'type<User | null>()'],
    ['text', '*/*', {type: ['string', 'null']}, "asText('text/plain')", 'asText()'],
    ['binary data', '*/*', {type: 'string', format: 'binary'}, 'asStream()', 'asBlob()'],
    ['binary data (3.1)', '*/*', {contentMediaType: 'image/png'}, 'asStream()', 'asBlob()'],
    ['a description alone', '*/*', {description: 'Anything'}, 'asStream()', 'asBlob()'],
    ['no schema', '*/*', undefined, 'asStream()', 'asBlob()'],
    ['pictures', 'image/*', {type: 'object'}, 'asStream()', 'asBlob()'],
  ])('is what its schema says: %s of %s', async (_, mediaType, schema, body, response) => {
    const put = {
      operationId: 'put',
      requestBody: {required: true, ...open(mediaType, schema)},
      responses: {200: open(mediaType, schema)},
    };
    expect(await codeOf({paths: {'/a': {put}}, components: {schemas: {User}}})).toContain(
      `body: ${body}, response: ${response}, })`,
    );
  });

  it('is the type of an error too', async () => {
    const responses = {204: {description: ''}, 404: open('*/*', ref('User'))};
    expect(await codeOf({paths: {'/a': {get: {responses}}}, components: {schemas: {User}}})).toContain(
      'errors: { 404: type<User>(), }',
    );
  });

  it('gives way to plain JSON beside it', async () => {
    const content = {'*/*': {schema: {type: 'number'}}, 'application/json': {schema: {type: 'boolean'}}};
    expect(await codeOf({paths: {'/a': {get: {responses: {200: {content}}}}}})).toContain('type<boolean>()');
  });
});

it('the types of documents with inheritance, indexes, forms and unusual names compile, and narrow', async () => {
  const schemas = {
    Pet: {
      type: 'object',
      required: ['petType'],
      properties: {petType: {type: 'string'}, friend: ref('Pet'), id: {type: 'string', readOnly: true}},
      discriminator: {propertyName: 'petType', mapping: {dog: '#/components/schemas/Dog', cat: 'Cat'}},
    },
    Dog: inherits({required: ['bark'], properties: {bark: {type: 'string'}}}),
    Cat: inherits({required: ['claws'], properties: {claws: {type: 'integer'}}}),
    Poodle: {allOf: [ref('Dog'), {properties: {curls: {type: 'integer'}}}]},
    Runtime: {
      type: 'object',
      required: ['state'],
      properties: {
        state: {enum: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((one) => one.repeat(15))},
        name: {type: 'string'},
      },
      additionalProperties: {type: 'object'},
    },
    Upload: {type: 'object', properties: {file: {type: 'string', format: 'binary'}, closed: ref('Closed')}},
    Closed: {type: 'object', additionalProperties: false},
    ReturnType: {type: 'object', properties: {a: {type: 'string'}}},
    Promise: {type: 'object', properties: {b: {type: 'string'}}},
    ユーザー: {type: 'object', properties: {名前: {type: 'string'}, 注文: ref('注文')}},
    注文: {type: 'object', properties: {番号: {type: 'integer'}}},
    Unused: {type: 'object', properties: {x: {type: 'string'}}},
  };
  const names = (operationId: string, tag: string, rest: object = {}) => ({
    operationId,
    tags: [tag],
    responses: {204: {description: ''}},
    ...rest,
  });
  const {code, warnings} = await fromOpenApi({
    openapi: '3.1.0',
    paths: {
      '/pets': {
        get: names('listPets', 'pets', {responses: {200: json({type: 'array', items: ref('Pet')})}}),
        post: names('addPet', 'pets', {requestBody: {required: true, ...json(ref('Pet'))}}),
      },
      '/dog': {get: names('getDog', 'pets', {responses: {200: json(ref('Dog'))}})},
      '/runtime': {get: names('getRuntime', 'pets', {responses: {200: json(ref('Runtime'))}})},
      '/upload': {
        post: names('upload', 'pets', {
          requestBody: {required: true, content: {'multipart/form-data': {schema: ref('Upload')}}},
          responses: {200: json(ref('Upload'))},
        }),
      },
      '/odd': {
        parameters: [{name: 'X-Sum', in: 'header', schema: {type: 'string'}}],
        get: names('getOdd', 'Straßen & Größen', {
          responses: {200: json(ref('ReturnType')), 404: json(ref('Promise'))},
        }),
        put: names('обновить', 'Пользователи', {
          parameters: [{name: 'x-sum', in: 'header', required: true, schema: {type: 'string'}}],
          requestBody: json(ref('ユーザー')),
        }),
        delete: names('удалить', 'Заказы'),
      },
    },
    components: {schemas},
  });
  expect(warnings).toEqual([]);
  const use = `
    import {createSession} from 'aiofetch';
    import type {Closed, Dog, Pet, Poodle, Promise, Runtime, Unused, UploadJson, Upload, ユーザー} from './client.ts';
    import {createClient} from './client.ts';
    const client = createClient(createSession());
    const [pet] = await client.pets.listPets();
    if (pet?.petType === 'dog') pet.bark.trim();
    if (pet?.petType === 'cat') pet.claws.toFixed();
    if (pet?.petType === 'Poodle') pet.curls?.toFixed();
    if (pet?.friend?.petType === 'cat') pet.friend.claws.toFixed();
    pet?.id?.trim();
    // @ts-expect-error Not every pet barks.
    pet.bark;
    const dog: Dog = await client.pets.getDog();
    dog.bark.trim();
    await client.pets.addPet({body: {petType: 'dog', bark: 'loud'}});
    // @ts-expect-error A dog has a bark.
    await client.pets.addPet({body: {petType: 'dog', claws: 1}});
    const runtime: Runtime = await client.pets.getRuntime();
    export const state: 'a' | string = runtime.state;
    const uploaded: UploadJson = await client.pets.upload({body: {file: new Blob([])}});
    uploaded.file?.trim();
    const upload: Upload = {file: new Blob([])};
    // @ts-expect-error JSON contains no binary data.
    uploaded.file = upload.file;
    // @ts-expect-error It has no members.
    export const closed: Closed = {a: 1};
    export const a: string | undefined = (await client.straßenGrößen.getOdd()).a;
    await client.пользователи.обновить({headers: {'x-sum': '1'}, body: {名前: 'Ada', 注文: {番号: 1}}});
    // @ts-expect-error The header of the operation is required, in whatever case.
    await client.пользователи.обновить({body: {}});
    await client.заказы.удалить();
    export type Others = [Poodle, Promise, Unused, ユーザー, Pet];
  `;
  const folder = await writeGenerated({'client.ts': code, 'use.ts': use});
  expect(await typeCheck(folder, ['use.ts'])).toBe('');
});

describe('schemas that no operation uses', () => {
  it('become types as well', async () => {
    const code = await codeOf({
      paths: {},
      components: {schemas: {User, Team: {type: 'array', items: ref('User')}}},
    });
    expect(code).toContain('export type Team = User[]; export interface User { name: string; }');
  });

  it('become unknown, with a warning, where they are not valid', async () => {
    const components = {schemas: {Wrong: {enum: 5}, Gone: ref('Nobody'), Holder: {items: ref('Nobody')}}};
    const {code, warnings} = await fromOpenApi({openapi: '3.1.0', paths: {}, components});
    expect(code).toContain('export type Wrong = unknown;');
    expect(warnings).toEqual([
      expect.stringMatching(/^#\/components\/schemas\/\w+ is not valid \(.*\): its type is unknown$/),
      expect.stringMatching(/^#\/components\/schemas\/\w+ is not valid \(.*\): its type is unknown$/),
      expect.stringMatching(/^#\/components\/schemas\/\w+ is not valid \(.*\): its type is unknown$/),
    ]);
  });
});

describe('types of what a client has no methods for', () => {
  const schemas = {
    Order: {
      type: 'object',
      required: ['id'],
      properties: {id: {type: 'string', readOnly: true}, note: {type: 'string', writeOnly: true}},
    },
    Colour: {enum: ['red', 'blue'], type: 'string'},
  };
  const event = {required: true, ...json(ref('Order'))};

  it('the requests to webhooks are types, whose bodies come out of the API', async () => {
    const webhooks = {
      'order-paid': {
        post: {summary: 'Paid', requestBody: event, responses: {200: json(ref('Order')), 204: {}}},
      },
      moved: {$ref: '#/components/pathItems/Moved'},
    };
    const pathItems = {Moved: {put: {requestBody: {content: {'text/plain': {}}}}}};
    const code = await codeOf({webhooks, components: {schemas, pathItems}});
    expect(code).toContain(
      'export interface Order { id: string; } export interface OrderInput { note?: string; }',
    );
    expect(code).toContain(
      "export interface Webhooks { 'order-paid': { post: { body: Order; responses: { '200': OrderInput; }; }; }; moved: { put: { body?: string; }; }; }",
    );
  });

  it('the requests of callbacks are types, by the constant of their operation', async () => {
    const post = {
      operationId: 'subscribe',
      responses: {204: {}},
      callbacks: {
        onPaid: {'{$request.body#/url}': {post: {requestBody: event}}},
        other: {$ref: '#/components/callbacks/other'},
      },
    };
    const callbacks = {other: {'https://a.test': {get: {responses: {}}}}};
    expect(await codeOf({paths: {'/a': {post}}, components: {schemas, callbacks}})).toContain(
      "export interface Callbacks { subscribe: { onPaid: { '{$request.body#/url}': { post: { body: Order; }; }; }; other: { 'https://a.test': { get: {}; }; }; }; }",
    );
  });

  it('the headers of responses are types, in small letters', async () => {
    const headers = {
      'X-Rate-Limit': {required: true, schema: {type: 'integer'}},
      'x-colour': {$ref: '#/components/headers/Colour'},
      'Content-Type': {schema: {type: 'string'}},
    };
    const get = {operationId: 'getA', responses: {204: {headers}, 404: {description: ''}}};
    expect(
      await codeOf({paths: {'/a': {get}}, components: {schemas, headers: {Colour: {schema: ref('Colour')}}}}),
    ).toContain(
      "export interface ResponseHeaders { getA: { '204': { 'x-rate-limit': string; 'x-colour'?: Colour; }; }; }",
    );
  });

  it('those that are not valid are left out with a warning, and the client stays', async () => {
    const gone = {$ref: '#/components/gone'};
    const post = {operationId: 'a', callbacks: {on: gone}, responses: {200: {headers: {b: gone}}}};
    const {code, warnings} = await fromOpenApi({
      openapi: '3.1.0',
      paths: {'/a': {post}},
      webhooks: {c: gone},
    });
    expect(code).toContain("uncheckedEndpoint('POST /a')");
    expect(warnings).toEqual([
      'The webhook "c" is left out, because it is not valid: The reference #/components/gone leads nowhere: "components" does not exist',
      'The callback "on" of POST /a is left out, because it is not valid: The reference #/components/gone leads nowhere: "components" does not exist',
      'A response header of POST /a is left out, because it is not valid: The reference #/components/gone leads nowhere: "components" does not exist',
    ]);
  });
});

describe('what a module leaves out', () => {
  const get = {operationId: 'getA', parameters: [{in: 'cookie', name: 'a*/b\nc'}], responses: {204: {}}};
  const document = {openapi: '3.1.0', paths: {'/a': {get}}};

  it('is listed at its top', async () => {
    const {code} = await fromOpenApi(document);
    expect(code).toContain(
      ' * Left out or changed:\n *\n * - GET /a: the cookie "a*\\/b c" is left out: send it in the header "cookie"\n *\n * @module\n */\n',
    );
    expect((await fromOpenApi({openapi: '3.1.0', paths: {}})).code).not.toContain('Left out');
  });

  it('is an error where the option strict is set', async () => {
    await expect(fromOpenApi(document, {strict: true})).rejects.toThrow(
      /^One part of the document would be left out or changed, which strict forbids: GET \/a: the cookie/,
    );
    expect((await fromOpenApi({openapi: '3.1.0', paths: {}}, {strict: true})).warnings).toEqual([]);
  });
});

describe('a media type beside the one that the client has', () => {
  const body = (content: object) => ({
    openapi: '3.1.0',
    paths: {'/a': {post: {requestBody: {content}, responses: {200: {content}}}}},
  });
  const text = {schema: {type: 'object', properties: {a: {type: 'string'}}}};

  it.each<[string, object, string]>([
    ['events', {'application/json': text, 'text/event-stream': text}, 'text/event-stream'],
    ['lines of JSON', {'application/json': text, 'application/jsonl': text}, 'application/jsonl'],
    [
      'JSON of another type',
      {'application/json': text, 'application/a+json': {schema: {type: 'array'}}},
      'application/a+json',
    ],
    [
      'a form of another type',
      {'application/json': text, 'multipart/form-data': {schema: {properties: {b: {}}}}},
      'multipart/form-data',
    ],
    ['anything', {'application/json': text, '*/*': {}}, '*/*'],
  ])('is said to be left out: %s', async (_, content, mediaType) => {
    expect((await fromOpenApi(body(content))).warnings).toEqual(
      ['the body', 'the response 200'].map(
        (what) =>
          `POST /a: ${what} as ${mediaType} is left out, because the client has application/json for it`,
      ),
    );
  });

  it('is not mentioned where it carries values of the same type', async () => {
    const content = {
      'application/json': text,
      'application/xml': text,
      'application/x-www-form-urlencoded': text,
    };
    expect((await fromOpenApi(body(content))).warnings).toEqual([]);
  });
});
