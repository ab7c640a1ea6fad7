import {execFile} from 'node:child_process';
import {mkdtemp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {BuildOptions, Metafile} from 'esbuild';
import {build} from 'esbuild';
import type {InlineConfig, Rolldown} from 'vite';
import {build as viteBuild} from 'vite';
import {describe, expect, test} from 'vitest';
import {whenPacked} from './support/when-packed.ts';

const {project} = await whenPacked();

interface Bundle {
  readonly code: string;
  /** The imports that are left in the bundle. */
  readonly imports: readonly string[];
  /** The modules of which something is in the bundle. */
  readonly modules: readonly string[];
}

/** Bundles the code of a consumer with everything that it imports, by esbuild. */
async function bundle(contents: string, options: BuildOptions = {}): Promise<Bundle> {
  const {metafile, outputFiles} = await build({
    stdin: {contents, resolveDir: project},
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    ...options,
    metafile: true,
    write: false,
    absWorkingDir: project,
    logLevel: 'silent',
  });
  const [output] = Object.values((metafile as Metafile).outputs);
  return {
    code: outputFiles?.[0]?.text ?? '',
    imports: output?.imports.map(({path}) => path) ?? [],
    modules: Object.entries(output?.inputs ?? {})
      .filter(([, {bytesInOutput}]) => bytesInOutput > 0)
      .map(([path]) => path.replaceAll('node_modules/', '')),
  };
}

/** Bundles the same by Vite, with rolldown. */
async function bundleWithRolldown(contents: string): Promise<Pick<Bundle, 'code'>> {
  const entry = join(await mkdtemp(join(project, 'rolldown-')), 'entry.js');
  await writeFile(entry, contents);
  const result = await viteBuild({
    configFile: false,
    envFile: false,
    root: project,
    logLevel: 'silent',
    build: {write: false, rolldownOptions: {input: entry, preserveEntrySignatures: 'strict'}},
  });
  const output = [result].flat().flatMap((part) => (part as Rolldown.RolldownOutput).output);
  return {code: output.map((part) => (part.type === 'chunk' ? part.code : '')).join('\n')};
}

const everything = `
  export * from 'aiofetch';
  export * from 'aiofetch/fetch';
  export * from 'aiofetch/har';
  export * from 'aiofetch/mock';
`;

// The conditions that the platforms' own tools set: Cloudflare, Vercel's edge, webpack for a worker, and none at all.
const elsewhere: Array<[where: string, conditions: string[]]> = [
  ['browsers', ['browser', 'module']],
  ['Cloudflare workers', ['workerd', 'worker', 'browser']],
  ['edge workers', ['edge-light', 'worker', 'browser']],
  ['service workers', ['worker']],
  ['anything else', []],
];

describe.each(elsewhere)('bundled by esbuild for %s', (_where, conditions) => {
  test('the bundle needs nothing of Node', async () => {
    const {code, imports, modules} = await bundle(everything, {conditions, platform: 'neutral'});
    expect(imports).toEqual([]);
    expect(modules).toContainEqual(expect.stringMatching(/^ky\//));
    expect(modules.filter((path) => /undici|default-node/.test(path))).toEqual([]);
    expect(code).not.toMatch(/undici|node:/);
  });
});

// Vite's own conditions, for pages and for rendering in a worker.
const viteTargets: Array<[where: string, config: InlineConfig]> = [
  ['pages', {}],
  ['workers', {ssr: {target: 'webworker', noExternal: true}, build: {ssr: true}}],
];

describe.each(viteTargets)('bundled by Vite for %s', (_where, {build: target, ...config}) => {
  test('the bundle needs nothing of Node', async () => {
    const entry = join(await mkdtemp(join(project, 'vite-')), 'entry.js');
    await writeFile(entry, everything);
    const result = await viteBuild({
      ...config,
      configFile: false,
      envFile: false,
      root: project,
      logLevel: 'silent',
      build: {
        ...target,
        write: false,
        minify: false,
        rolldownOptions: {input: entry, preserveEntrySignatures: 'strict'},
      },
    });
    const output = [result].flat().flatMap((part) => (part as Rolldown.RolldownOutput).output);
    const chunks = output.filter((part) => part.type === 'chunk');
    const code = chunks.map((chunk) => chunk.code).join('\n');
    expect(chunks.flatMap(({imports}) => imports)).toEqual([]);
    expect(code).toContain('createSession');
    expect(code).not.toMatch(/undici|node:/);
  });
});

test('a bundle for Node includes the pool, and runs as one file', async () => {
  const code = "import {createSession} from 'aiofetch'; console.log(createSession().stats().connector)";
  const bundled = await bundle(code, {platform: 'node', format: 'cjs', target: 'node22'});
  const file = join(await mkdtemp(join(project, 'node-')), 'bundle.cjs');
  await writeFile(file, bundled.code);
  const {stdout} = await promisify(execFile)(process.execPath, [file]);
  expect(stdout.trim()).toBe('undici');
});

describe('what is not imported is not bundled', () => {
  // Bundled from the sources, since the build has several of them in one file.
  const conditions = ['@aiofetch/source', 'browser'];

  test.each([
    [
      'gather',
      "export {gather, asCompleted} from 'aiofetch'",
      [
        'core/notify',
        'errors/base',
        'errors/index',
        'errors/printable',
        'errors/redact-url',
        'gather/index',
        'gather/run',
        'gather/signals',
        'gather/progress',
        'utils/check-options',
      ],
      ['p-limit/index.js', 'yocto-queue/index.js'],
    ],
    [
      'an error class',
      "export {HTTPError} from 'aiofetch'",
      ['errors/base', 'errors/index', 'errors/printable', 'errors/redact-url'],
    ],
    ['timings', "export {recordTimings, timings} from 'aiofetch'", ['tracing/stopwatch', 'tracing/timings']],
    ['nothing', "import 'aiofetch'", []],
    [
      'a typed client',
      "export {defineClient, endpoint, type} from 'aiofetch'",
      [
        'client/call',
        'client/check-endpoint',
        'client/check-route',
        'client/content',
        'client/definition',
        'client/encode-value',
        'client/failure',
        'client/index',
        'client/json',
        'client/query',
        'client/route',
        'client/schema',
        'client/settings',
        'core/body',
        'core/discard-response',
        'core/native-init',
        'errors/base',
        'errors/index',
        'errors/printable',
        'errors/redact-url',
        'session/check-parts',
        'session/error-data',
        'session/fetch-metadata',
        'utils/check-options',
        'utils/percent-encode',
        'utils/standard-schema',
      ],
    ],
  ])('%s brings no session, and no dependency but its own', async (_name, code, expected, packages = []) => {
    const {modules} = await bundle(code, {conditions});
    expect(modules.filter((path) => path !== '<stdin>').sort()).toEqual(
      [...expected.map((name) => `aiofetch/src/${name}.ts`), ...packages].sort(),
    );
  });

  test.each(['esbuild', 'rolldown'])(
    'an error class brings no other error class with it, in %s',
    async (bundler) => {
      const {code} = await (bundler === 'esbuild' ? bundle : bundleWithRolldown)(
        "export {HTTPError} from 'aiofetch'",
      );
      expect([...new Set(code.match(/ERR_\w+/g))]).toEqual(['ERR_HTTP_STATUS']);
    },
  );

  test('a session brings no code that reads streams, downloads or follows events', async () => {
    const {modules} = await bundle("export {createSession} from 'aiofetch'", {conditions});
    expect(modules).toContain('aiofetch/src/session/create-session.ts');
    expect(
      modules.filter((path) => /streams|download|event-?source|noble|src\/utils\/delay/.test(path)),
    ).toEqual([]);
    const {code} = await bundle("export {createSession} from 'aiofetch'");
    expect(code).not.toMatch(/DownloadError|EventSourceError|repr-digest/);
  });

  test('reading a body brings no session', async () => {
    const {modules} = await bundle("export {iterLines, iterEvents} from 'aiofetch'", {conditions});
    expect(modules.filter((path) => /session|download|ky\/|noble/.test(path))).toEqual([]);
  });

  test('createSession brings no auth beyond bearer and basic', async () => {
    const {code} = await bundle("export {createSession} from 'aiofetch'");
    expect(code).toContain('Bearer ');
    expect(code).not.toMatch(/apiKey|tokenSource|ERR_AUTH|client_credentials|nextnonce/);
  });

  test.each(['browser', 'workerd', 'node'])(
    'a session brings no cookie jar, with the condition %s',
    async (condition) => {
      const {modules} = await bundle("export {createSession} from 'aiofetch'", {
        conditions: ['@aiofetch/source', condition],
        platform: condition === 'node' ? 'node' : 'browser',
      });
      expect(
        modules.filter((path) => /tough-cookie|tldts|policies\/cookies\/(?!call-option)/.test(path)),
      ).toEqual([]);
    },
  );

  test('a session brings no trace listener', async () => {
    const {modules} = await bundle("export {createSession} from 'aiofetch'", {conditions});
    expect(modules).toContain('aiofetch/src/core/trace.ts');
    expect(modules.filter((path) => /tracing|har|opentelemetry/.test(path))).toEqual([]);
  });

  test.each([
    ['gather', "export {gather} from 'aiofetch'", 6_700, /^(?:p-limit|yocto-queue)\//],
    ['an error class', "export {HTTPError} from 'aiofetch'", 1_900],
    ['nothing', "import 'aiofetch'", 0],
  ])('%s brings as little from the build as from the sources', async (_name, code, most, packages = /^$/) => {
    const bundled = await bundle(code);
    const others = bundled.modules.filter((path) => !/^(?:aiofetch\/dist\/|<stdin>)/.test(path));
    expect(others.filter((path) => !packages.test(path))).toEqual([]);
    expect(bundled.code.length).toBeLessThanOrEqual(most);
  });
});
