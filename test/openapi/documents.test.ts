import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';
import {mockConnector} from '../../src/connectors/mock.ts';
import {createSession} from '../../src/index.ts';
import type {LoadedDocument, Parameter, RequestBody} from '../../src/openapi/document.ts';
import {resolve} from '../../src/openapi/document.ts';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {loadDocument} from '../../src/openapi/load.ts';
import type {ClientOperation} from '../../src/openapi/operations.ts';
import {operationsOf} from '../../src/openapi/operations.ts';
import {exampleOf, flatten} from './support/examples.ts';
import {importGenerated, typeCheck, writeGenerated} from './support/generated.ts';
import {mockApi} from './support/mock-api.ts';

type Method = (input: object) => Promise<unknown>;
type LooseClient = Readonly<Record<string, Method & Readonly<Record<string, Method>>>>;

const leftOut = (what: string) => `${what} is left out, because the client has application/json for it`;

const documents: Array<[name: string, file: string, operations: number, warnings?: readonly string[]]> = [
  ["Scalar's Galaxy, 3.1, YAML", '@scalar/galaxy/dist/3.1.yaml', 10],
  [
    "Directus's, 3.0",
    '@directus/specs/dist/openapi.json',
    90,
    [
      leftOut('PATCH /files/{id}: the body as multipart/data'),
      leftOut('GET /schema/snapshot: the response 200 as text/yaml'),
      leftOut('POST /schema/apply: the body as multipart/form-data'),
      leftOut('POST /schema/diff: the body as multipart/form-data'),
    ],
  ],
  [
    "GitHub's, 3.0",
    '@octokit/openapi/generated/api.github.com.json',
    1_000,
    [
      'POST /repos/{owner}/{repo}/releases/{release_id}/assets has servers of its own, which are ignored: the request goes to the base URL',
      ...[
        'code-scanning/analyses/{analysis_id}: the response 200 as application/sarif+json',
        'commits/{ref}: the response 200 as application/vnd.github.diff',
        'commits/{ref}: the response 200 as application/vnd.github.patch',
        'commits/{ref}: the response 200 as application/vnd.github.sha',
        'compare/{basehead}: the response 200 as application/vnd.github.diff',
        'compare/{basehead}: the response 200 as application/vnd.github.patch',
        'contents/{path}: the response 200 as application/vnd.github.object',
      ].map((what) => leftOut(`GET /repos/{owner}/{repo}/${what}`)),
      leftOut('GET /user/starred: the response 200 as application/vnd.github.v3.star+json'),
    ],
  ],
];

describe.each(documents)('%s', {timeout: 90_000}, (_, path, atLeast, expectedWarnings = []) => {
  const file = fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
  // Generated once for all tests of the document, since that takes longer than the tests.
  let generated: ReturnType<typeof fromOpenApi>;
  beforeAll(() => {
    generated = fromOpenApi(file);
  });

  it('the document gives the same code twice, which compiles under the strictest rules', async () => {
    const {code, warnings} = await generated;
    expect((await fromOpenApi(file)).code).toBe(code);
    expect(warnings).toEqual(expectedWarnings);
    const folder = await writeGenerated({'client.ts': code});
    expect(await typeCheck(folder, ['client.ts'])).toBe('');
  });

  it('every call of the generated module is marked as pure, so that bundlers can leave it out', async () => {
    const {code} = await generated;
    const names = /^import \{([^}]*)\}/m.exec(code)?.[1]?.match(/\w+/g) ?? [];
    expect(names).toContain('uncheckedEndpoint');
    const calls = [...code.matchAll(new RegExp(`(.{16})\\b(?:${names.join('|')})[(<]`, 'g'))];
    expect(calls.length).toBeGreaterThanOrEqual(atLeast);
    const comments = /^ *\*/;
    const unmarked = calls.filter(
      ([, before = '']) => before !== '/* @__PURE__ */ ' && !comments.test(before),
    );
    expect(unmarked.map(([call]) => call)).toEqual([]);
  });

  it('endpoint accepts every route and all options that the generated module has unchecked', async () => {
    const {code} = await generated;
    const checked = code.replace('uncheckedEndpoint', 'endpoint as uncheckedEndpoint');
    const folder = await writeGenerated({'client.ts': checked});
    expect(await importGenerated(folder, 'client.ts')).toHaveProperty('createClient');
  });

  it('the client calls every operation, and a server made of the same document understands each call', async () => {
    const {code} = await generated;
    const folder = await writeGenerated({'client.ts': code});
    const {createClient} = await importGenerated<{createClient(session: unknown): LooseClient}>(
      folder,
      'client.ts',
    );
    const document = await loadDocument(file);
    const operations = operationsOf(document, () => undefined);
    expect(operations.length).toBeGreaterThanOrEqual(atLeast);

    const api = mockApi(document, '/base');
    await using session = createSession({
      baseUrl: 'https://api.test/base/',
      connector: mockConnector(api.handle),
      retry: false,
    });
    const client = createClient(session);
    for (const operation of operations) {
      const {group, name} = operation;
      const method = (group === undefined ? client[name] : client[group]?.[name]) as Method;
      const input = inputOf(document, operation);
      const given = await method(input as object);
      const call = api.calls.at(-1);
      expect(call?.operation).toBe(`${operation.method} ${pathOf(operation)}`);
      expect(call?.path).toEqual(stringsOf(input.path));
      expectQuery(document, operation, input.query, call?.query ?? new URLSearchParams());
      if (input.body === undefined) expect(call?.text).toBe('');
      if (call?.contentType === 'application/json') expect(JSON.parse(call.text)).toEqual(plain(input.body));
      const expected = expectedOf(document, operation);
      if (expected !== unknown) expect(plain(dataOf(given))).toEqual(plain(expected));
    }
    expect(api.calls).toHaveLength(operations.length);
    expect(session.stats().active).toBe(0);
  });
});

