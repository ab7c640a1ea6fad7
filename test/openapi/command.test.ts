import {mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {openapiCommand} from '../../src/openapi/command.ts';
import {startServer} from '../support/http-server.ts';
import {writeGenerated} from './support/generated.ts';

const yaml = `
openapi: 3.1.0
info: {title: Users, version: '1'}
paths:
  /users/{id}:
    get:
      operationId: getUser
      parameters: [{in: cookie, name: sid}]
      responses:
        200:
          description: A user
          content: {application/json: {schema: {$ref: 'schemas/user.yaml'}}}
`;
// Merge keys are of YAML 1.1.
const userYaml = `
type: object
properties:
  <<: &named
    name: {type: string}
  home: {$ref: 'place.json#/definitions/place'}
  friends: {type: array, items: {$ref: '#'}}
`;
const placeJson = '{"definitions": {"place": {"properties": {"owner": {"$ref": "user.yaml"}}}}}';

/** A document over three files. */
async function writeDocument(): Promise<string> {
  const folder = await writeGenerated({'api.yaml': yaml});
  await mkdir(join(folder, 'schemas'));
  await writeFile(join(folder, 'schemas/user.yaml'), userYaml);
  await writeFile(join(folder, 'schemas/place.json'), placeJson);
  return folder;
}

async function run(...args: string[]) {
  let out = '';
  let log = '';
  const code = await openapiCommand(args, {
    out: (text) => {
      out += text;
    },
    log: (text) => {
      log += text;
    },
  });
  return {code, out, log};
}

describe('aiofetch openapi', () => {
  it('the command writes a client of a document over several files, and warns about parts that it leaves out', async () => {
    const folder = await writeDocument();
    const {code, out, log} = await run(join(folder, 'api.yaml'));
    expect([code, log]).toEqual([
      0,
      'GET /users/{id}: the cookie "sid" is left out: send it in the header "cookie"\n',
    ]);
    expect(out).toContain(
      'export interface User {\n  name?: string;\n  home?: Place;\n  friends?: User[];\n}',
    );
    expect(out).toContain('export interface Place {\n  owner?: User;\n}');
  });

  it('types of other files have the names that the document gives them, and operations beside a path reference are read', async () => {
    const folder = await writeDocument();
    const text = `
openapi: 3.1.0
paths:
  /users/{id}: {$ref: 'api.yaml#/paths/~1users~1{id}', delete: {operationId: removeUser, responses: {204: {}}}}
components:
  schemas:
    Person: {$ref: schemas/user.yaml}
    Home: {$ref: 'my%20home.yaml'}
    Owner: {$ref: '#/components/schemas/Person'}
`;
    await writeFile(join(folder, 'all.yaml'), text);
    await writeFile(join(folder, 'my home.yaml'), 'type: string\n');
    const {code, out} = await run(join(folder, 'all.yaml'));
    expect(code).toBe(0);
    expect(out).toContain(
      'export interface Person {\n  name?: string;\n  home?: Place;\n  friends?: Person[];\n}',
    );
    expect(out).toContain('type<Person>()');
    expect(out).not.toContain('User {');
    expect(out).toContain("removeUser = /* @__PURE__ */ uncheckedEndpoint('DELETE /users/{id}')");
  });

  it('--strict makes warnings an error, and writes nothing', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'client.ts');
    expect(await run(join(folder, 'api.yaml'), '-o', file, '--strict', '--quiet')).toEqual({
      code: 1,
      out: '',
      log: 'GET /users/{id}: the cookie "sid" is left out: send it in the header "cookie"\n--strict forbids to leave out or change parts of the document: 1\n',
    });
    await expect(stat(file)).rejects.toThrow('ENOENT');
    await writeFile(join(folder, 'api.yaml'), yaml.replace(/parameters:.*/, ''));
    expect(await run(join(folder, 'api.yaml'), '-o', file, '--strict')).toEqual({code: 0, out: '', log: ''});
  });

  it('--quiet prints no warnings', async () => {
    const folder = await writeDocument();
    expect(await run(join(folder, 'api.yaml'), '--quiet')).toMatchObject({code: 0, log: ''});
  });

  it('--output writes a file, and does not touch a file that is up to date', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'client.ts');
    expect(await run(join(folder, 'api.yaml'), '-o', file, '--quiet')).toEqual({code: 0, out: '', log: ''});
    const {mtimeNs} = await stat(file, {bigint: true});
    await run(join(folder, 'api.yaml'), '-o', file);
    expect((await stat(file, {bigint: true})).mtimeNs).toBe(mtimeNs);
    expect(await readFile(file, 'utf8')).toBe((await run(join(folder, 'api.yaml'))).out);
  });

  it('--check fails for a missing or outdated file, and writes nothing', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'client.ts');
    const check = () => run(join(folder, 'api.yaml'), '--output', file, '--check', '--quiet');
    expect(await check()).toEqual({
      code: 1,
      out: '',
      log: `${file} does not exist: run the command without --check\n`,
    });
    await run(join(folder, 'api.yaml'), '-o', file);
    expect(await check()).toEqual({code: 0, out: '', log: ''});
    await writeFile(file, 'export {};\n');
    expect(await check()).toMatchObject({
      code: 1,
      log: expect.stringContaining('is not up to date'),
    });
    expect(await readFile(file, 'utf8')).toBe('export {};\n');
  });

  it('a document and the files that it refers to are read from URLs, whose queries no message shows', async () => {
    const files: Record<string, string> = {
      '/v1/api.yaml': yaml,
      '/v1/schemas/user.yaml': userYaml,
      '/v1/schemas/place.json': placeJson,
    };
    const server = await startServer((request, response) => {
      const text = files[request.url ?? ''];
      response.statusCode = text === undefined ? 404 : 200;
      response.end(text);
    });
    const {code, out} = await run(`${server.origin}/v1/api.yaml`);
    expect(code).toBe(0);
    expect(out).toContain('export interface Place {');
    const missing = await run(`${server.origin}/v2/api.yaml?token=s3cret`);
    expect(missing).toMatchObject({
      code: 1,
      log: expect.stringMatching(/Can't download http:\S+v2\/api\.yaml: Status 404/),
    });
    expect(missing.log).not.toContain('s3cret');
  });

  it.each<[string, string, RegExp]>([
    ['broken.yaml', 'a: 1\nb: [', /^\S+broken\.yaml:2:5 is neither JSON nor YAML: [^\n]+\n$/],
    ['broken.json', '{"openapi": "3.1.0",', /^\S+broken\.json:1:21 is neither JSON nor YAML: [^\n]+\n$/],
    ['wrong.json', '{\n  "a": [1}\n}', /^\S+wrong\.json:2:\d+ is neither JSON nor YAML: [^\n]+\n$/],
    ['swagger.json', '{"swagger": "1.2"}', /Swagger, of which only/],
    ['page.html', '<h1>Hello</h1>', /not an OpenAPI document/],
  ])('the command fails for %s, and tells why', async (name, text, message) => {
    const folder = await writeGenerated({[name]: text});
    expect(await run(join(folder, name))).toMatchObject({
      code: 1,
      out: '',
      log: expect.stringMatching(message),
    });
  });

  it.each<[string, RegExp]>([
    [
      'ftp://api.test/api.yaml',
      /^A document is a file, or has an http: or https: URL: ftp: is not supported\n$/,
    ],
    ['http://', /^http:\/\/ is not a valid URL\n$/],
  ])('the command refuses %s as a location of documents', async (source, message) => {
    expect(await run(source)).toMatchObject({code: 1, log: expect.stringMatching(message)});
  });

  it('the command fails when it cannot write the file, and tells why', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'nowhere', 'client.ts');
    const {code, log} = await run(join(folder, 'api.yaml'), '-o', file, '--quiet');
    expect(code).toBe(1);
    expect(log).toMatch(/Can't write \S+client\.ts: ENOENT/);
    expect(log).not.toContain('    at ');
  });

  it.each<[string, string, string]>([
    ['parameters that are not a list', 'get: {parameters: 5}', '2:14: The document is not valid at GET /a: '],
    [
      'a schema whose enum is not a list',
      'get: {responses: {200: {content: {application/json: {schema: {enum: 5}}}}}}',
      '2:14: The document is not valid at GET /a: ',
    ],
    [
      'a named schema whose enum is not a list',
      "get: {responses: {200: {content: {application/json: {schema: {$ref: '#/components/schemas/Wrong'}}}}}}",
      '3:24: The document is not valid at #/components/schemas/Wrong: ',
    ],
  ])('the command fails for %s, and names the place', async (_, operation, message) => {
    const text = `openapi: 3.1.0\npaths: {/a: {${operation}}}\ncomponents: {schemas: {Wrong: {enum: 5}}}\n`;
    const folder = await writeGenerated({'api.yaml': text});
    const {code, log} = await run(join(folder, 'api.yaml'));
    expect(code).toBe(1);
    expect(log.startsWith(`${join(folder, 'api.yaml')}:${message}`)).toBe(true);
    expect(log).toMatch(/^.+\n$/);
  });

  it.each<[string, string, string]>([
    [
      'JSON, with keys like those of the place before it',
      '{\n  "x": {"paths": ["}", {"get": 1}]},\n  "openapi": "3.1.0",\n  "paths": {\n    "/\\u0061": {"get":\n{"parameters": 5}}\n  }\n}',
      '5:17',
    ],
    [
      'an operation behind an alias',
      'openapi: 3.1.0\nx: &a\n  get: {parameters: 5}\npaths: {/a: *a}\n',
      '3:3',
    ],
    [
      'an operation behind a reference, of which the text has the path alone',
      "openapi: 3.1.0\nx: {get: {parameters: 5}}\npaths: {/a: {$ref: '#/x'}}\n",
      '3:9',
    ],
    [
      'a reference to nowhere',
      "openapi: 3.1.0\npaths:\n  /a:\n    get: {parameters: [{$ref: '#/gone'}]}\n",
      '4:5',
    ],
  ])('the message of an error has the line and the column of %s', async (_, text, position) => {
    const name = text.startsWith('{') ? 'api.json' : 'api.yaml';
    const folder = await writeGenerated({[name]: text});
    const {code, log} = await run(join(folder, name));
    expect(code).toBe(1);
    expect(log).toMatch(/^.+\n$/);
    expect(log.slice(join(folder, name).length)).toMatch(new RegExp(`^:${position}: The `));
  });

  it('members that a YAML document leaves empty count as missing', async () => {
    const text = `
openapi: 3.1.0
servers:
paths:
  x-extension: 1
  /empty:
  /a:
    get:
      parameters:
      responses:
        200:
          content:
            application/json:
              schema:
                properties:
                  parameters:
                  b: {enum: [a, null]}
                required:
        204:
        default:
          content:
            application/json:
components:
  securitySchemes:
    token:
`;
    const folder = await writeGenerated({'api.yaml': text});
    const {code, out, log} = await run(join(folder, 'api.yaml'));
    expect([code, log]).toEqual([0, '']);
    expect(out.replaceAll('/* @__PURE__ */ ', '').replaceAll(/\s+/g, ' ')).toContain(
      "getA = uncheckedEndpoint('GET /a', { response: type<{ parameters?: unknown; b?: 'a' | null; } | undefined>(), errors: { default: type<unknown>(), }, });",
    );
  });

  it('messages show characters of a document that a terminal obeys, or that turn the direction of text, as escapes', async () => {
    const parameters = [{in: 'cookie', name: 'a\u001b[2J\u009bb\u202ec'}];
    const text = JSON.stringify({openapi: '3.1.0', paths: {'/a': {get: {parameters}}}});
    const folder = await writeGenerated({'api.json': text});
    expect((await run(join(folder, 'api.json'))).log).toContain(
      'the cookie "a\\u001b[2J\\u009bb\\u202ec" is left out',
    );
  });

  it('--allow-local-references lets a document from a URL refer to a file', async () => {
    const folder = await writeDocument();
    const text = yaml.replace('schemas/user.yaml', pathToFileURL(join(folder, 'schemas/user.yaml')).href);
    const server = await startServer((_, response) => {
      response.end(text);
    });
    const url = `${server.origin}/api.yaml`;
    expect(await run(url)).toMatchObject({
      code: 1,
      log: expect.stringMatching(/^A remote document must not refer to file:.*--allow-local-references/),
    });
    expect(await run(url, '--allow-local-references')).toMatchObject({code: 0});
  });

  it.each([[[]], [['a', 'b']], [['a', '--check']], [['a', '--what']]])(
    'invalid arguments print the usage: %j',
    async (args) => {
      expect(await run(...args)).toMatchObject({
        code: 2,
        log: expect.stringContaining('Usage: aiofetch openapi'),
      });
    },
  );

  it('--help prints the help', async () => {
    expect(await run('--help')).toMatchObject({code: 0, out: expect.stringContaining('--check'), log: ''});
  });
});
