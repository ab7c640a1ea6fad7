import {execFile} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {beforeAll, expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {whenPacked} from './support/when-packed.ts';

const require = createRequire(import.meta.url);
const run = promisify(execFile);
const {project, nodeProject} = await whenPacked();
const clientsConfig = join(project, 'tsconfig.clients.json');

// README names the oldest one.
const compilers = {
  'TypeScript 5.6': 'typescript-oldest',
  'TypeScript 6': 'typescript',
  'TypeScript 7': 'typescript-native',
};

/** The longest that the compilers may take, in ms. A bound on compilers that hang; a busy machine may need a good part of it. */
const limit = 300_000;

const dom = ['DOM', 'DOM.Iterable'];
// The part of the standard library that `await using` needs. Node's types have it too.
const disposable = 'ESNext.Disposable';

/** Consumers: the types that each has, and its files. */
const consumers = {
  browsers: {folder: project, lib: [...dom, disposable], types: [], files: ['portable.ts']},
  workers: {folder: project, lib: ['WebWorker', disposable], types: [], files: ['portable.ts']},
  Node: {folder: nodeProject, lib: [], types: ['node'], files: ['portable.ts', 'node.ts']},
  'Node and browsers': {folder: nodeProject, lib: dom, types: ['node'], files: ['portable.ts', 'node.ts']},
};

// Entries that run on Node alone may need Node's types.
const ofNode = /^\.\/(?:undici|node|conformance\/server)$/;

type Case = readonly [compiler: keyof typeof compilers, consumer: keyof typeof consumers, resolution: string];

// The native compiler is quick, and compiles all combinations. The others compile the ones that are likeliest to fail.
const cases: readonly Case[] = [
  ['TypeScript 5.6', 'browsers', 'bundler'],
  ['TypeScript 5.6', 'Node', 'nodenext'],
  ['TypeScript 6', 'workers', 'bundler'],
  ['TypeScript 6', 'Node', 'nodenext'],
  ['TypeScript 7', 'browsers', 'bundler'],
  ['TypeScript 7', 'browsers', 'nodenext'],
  ['TypeScript 7', 'workers', 'bundler'],
  ['TypeScript 7', 'Node', 'bundler'],
  ['TypeScript 7', 'Node', 'nodenext'],
  ['TypeScript 7', 'Node and browsers', 'nodenext'],
];

/** The diagnostics by tsconfig; the empty text for none. */
const diagnostics = new Map<string, string>();

beforeAll(async () => {
  const entries = Object.keys(manifest.exports).filter((key) => !key.endsWith('.json'));
  const importing = (keys: string[]) =>
    keys.map((key, index) => `export * as entry${index} from 'aiofetch${key.slice(1)}';\n`).join('');
  await writeFile(join(project, 'entries.ts'), importing(entries.filter((key) => !ofNode.test(key))));
  await writeFile(join(nodeProject, 'entries.ts'), importing(entries));
  const configs: Record<keyof typeof compilers, string[]> = {
    'TypeScript 5.6': [await writeClientsConfig()],
    'TypeScript 6': [],
    'TypeScript 7': [],
  };
  for (const each of cases) configs[each[0]].push(await writeConfig(each));
  await Promise.all([
    compileInOneProcess('TypeScript 5.6', configs['TypeScript 5.6']),
    compileInOneProcess('TypeScript 6', configs['TypeScript 6']),
    compileNatively(configs['TypeScript 7']),
  ]);
}, limit);

test.each(cases)('%s compiles a project for %s under moduleResolution %s', (...names) => {
  expect(diagnostics.get(configOf(names))).toBe('');
});

// Typed clients need more of the compiler than the rest: the inference of literals, template literal types, and errors for
// wrong code.
test('TypeScript 5.6 infers the types of typed clients as the type tests expect', () => {
  expect(diagnostics.get(clientsConfig)).toBe('');
});

function configOf(names: Case): string {
  return join(consumers[names[1]].folder, `tsconfig.${names.join('-').replaceAll(' ', '-')}.json`);
}

async function writeConfig(names: Case): Promise<string> {
  const [, consumer, resolution] = names;
  const {lib, types, files} = consumers[consumer];
  const compilerOptions = {
    noEmit: true,
    target: 'es2022',
    lib: ['ES2022', ...lib],
    types,
    module: resolution === 'bundler' ? 'preserve' : 'nodenext',
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // Our declarations are checked. The compiler's own are not, which takes longer than the rest.
    skipLibCheck: false,
    skipDefaultLibCheck: true,
  };
  const config = configOf(names);
  await writeFile(config, JSON.stringify({compilerOptions, files: [...files, 'entries.ts']}));
  return config;
}

async function writeClientsConfig(): Promise<string> {
  const compilerOptions = {
    noEmit: true,
    target: 'es2022',
    lib: ['ES2022', ...dom, 'DOM.AsyncIterable', disposable],
    types: [],
    module: 'preserve',
    moduleResolution: 'bundler',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // The declarations of the schema libraries and of the test runner are not checked.
    skipLibCheck: true,
    paths: {aiofetch: [join(project, 'node_modules/aiofetch/dist/index.d.ts')]},
  };
  const files = [join(import.meta.dirname, '../types/client.test-d.ts')];
  await writeFile(clientsConfig, JSON.stringify({compilerOptions, files}));
  return clientsConfig;
}

async function compileInOneProcess(
  compiler: keyof typeof compilers,
  configs: readonly string[],
): Promise<void> {
  const script = join(import.meta.dirname, 'support/compile-all.ts');
  const {stdout} = await run(process.execPath, [script, compilers[compiler], ...configs], {maxBuffer: 1e8});
  const texts = JSON.parse(stdout) as string[];
  for (const [index, config] of configs.entries()) diagnostics.set(config, texts[index] as string);
}

/** TypeScript 7 has no API yet, and starts quickly. */
async function compileNatively(configs: readonly string[]): Promise<void> {
  const tsc = join(dirname(require.resolve(`${compilers['TypeScript 7']}/package.json`)), 'bin/tsc');
  for (const config of configs) {
    const text = await run(process.execPath, [tsc, '-p', config], {maxBuffer: 1e8}).then(
      () => '',
      ({stdout, message}: {stdout?: string; message: string}) => stdout || message,
    );
    diagnostics.set(config, text);
  }
}
