import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {OpenApiError} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {startServer} from '../support/http-server.ts';
import {writeGenerated} from './support/generated.ts';

/** The code of a document, given as an object or as files of which `root.yaml` is the first to read. */
async function codeOf(document: object | string, options = {}): Promise<string> {
  const {code} = await fromOpenApi(document, options);
  return code.replaceAll(/\/\*[\s\S]*?\*\/ ?/g, '').replaceAll(/\s+/g, ' ');
}

async function codeOfFiles(files: Readonly<Record<string, string>>): Promise<string> {
  return codeOf(join(await writeGenerated(files), 'root.yaml'));
}

const head = 'openapi: 3.1.0\n';
const user = 'User: {type: object, required: [name], properties: {name: {type: string}}}\n';
const getUser = `
/users/{id}:
  get:
    operationId: getUser
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    responses: {200: {content: {application/json: {schema: {$ref: 'root.yaml#/components/schemas/User'}}}}}
`;
const theUser =
  "export interface User { name: string; } export const getUser = uncheckedEndpoint('GET /users/{id}', { path: type<{ id: number; }>(), response: type<User>(), });";

describe('a document over several files', () => {
  it('may have its paths and its schemas in other files', async () => {
    const code = await codeOfFiles({
      'root.yaml': `${head}paths: {$ref: paths.yaml}\ncomponents: {schemas: {$ref: schemas.yaml}}\n`,
      'paths.yaml': getUser,
      'schemas.yaml': `${user}Team: {type: array, items: {$ref: '#/User'}}\n`,
    });
    expect(code).toContain(theUser);
    expect(code).toContain('export type Team = User[];');
    expect(code).not.toContain('User2');
  });

  it('may have lists of parameters, responses, contents and properties in other files', async () => {
    const code = await codeOfFiles({
      'root.yaml': `${head}
paths:
  /a:
    get: {operationId: getA, parameters: {$ref: parts.yaml#/params}, responses: {$ref: parts.yaml#/responses}}
    post:
      operationId: postA
      requestBody: {content: {$ref: parts.yaml#/content}}
      responses: {200: {content: {application/json: {schema: {type: object, properties: {$ref: parts.yaml#/props}}}}}}
`,
      'parts.yaml': `
params: [{name: q, in: query, schema: {type: string}}]
responses: {200: {content: {application/json: {schema: {type: string}}}}}
content: {application/json: {schema: {type: object, properties: {x: {type: string}}}}}
props: {y: {type: string}}
`,
    });
    expect(code).toContain(
      "getA = uncheckedEndpoint('GET /a', { query: type<{ q?: string; }>(), response: type<string>(), });",
    );
    expect(code).toContain(
      'body: type<{ x?: string; } | undefined>(), response: type<{ y?: string; }>(), });',
    );
  });

  it('may have each operation in another file', async () => {
    const code = await codeOfFiles({
      'root.yaml': `${head}paths: {'/users/{id}': {get: {$ref: operations.yml#/getUser}}}\ncomponents: {schemas: {User: {$ref: schemas.yaml#/User}}}\n`,
      'operations.yml': `getUser:${getUser.split('get:')[1]?.replaceAll('\n    ', '\n  ')}`,
      'schemas.yaml': user,
    });
    expect(code).toContain(theUser);
  });

  it('may have a pointer that leads through a reference', async () => {
    const code = await codeOfFiles({
      'root.yaml': `${head}paths:\n  /a: {$ref: paths.yaml#/a}\n  /b: {get: {responses: {200: {$ref: '#/paths/~1a/get/responses/200'}}}}\n`,
      'paths.yaml':
        'a: {get: {responses: {200: {content: {application/json: {schema: {type: boolean}}}}}}}\n',
    });
    expect(code).toContain("getB = uncheckedEndpoint('GET /b', { response: type<boolean>(), });");
  });

  it('may have files in directories of its own', async () => {
    const folder = await writeGenerated({'root.yaml': `${head}paths: {/a: {$ref: deep/a.yaml}}\n`});
    await mkdir(join(folder, 'deep'));
    await writeFile(
      join(folder, 'deep/a.yaml'),
      'get: {operationId: getA, responses: {200: {$ref: ../r.yaml}}}\n',
    );
    await writeFile(join(folder, 'r.yaml'), 'content: {application/json: {schema: {type: string}}}\n');
    expect(await codeOf(join(folder, 'root.yaml'))).toContain('response: type<string>()');
  });
});

