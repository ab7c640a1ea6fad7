import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {OpenApiError} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {loadDocument} from '../../src/openapi/load.ts';
import {MissingUpgraderError} from '../../src/openapi/swagger.ts';
import {writeGenerated} from './support/generated.ts';

const user = {$ref: '#/definitions/User'};
const document = {
  swagger: '2.0',
  info: {title: 'Users', version: '1'},
  host: 'api.test',
  basePath: '/v1',
  schemes: ['https'],
  consumes: ['application/json'],
  produces: ['application/json'],
  paths: {
    '/users/{id}': {
      parameters: [{name: 'id', in: 'path', required: true, type: 'integer'}],
      get: {
        operationId: 'getUser',
        parameters: [
          {$ref: '#/parameters/Query'},
          {name: 'tags', in: 'query', type: 'array', items: {type: 'string'}, collectionFormat: 'pipes'},
        ],
        responses: {200: {description: '', schema: user}, 404: {$ref: '#/responses/NotFound'}},
      },
      put: {
        operationId: 'putUser',
        parameters: [{in: 'body', name: 'user', required: true, schema: user}],
        responses: {204: {description: ''}},
      },
      post: {
        operationId: 'addPhoto',
        consumes: ['multipart/form-data'],
        parameters: [
          {in: 'formData', name: 'file', type: 'file', required: true},
          {in: 'formData', name: 'note', type: 'string'},
        ],
        responses: {204: {description: ''}},
      },
    },
  },
  definitions: {User: {type: 'object', required: ['name'], properties: {name: {type: 'string'}}}},
  parameters: {Query: {name: 'q', in: 'query', type: 'string'}},
  responses: {NotFound: {description: '', schema: {type: 'string'}}},
  securityDefinitions: {key: {type: 'apiKey', in: 'header', name: 'x-key'}},
};

const failing = () => Promise.reject(new Error('Cannot find package'));

describe('a Swagger 2.0 document', () => {
  it('is upgraded to OpenAPI 3 on the way in', async () => {
    const given = structuredClone(document);
    const {code, warnings} = await fromOpenApi(given);
    expect(given).toEqual(document);
    expect(warnings).toEqual([]);
    const text = code.replaceAll(/\/\*[\s\S]*?\*\/ ?/g, '').replaceAll(/\s+/g, ' ');
    expect(text).toContain("export const baseUrl = 'https://api.test/v1/';");
    expect(text).toContain('export interface User { name: string; }');
    expect(text).toContain(
      "getUser = uncheckedEndpoint('GET /users/{id}', { path: type<{ id: number; }>(), query: type<{ q?: string; tags?: readonly string[]; }>(), queryStyles: {tags: 'pipeDelimited'}, response: type<User>(), errors: { 404: type<string>(), }, });",
    );
    expect(text).toContain('body: type<User>(), });');
    expect(text).toContain('body: asMultipart(type<{ file: Blob; note?: string; } | undefined>()), });');
    expect(code).toContain("apiKey({header: 'x-key', value})");
  });

  it('is read in YAML, where its version may be a number', async () => {
    const text =
      'swagger: 2.0\ninfo: {}\npaths: {/a: {get: {operationId: getA, responses: {204: {description: x}}}}}\n';
    const folder = await writeGenerated({'api.yaml': text});
    expect((await fromOpenApi(join(folder, 'api.yaml'))).code).toContain("uncheckedEndpoint('GET /a')");
  });

  it('is refused without the package that upgrades it, and the message names the install command', async () => {
    const error = await loadDocument(document, undefined, {}, failing).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingUpgraderError);
    expect((error as Error).message).toBe(
      'The document is Swagger 2.0, which needs the package "@scalar/openapi-upgrader" (Node 22 or later). Run: npm install @scalar/openapi-upgrader',
    );
  });

  it('is an OpenApiError where the package fails', async () => {
    const broken = () => Promise.resolve({upgradeFromTwoToThree: () => JSON.parse('x')});
    await expect(loadDocument(document, undefined, {}, broken)).rejects.toThrow(OpenApiError);
    await expect(loadDocument(document, undefined, {}, broken)).rejects.toThrow(
      "The document is Swagger 2.0, and can't be upgraded to OpenAPI 3",
    );
  });

  it('does not load the package for OpenAPI 3, and refuses Swagger 1', async () => {
    expect((await loadDocument({openapi: '3.1.0'}, undefined, {}, failing)).root.openapi).toBe('3.1.0');
    await expect(fromOpenApi({swagger: '1.2'})).rejects.toThrow(
      /^The document is Swagger, of which only the version 2\.0/,
    );
  });

  it.each<[string, unknown]>([
    ['paths', 5],
    ['paths', {'/a': 5}],
    ['paths', {'/a': {get: {parameters: 5, responses: 7}}}],
    ['definitions', 'x'],
    ['parameters', [null]],
    ['securityDefinitions', {a: null}],
    ['host', {}],
    ['schemes', 5],
    ['info', 7],
  ])('that is not valid is refused or read, and never fails in another way: %s', async (name, value) => {
    const outcome = await fromOpenApi({...document, [name]: value}).then(
      () => true,
      (error: unknown) => error instanceof OpenApiError,
    );
    expect(outcome).toBe(true);
  });

  it('is refused where its YAML aliases stand for a huge value', async () => {
    const levels = Array.from({length: 8}, (_, level) => `x-a${level + 1}: [${`*a${level}, `.repeat(9)}]`);
    const text = `swagger: '2.0'\npaths: {}\nx-a0: &a0 {k: v}\n${levels.map((line, level) => line.replace(': ', `: &a${level + 1} `)).join('\n')}\n`;
    const folder = await writeGenerated({'api.yaml': text});
    await expect(fromOpenApi(join(folder, 'api.yaml'))).rejects.toThrow(
      /is too large: with its aliases expanded/,
    );
  });
});
