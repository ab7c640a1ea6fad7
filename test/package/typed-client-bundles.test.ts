import {cp, mkdtemp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';
import type {Rolldown} from 'vite';
import {build as viteBuild} from 'vite';
import {beforeAll, describe, expect, test} from 'vitest';
import {fromOpenApi} from '../../src/openapi/index.ts';
import {manyOperations, markOf, nameOf} from '../support/many-operations.ts';
import {root} from '../support/snippets.ts';
import {whenPacked} from './support/when-packed.ts';

const {project} = await whenPacked();
const count = 1_000;

type Bundler = (entry: string, minify: boolean) => Promise<string>;

/** The code of a bundle for browsers, with all that it imports. */
const bundlers: ReadonlyArray<readonly [name: string, bundle: Bundler]> = [
  [
    'esbuild',
    async (entry, minify) => {
      const {outputFiles} = await build({
        entryPoints: [entry],
        bundle: true,
        minify,
        format: 'esm',
        target: 'es2023',
        platform: 'browser',
        write: false,
        absWorkingDir: project,
        logLevel: 'silent',
      });
      return outputFiles[0]?.text ?? '';
    },
  ],
  [
    'rolldown, by Vite',
    async (entry, minify) => {
      const result = await viteBuild({
        configFile: false,
        envFile: false,
        root: project,
        logLevel: 'silent',
        build: {write: false, minify, rolldownOptions: {input: entry, preserveEntrySignatures: 'strict'}},
      });
      const output = [result].flat().flatMap((part) => (part as Rolldown.RolldownOutput).output);
      return output.map((part) => (part.type === 'chunk' ? part.code : '')).join('\n');
    },
  ],
];

/** The operations that are in a bundle, by their index. */
function operationsIn(code: string): number[] {
  return Array.from({length: count}, (_, index) => index).filter((index) => code.includes(markOf(index)));
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(project, 'typed-client-'));
  const {code} = await fromOpenApi(manyOperations(count));
  await writeFile(join(folder, 'client.ts'), code);
  await cp(join(root, 'examples/sdk/src'), join(folder, 'sdk'), {recursive: true});
});

let entries = 0;

async function writeEntry(code: string): Promise<string> {
  const entry = join(folder, `entry${entries++}.ts`);
  await writeFile(entry, code);
  return entry;
}

/** A page that calls one operation on a session that it is given: nothing of a session is in its bundle. */
const oneOperation = `
  import {defineClient} from 'aiofetch';
  import {${nameOf(500)}} from './client.ts';
  const define = defineClient({get: ${nameOf(500)}});
  export const load = (session, id) => define(session).get({path: {id}, query: {tags: ['a', 'b']}});
`;

describe.each(bundlers)('a generated client of a thousand operations, bundled by %s', (_bundler, bundle) => {
  test.each([true, false])('has in it only the operation that is called (minified: %s)', async (minify) => {
    const code = await bundle(await writeEntry(oneOperation), minify);
    expect(operationsIn(code)).toEqual([500]);
    // Comments stay in code that isn't minified, and name other functions.
    if (minify) expect(code).not.toMatch(/createSession|text\/event-stream|x-ndjson|multipart/);
  });

  test('has a group of operations in it without the others', async () => {
    const entry = await writeEntry(`
      import {defineClient} from 'aiofetch';
      import {group7} from './client.ts';
      export const define = defineClient({group7});
    `);
    expect(operationsIn(await bundle(entry, true))).toEqual(
      Array.from({length: 20}, (_, index) => 140 + index),
    );
  });

  test('has all operations in it where the whole client is made', async () => {
    const entry = await writeEntry("export {createClient} from './client.ts';");
    expect(operationsIn(await bundle(entry, true))).toHaveLength(count);
  });

  test('leaves nothing in a bundle that uses only its types', async () => {
    const entry = await writeEntry("import {baseUrl} from './client.ts'; export const url = baseUrl;");
    const code = await bundle(entry, true);
    expect(operationsIn(code)).toEqual([]);
    expect(code.length).toBeLessThan(200);
  });

  test('adds at most 6,400 bytes, compressed, to a page that has a session', async () => {
    const size = async (code: string) =>
      gzipSync(await bundle(await writeEntry(code), true), {level: 9}).length;
    const errors = await size("export {HTTPError, InvalidOptionError, SchemaError} from 'aiofetch'");
    // A session has the errors in it already.
    expect((await size(oneOperation)) - errors).toBeLessThanOrEqual(6_400);
  });
});

test.each(bundlers)(
  'an SDK as in examples/sdk, bundled by %s, has only the endpoints that are used',
  async (_bundler, bundle) => {
    const entry = await writeEntry(`
    import {defineClient} from 'aiofetch';
    import {getOrder} from './sdk/index.ts';
    export const define = defineClient({get: getOrder});
  `);
    const code = await bundle(entry, true);
    expect(code).toContain('GET /orders/{id}');
    expect(code.match(/next_cursor|DELETE .orders|POST .orders/g)).toBeNull();
  },
);