describe('a reference', () => {
  const answer = (schema: unknown, schemas: object = {}) => ({
    openapi: '3.1.0',
    paths: {'/a': {get: {responses: {200: {content: {'application/json': {schema}}}}}}},
    components: {schemas},
  });

  it('may stand in the place of a media type (3.2)', async () => {
    const code = await codeOf({
      openapi: '3.2.0',
      paths: {
        '/a': {get: {responses: {200: {content: {'application/json': {$ref: '#/components/mediaTypes/A'}}}}}},
      },
      components: {mediaTypes: {A: {schema: {type: 'boolean'}}}},
    });
    expect(code).toContain('response: type<boolean>()');
  });

  it.each([['$anchor'], ['$dynamicAnchor']])('may lead to a schema by its %s', async (keyword) => {
    const reference = keyword === '$anchor' ? '$ref' : '$dynamicRef';
    const schema = {$ref: '#/components/schemas/A'};
    const code = await codeOf(
      answer(schema, {
        A: {properties: {b: {[reference]: '#the-b'}}},
        'B/c': {[keyword]: 'the-b', properties: {x: {type: 'string'}}},
      }),
    );
    expect(code).toContain('export interface A { b?: BC; } export interface BC { x?: string; }');
  });

  it('binds the type of a generic schema where several schemas have its dynamic anchor', async () => {
    const itemOf = (name: string) => ({
      $defs: {item: {$dynamicAnchor: 'item', $ref: `#/components/schemas/${name}`}},
      $ref: '#/components/schemas/Page',
    });
    const code = await codeOf(
      answer(
        {oneOf: [itemOf('User'), itemOf('Team')]},
        {
          Page: {
            $defs: {item: {$dynamicAnchor: 'item', not: {}}},
            properties: {
              items: {type: 'array', items: {$dynamicRef: '#item'}},
              next: {$ref: '#/components/schemas/Page'},
            },
          },
          User: {const: 'user'},
          Team: {const: 'team'},
        },
      ),
    );
    expect(code).toContain('export interface Page { items?: unknown[]; next?: Page; }');
    expect(code).toContain('type<{ items?: User[]; next?: Page; } | { items?: Team[]; next?: Page; }>()');
  });

  it('leads to one type, whatever is percent-encoded in it', async () => {
    const names = ['A b', 'C%', '%41', '«x»'];
    const refs = ['A b', 'A%20b', 'C%', 'C%25', '%2541', '«x»', '%C2%ABx%C2%BB'];
    const prefixItems = refs.map((name) => ({$ref: `#/components/schemas/${name}`}));
    const schemas = Object.fromEntries(names.map((name) => [name, {const: name}]));
    const code = await codeOf(answer({prefixItems, items: false}, schemas));
    expect(code).toContain('type<[AB, AB, C, C, _41, X, X]>()');
  });

  it('is none where a schema or a discriminator has a member of that name', async () => {
    const schema = {
      properties: {$ref: {type: 'string'}, kind: {type: 'string'}},
      discriminator: {propertyName: 'kind', mapping: {$ref: 'nowhere.yaml'}},
    };
    expect(await codeOf(answer(schema))).toContain('type<{ $ref?: string; kind?: string; }>()');
  });

  it.each<[string, object, RegExp]>([
    [
      'a missing anchor',
      answer({$ref: '#nobody'}),
      /^The reference #nobody leads nowhere: no schema has this anchor$/,
    ],
    [
      'its own place',
      {openapi: '3.1.0', paths: {$ref: '#/paths'}},
      /^The reference #\/paths leads back to itself$/,
    ],
    [
      'a map around it',
      {...answer({}), components: {schemas: {A: {properties: {$ref: '#/components/schemas'}}}}},
      /contains itself/,
    ],
    [
      'a map around it, with a member beside',
      {openapi: '3.1.0', paths: {'/a': {get: {parameters: {$ref: '#/paths/~1a/get', x: 1}}}}},
      /contains itself|lead into themselves/,
    ],
    [
      'two references in turn',
      {openapi: '3.1.0', paths: {$ref: '#/components/a'}, components: {a: {$ref: '#/paths'}}},
      /leads back to itself/,
    ],
    [
      'a pointer through itself',
      answer({$ref: '#/components/schemas/A/properties/b'}, {A: {$ref: '#/components/schemas/A/x'}}),
      /leads back to itself/,
    ],
  ])('is refused when it leads to %s', async (_, document, message) => {
    await expect(fromOpenApi(document)).rejects.toThrow(message);
    await expect(fromOpenApi(document)).rejects.toBeInstanceOf(OpenApiError);
  });
});