/** The path with the document's names of parameters. */
function pathOf({path, pathNames}: ClientOperation): string {
  const byFree = new Map([...pathNames].map(([name, free]) => [free, name]));
  return path.replaceAll(/\{([^{}]+)\}/g, (_, free: string) => `{${byFree.get(free)}}`);
}

interface Input {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  headers?: Record<string, unknown>;
  body?: unknown;
}

/** The argument of a call, with every part that the operation may have. */
function inputOf(document: LoadedDocument, operation: ClientOperation): Input {
  const input: Input = {};
  const example = ({schema, content}: Parameter) =>
    exampleOf(document, schema ?? Object.values(content ?? {})[0]?.schema, 'in');
  for (const parameter of operation.parameters) {
    const value = example(parameter);
    if (parameter.in === 'path') {
      input.path ??= {};
      input.path[operation.pathNames.get(parameter.name) as string] =
        typeof value === 'object' ? 'text' : value;
    } else if (parameter.in === 'query') {
      input.query ??= {};
      input.query[parameter.name] = value;
    } else if (parameter.in === 'header' && parameter.required) {
      input.headers ??= {};
      input.headers[parameter.name.toLowerCase()] = 'text';
    }
  }
  const {requestBody} = operation.operation;
  if (requestBody && operation.method !== 'GET') {
    const {content = {}} = resolve<RequestBody>(document, requestBody);
    const type = 'application/json' in content ? 'application/json' : Object.keys(content)[0];
    if (type !== undefined) {
      const isText = type.startsWith('text/') || /^(?:application\/octet-stream|\*\/\*)$/.test(type);
      input.body = isText ? 'some text' : exampleOf(document, content[type]?.schema, 'in');
    }
  }
  return input;
}

function expectQuery(
  document: LoadedDocument,
  operation: ClientOperation,
  query: Input['query'],
  sent: URLSearchParams,
): void {
  for (const parameter of operation.parameters) {
    const {name, style = 'form', explode = style === 'form', schema} = parameter;
    if (parameter.in !== 'query' || flatten(document, schema).type === 'object') continue;
    const value = query?.[name];
    // Other styles have tests of their own.
    if (style !== 'form' || parameter.content) continue;
    const expected = Array.isArray(value)
      ? explode
        ? value.map(String)
        : [value.map(String).join(',')]
      : [String(value)];
    expect(sent.getAll(name), name).toEqual(expected);
  }
}

function stringsOf(path: Input['path'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(path).map(([name, value]) => [name, String(value)]));
}

const unknown = Symbol('unknown');

/** The JSON that the mock answers with; `unknown` for other media types. */
function expectedOf(document: LoadedDocument, {operation}: ClientOperation): unknown {
  const success = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith('2'))?.[1];
  const content = success && resolve(document, success).content;
  const schema = content?.['application/json']?.schema;
  return schema === undefined ? unknown : exampleOf(document, schema, 'out');
}

/** The data of a result, which has the status beside it where responses differ by status. */
function dataOf(given: unknown): unknown {
  const isByStatus = Object.keys(given ?? {}).join() === 'status,data';
  return isByStatus ? (given as {readonly data: unknown}).data : given;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
