import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {OpenApiError} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {readText} from '../../src/openapi/read-text.ts';
import {startServer} from '../support/http-server.ts';
import {writeGenerated} from './support/generated.ts';

const head = 'openapi: 3.1.0\ninfo: {title: T, version: 1.0}\npaths: {}\n';

async function fromYaml(text: string): Promise<string> {
  const folder = await writeGenerated({'api.yaml': text});
  return (await fromOpenApi(join(folder, 'api.yaml'))).code;
}

/** A document with one operation, whose response has the schema `S0`. */
function documentOf(schemas: Readonly<Record<string, unknown>>): object {
  const content = {'application/json': {schema: {$ref: '#/components/schemas/S0'}}};
  return {
    openapi: '3.1.0',
    paths: {'/a': {get: {operationId: 'getA', responses: {200: {description: 'It', content}}}}},
    components: {schemas},
  };
}

const ref = (name: string) => ({$ref: `#/components/schemas/${name}`});

/** `count` schemas, each made of the next one. */
function chain(
  count: number,
  make: (next: {$ref: string}) => unknown,
  last: unknown,
): Record<string, unknown> {
  const schemas = Array.from({length: count}, (_, index) => [`S${index}`, make(ref(`S${index + 1}`))]);
  return {...Object.fromEntries(schemas), [`S${count}`]: last};
}

describe('the size of a document', () => {
  /** Each level has nine aliases of the level before. */
  const bomb = (levels: number) =>
    Array.from(
      {length: levels},
      (_, level) => `x-a${level + 1}: &a${level + 1} {${'abcdefghi'.replace(/./g, `$&: *a${level}, `)}}\n`,
    ).join('');

  it('a document is refused when its YAML aliases stand for a huge value', async () => {
    await expect(fromYaml(`${head}x-a0: &a0 {k: v}\n${bomb(9)}`)).rejects.toThrow(
      /api\.yaml is too large: with its aliases expanded it has more than 134217728 characters$/,
    );
  });

  it('a document is read when its YAML aliases stand for a value of moderate size', async () => {
    expect(await fromYaml(`${head}x-a0: &a0 {k: v}\n${bomb(4)}`)).toContain('export const createClient');
  });

  it('a document is refused when a YAML alias stands for a value around it', async () => {
    await expect(fromYaml(`${head}x-a: &a {b: *a}\n`)).rejects.toThrow(
      /api\.yaml contains itself: an alias stands for a value around it$/,
    );
  });

  it('a document is refused when it has too many YAML aliases', async () => {
    const aliases = Array(10_001).fill('*a').join(', ');
    await expect(fromYaml(`${head}x-a: &a {}\nx-b: [${aliases}]\n`)).rejects.toThrow(
      'The document has more than 10000 aliases: use references ($ref)',
    );
  });

  it('a document is refused when its merge keys copy too many members', async () => {
    const members = Array.from({length: 2_000}, (_, index) => `k${index}: 1`).join(', ');
    const maps = Array.from({length: 2_000}, () => '{<<: *a}').join(', ');
    await expect(fromYaml(`${head}x-a: &a {${members}}\nx-b: [${maps}]\n`)).rejects.toThrow(
      /^The document takes too much work/,
    );
  });

  it('a map with the same key twice is refused', async () => {
    const error = await fromYaml(`${head}x-a: {b: 1, c: 2, b: 3}\n`).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenApiError);
    expect((error as Error).cause).toEqual(new Error('Map keys must be unique: "b" occurs twice'));
  });

  it('own members of a map take precedence over merged ones, and the first of several maps over the next', async () => {
    const text = `
openapi: 3.1.0
paths: {/a: {get: {responses: {200: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}}
components:
  schemas:
    One: &one {properties: {a: {type: string}}, required: [a]}
    Two: &two {properties: {b: {type: string}}, type: object}
    A: {<<: [*one, *two], required: []}
`;
    expect(await fromYaml(text)).toContain('export interface A {\n  a?: string;\n}');
  });

  it.each([
    ['JSON', `{"openapi": "3.1.0", "x": ${'['.repeat(300)}${']'.repeat(300)}}`],
    ['YAML', `${head}x: ${'['.repeat(300)}${']'.repeat(300)}\n`],
  ])('a document in %s is refused when it is nested too deeply', async (_, text) => {
    await expect(fromYaml(text)).rejects.toThrow(/api\.yaml is nested more than 200 levels deep$/);
  });

  it.each([300, 100_000])('an object with %d levels is refused as a document', async (levels) => {
    let deep: object = {};
    for (let level = 0; level < levels; level++) deep = {deep};
    await expect(fromOpenApi({openapi: '3.1.0', deep})).rejects.toThrow(OpenApiError);
  });

  it('an object that contains itself, or a function, is refused as a document', async () => {
    const document: Record<string, unknown> = {openapi: '3.1.0'};
    document['x'] = {document};
    await expect(fromOpenApi(document)).rejects.toThrow('The document contains itself');
    await expect(fromOpenApi({openapi: '3.1.0', x: () => 1})).rejects.toThrow(
      'The document is not plain data',
    );
  });
});