describe('a reference out of the directory of a document', () => {
  async function documentTo($ref: string): Promise<string> {
    const folder = await writeGenerated({'common.yaml': 'type: boolean\n'});
    await mkdir(join(folder, 'api'));
    const schema = {$ref: $ref.replace('FOLDER', pathToFileURL(folder).href)};
    const document = {
      openapi: '3.1.0',
      paths: {'/a': {get: {responses: {200: {content: {'application/json': {schema}}}}}}},
    };
    await writeFile(join(folder, 'api/root.json'), JSON.stringify(document));
    return join(folder, 'api/root.json');
  }

  it.each(['../common.yaml', 'FOLDER/common.yaml'])('is refused unless it is asked for: %s', async ($ref) => {
    const file = await documentTo($ref);
    await expect(fromOpenApi(file)).rejects.toThrow(
      /^The document refers to file:\S+common\.yaml, which is outside of its directory\. If you trust the document, set --allow-external-references \(allowExternalReferences: true\)$/,
    );
    expect(await codeOf(file, {allowExternalReferences: true})).toContain('= boolean;');
  });

  it('is refused for URLs, whose queries no message shows', async () => {
    const paths: unknown[] = [];
    const server = await startServer((request, response) => {
      paths.push(request.url);
      response.end('{"type": "boolean"}');
    });
    const file = await documentTo(`${server.origin}/schema.json?token=s3cret`);
    const error = await fromOpenApi(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenApiError);
    expect((error as Error).message).toMatch(/\/schema\.json, which is outside of its directory/);
    expect((error as Error).message).not.toContain('s3cret');
    expect(paths).toEqual([]);
    expect(await codeOf(file, {allowExternalReferences: true})).toContain('= boolean;');
  });

  it('is refused for another origin than that of the document', async () => {
    const other = await startServer((_, response) => void response.end('{"type": "boolean"}'));
    const server = await startServer((_, response) => {
      const schema = {$ref: `${other.origin}/schema.json`};
      const content = {'application/json': {schema}};
      response.end(JSON.stringify({openapi: '3.1.0', paths: {'/a': {get: {responses: {200: {content}}}}}}));
    });
    const url = `${server.origin}/api.json`;
    await expect(fromOpenApi(url)).rejects.toThrow(/which is outside of its origin/);
    expect(await codeOf(url, {allowExternalReferences: true})).toContain('= boolean;');
  });
});

it.each([
  ['an unknown method', {'/a': {trace: {responses: {}}}, '/b': {}}],
  ['no operations', {'/a': {}}],
])(
  'a document whose paths have %s is refused rather than made a client without methods',
  async (_, paths) => {
    await expect(fromOpenApi({openapi: '3.1.0', paths})).rejects.toThrow(
      /^No path of the document has an operation that a client can have: the paths are \/a/,
    );
  },
);
