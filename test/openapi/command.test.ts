import {mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
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
  it('writes a client of a document over several files, and says what it leaves out', async () => {
    const folder = await writeDocument();
    const {code, out, log} = await run(join(folder, 'api.yaml'));
    expect([code, log]).toEqual([0, 'GET /users/{id}: the cookie "sid" is left out: send it as a header\n']);
    expect(out).toContain(
      'export interface User {\n  name?: string;\n  home?: Place;\n  friends?: User[];\n}',
    );
    expect(out).toContain('export interface Place {\n  owner?: User;\n}');
  });

  it('calls what is in other files as the document does, and reads what is beside a reference to a path', async () => {
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
    expect(out).toContain("removeUser = /* @__PURE__ */ endpoint('DELETE /users/{id}')");
  });

  it('says nothing of that when it is to be quiet', async () => {
    const folder = await writeDocument();
    expect(await run(join(folder, 'api.yaml'), '--quiet')).toMatchObject({code: 0, log: ''});
  });

  it('writes a file, and leaves one alone that would be the same', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'client.ts');
    expect(await run(join(folder, 'api.yaml'), '-o', file, '--quiet')).toEqual({code: 0, out: '', log: ''});
    const {mtimeNs} = await stat(file, {bigint: true});
    await run(join(folder, 'api.yaml'), '-o', file);
    expect((await stat(file, {bigint: true})).mtimeNs).toBe(mtimeNs);
    expect(await readFile(file, 'utf8')).toBe((await run(join(folder, 'api.yaml'))).out);
  });

  it('checks a file, and writes nothing', async () => {
    const folder = await writeDocument();
    const file = join(folder, 'client.ts');
    const check = () => run(join(folder, 'api.yaml'), '--output', file, '--check', '--quiet');
    expect(await check()).toEqual({code: 1, out: '', log: `${file} is not there\n`});
    await run(join(folder, 'api.yaml'), '-o', file);
    expect(await check()).toEqual({code: 0, out: '', log: ''});
    await writeFile(file, 'export {};\n');
    expect(await check()).toMatchObject({
      code: 1,
      log: expect.stringContaining('is not what the document makes'),
    });
    expect(await readFile(file, 'utf8')).toBe('export {};\n');
  });

  it('reads a document from a URL, and what that refers to', async () => {
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
      log: expect.stringMatching(/v2\/api\.yaml can't be got: Status 404/),
    });
    expect(missing.log).not.toContain('s3cret');
  });

  it.each<[string, string, RegExp]>([
    ['broken.yaml', 'a: [', /broken\.yaml is neither JSON nor YAML: /],
    ['broken.json', '{"openapi": "3.1.0",', /broken\.json is neither JSON nor YAML: /],
    ['swagger.json', '{"swagger": "2.0"}', /Swagger 2\.0/],
    ['page.html', '<h1>Hello</h1>', /no OpenAPI document/],
  ])('fails for %s, and says why', async (name, text, message) => {
    const folder = await writeGenerated({[name]: text});
    expect(await run(join(folder, name))).toMatchObject({
      code: 1,
      out: '',
      log: expect.stringMatching(message),
    });
  });

  it.each<[string, RegExp]>([
    ['ftp://api.test/api.yaml', /^A document is a file, or at an http: or https: URL, and not at ftp:\n$/],
    ['http://', /^http:\/\/ is no URL\n$/],
  ])('fails for %s, which is no place of documents', async (source, message) => {
    expect(await run(source)).toMatchObject({code: 1, log: expect.stringMatching(message)});
  });

  it("fails for a file that it can't write, and says why", async () => {
    const folder = await writeDocument();
    const file = join(folder, 'nowhere', 'client.ts');
    const {code, log} = await run(join(folder, 'api.yaml'), '-o', file, '--quiet');
    expect(code).toBe(1);
    expect(log).toMatch(/client\.ts can't be written: ENOENT/);
    expect(log).not.toContain('    at ');
  });

  it.each<[string, string, string]>([
    [
      'parameters that are no list',
      'get: {parameters: 5}',
      "GET /a can't be read: the document isn't valid there: ",
    ],
    [
      'a schema that has no list where one is',
      'get: {responses: {200: {content: {application/json: {schema: {enum: 5}}}}}}',
      "GET /a can't be read: the document isn't valid there: ",
    ],
    [
      'such a schema that has a name',
      "get: {responses: {200: {content: {application/json: {schema: {$ref: '#/components/schemas/Wrong'}}}}}}",
      "#/components/schemas/Wrong can't be read: the document isn't valid there: ",
    ],
  ])('fails for %s, and says where', async (_, operation, message) => {
    const text = `openapi: 3.1.0\npaths: {/a: {${operation}}}\ncomponents: {schemas: {Wrong: {enum: 5}}}\n`;
    const folder = await writeGenerated({'api.yaml': text});
    const {code, log} = await run(join(folder, 'api.yaml'));
    expect(code).toBe(1);
    expect(log.startsWith(message)).toBe(true);
    expect(log).not.toContain('    at ');
  });

  it('takes what is left empty for what is not there', async () => {
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
      "getA = endpoint('GET /a', { response: type<{ parameters?: unknown; b?: 'a' | null; } | undefined>(), errors: { default: type<unknown>(), }, });",
    );
  });

  it.each([[[]], [['a', 'b']], [['a', '--check']], [['a', '--what']]])(
    'is told how with %j',
    async (args) => {
      expect(await run(...args)).toMatchObject({
        code: 2,
        log: expect.stringContaining('Usage: aiofetch openapi'),
      });
    },
  );

  it('shows its help', async () => {
    expect(await run('--help')).toMatchObject({code: 0, out: expect.stringContaining('--check'), log: ''});
  });
});