describe('the work on a document', () => {
  it.each<[string, (next: object) => object]>([
    ['allOf with required members', (next) => ({allOf: [next, next], required: ['zz']})],
    ['allOf', (next) => ({allOf: [next, next]})],
    ['oneOf with a discriminator', (next) => ({oneOf: [next, next], discriminator: {propertyName: 'kind'}})],
  ])('a chain of schemas that doubles at each level by %s is written', async (_, make) => {
    const {code} = await fromOpenApi(documentOf(chain(60, make, {type: 'object', properties: {}})));
    expect(code).toContain('export type S59 = ');
  });

  it('events that double at each level are written', async () => {
    const schemas = chain(60, (next) => ({oneOf: [next, next]}), {properties: {data: {type: 'number'}}});
    const content = {'text/event-stream': {itemSchema: ref('S0')}};
    const {code} = await fromOpenApi({
      ...documentOf(schemas),
      paths: {'/a': {get: {operationId: 'getA', responses: {200: {description: 'It', content}}}}},
    });
    expect(code).toContain('asEvents(/* @__PURE__ */ type<number>())');
  });

  it('a document is refused when nested schemas double at each level', async () => {
    let schema: object = {type: 'string'};
    for (let level = 0; level < 30; level++) schema = {allOf: [{properties: {a: schema}}], required: ['a']};
    await expect(fromOpenApi(documentOf({S0: schema}))).rejects.toThrow(
      'The document takes too much work: its parts include each other too often',
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['references', {S0: ref('S1'), S1: ref('S0')}],
    ['allOf', {S0: {allOf: [ref('S0'), ref('S0')], required: ['x']}}],
    ['allOf and anyOf', {S0: {allOf: [ref('S1')]}, S1: {anyOf: [ref('S0'), {type: 'string'}]}}],
  ])('a schema that is made of itself by %s gets an unknown type, and a warning', async (_, schemas) => {
    const {code, warnings} = await fromOpenApi(documentOf(schemas));
    expect(code).toContain('export type S0 = unknown;');
    expect(warnings).toContain('#/components/schemas/S0 refers to nothing but itself: its type is unknown');
  });

  it('a path that refers to itself is refused', async () => {
    await expect(fromOpenApi({openapi: '3.1.0', paths: {'/a': {$ref: '#/paths/~1a'}}})).rejects.toThrow(
      'The reference #/paths/~1a leads back to itself',
    );
  });

  it.each<[string, (next: object) => object, object]>([
    ['references', (next) => ({properties: {next}}), {type: 'string'}],
    ['read-only members', (next) => ({properties: {next}}), {properties: {id: {readOnly: true}}}],
  ])('a chain of 5,000 schemas with %s takes work that grows with its length', async (_, make, last) => {
    const {code} = await fromOpenApi(documentOf(chain(5_000, make, last)));
    expect(code).toContain('export interface S4999 ');
  });

  it('an operation whose name has 100,000 capital letters is written', async () => {
    const document = documentOf({S0: {type: 'string'}});
    const text = JSON.stringify(document).replace('getA', 'A'.repeat(100_000));
    expect((await fromOpenApi(JSON.parse(text) as object)).code).toContain(
      `export const ${'a'.repeat(100_000)} `,
    );
  });

  it('a thousand operations of one name get numbers', async () => {
    const get = {operationId: 'same', responses: {}};
    const paths = Object.fromEntries(Array.from({length: 1_000}, (_, index) => [`/a${index}`, {get}]));
    expect((await fromOpenApi({openapi: '3.1.0', paths})).code).toContain('export const same1000 =');
  });
});

describe('references of a remote document', () => {
  const signal = new AbortController().signal;

  /** A server whose document at `/api.json` refers to a target. */
  async function serve(target: (origin: string) => string) {
    const paths: string[] = [];
    const server = await startServer((request, response) => {
      paths.push(request.url ?? '');
      const isDocument = request.url === '/api.json';
      const schema = {$ref: target(server.origin)};
      response.end(
        JSON.stringify(
          isDocument ? documentOf({S0: schema}) : {type: 'object', properties: {secret: {type: 'string'}}},
        ),
      );
    });
    return {url: `${server.origin}/api.json`, paths};
  }

  it('a reference to a file of this machine is refused unless it is asked for', async () => {
    const folder = await writeGenerated({'secret.json': '{"properties": {"secret": {"type": "string"}}}'});
    const {href} = pathToFileURL(join(folder, 'secret.json'));
    const {url} = await serve(() => href);
    await expect(fromOpenApi(url)).rejects.toThrow(
      `A remote document must not refer to ${href}, which is on this machine or in its networks. If you trust the document, set --allow-local-references (allowLocalReferences: true)`,
    );
    const {code} = await fromOpenApi(url, {allowLocalReferences: true});
    expect(code).toContain('secret?: string;');
  });

  it('a document of a local server may refer to files of local servers', async () => {
    const {url, paths} = await serve((origin) => `${origin}/schema.json`);
    expect((await fromOpenApi(url)).code).toContain('secret?: string;');
    expect(paths).toEqual(['/api.json', '/schema.json']);
  });

  it('a reference of a public document to a local address is refused before a connection is made, unless it is asked for', async () => {
    const {url, paths} = await serve(() => '#');
    await expect(readText(new URL(url), 'public', false, signal)).rejects.toThrow(
      /^A remote document must not refer to http:\S+, at (?:127\.0\.0\.1|::1), which is on this machine/,
    );
    expect(paths).toEqual([]);
    expect(await readText(new URL(url), 'public', true, signal)).toMatchObject({place: 'public'});
  });

  it('a reference of a public document to a file is refused, and one of a local file is read', async () => {
    const folder = await writeGenerated({'a.json': '{}'});
    const file = pathToFileURL(join(folder, 'a.json'));
    await expect(readText(file, 'public', false, signal)).rejects.toThrow(OpenApiError);
    expect(await readText(file, 'file', false, signal)).toEqual({text: '{}', place: 'file'});
  });

  it.each(['data:application/json,{}', 'blob:x', 'javascript:1', 'node:fs'])(
    'a reference to %s is refused',
    async ($ref) => {
      const folder = await writeGenerated({'api.json': JSON.stringify(documentOf({S0: {$ref}}))});
      await expect(fromOpenApi(join(folder, 'api.json'))).rejects.toThrow(
        /^The reference to a \w+: URL is not supported: only files, http: and https: URLs are$/,
      );
    },
  );

  it('a reference that is not a valid URL is refused', async () => {
    const folder = await writeGenerated({'api.json': JSON.stringify(documentOf({S0: {$ref: 'http://['}}))});
    await expect(fromOpenApi(join(folder, 'api.json'))).rejects.toThrow(
      new OpenApiError('The reference http://[ is not a valid URL'),
    );
  });

  it('a document is refused when each file refers to a further file', async () => {
    let count = 0;
    const server = await startServer((_, response) => {
      response.end(JSON.stringify({...documentOf({}), next: {$ref: `/file${count++}.json`}}));
    });
    await expect(fromOpenApi(`${server.origin}/api.json`)).rejects.toThrow(
      'The document refers to more than 500 files',
    );
  });

  it('a document that is larger than the limit is refused while it arrives', async () => {
    const server = await startServer((_, response) => {
      const more = () => {
        while (response.write('a'.repeat(2 ** 20)));
      };
      response.on('drain', more);
      more();
    });
    const error = await fromOpenApi(`${server.origin}/api.json`).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenApiError);
    expect((error as Error).cause).toMatchObject({name: 'ResponseTooLargeError'});
  });
});
