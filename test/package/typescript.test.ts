import {execFile} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {beforeAll, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {whenPacked} from './support/when-packed.ts';

const require = createRequire(import.meta.url);
const {project, nodeProject} = await whenPacked();

// The oldest one is named in the README, under "Requirements".
const compilers = {
  'TypeScript 5.6': 'typescript-oldest/package.json',
  'TypeScript 6': 'typescript/package.json',
  'TypeScript 7': 'typescript-native/package.json',
};

const dom = ['DOM', 'DOM.Iterable'];
// Of the standard library, `await using` needs what is in here; Node's types have it too.
const disposable = 'ESNext.Disposable';

/** What consumers know of the world, and their files. */
const consumers = {
  browsers: {folder: project, lib: [...dom, disposable], types: [], files: ['portable.ts']},
  workers: {folder: project, lib: ['WebWorker', disposable], types: [], files: ['portable.ts']},
  Node: {folder: nodeProject, lib: [], types: ['node'], files: ['portable.ts', 'node.ts']},
  'Node and browsers': {folder: nodeProject, lib: dom, types: ['node'], files: ['portable.ts', 'node.ts']},
};

// What is of one runtime, or runs on Node alone, may need its types.
const ofNode = /^\.\/(?:undici|node|conformance\/server)$/;

beforeAll(async () => {
  const entries = Object.keys(manifest.exports).filter((key) => !key.endsWith('.json'));
  const importing = (keys: string[]) =>
    keys.map((key, index) => `export * as entry${index} from 'aiofetch${key.slice(1)}';\n`).join('');
  await writeFile(join(project, 'entries.ts'), importing(entries.filter((key) => !ofNode.test(key))));
  await writeFile(join(nodeProject, 'entries.ts'), importing(entries));
});

type Case = readonly [compiler: keyof typeof compilers, consumer: keyof typeof consumers, resolution: string];

// The native one is quick, and takes them all; the others take what they are likeliest to stumble over.
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

test.concurrent.each(cases)('%s compiles a project for %s under moduleResolution %s', async (...names) => {
  const [compiler, consumer, resolution] = names;
  const {folder, lib, types, files} = consumers[consumer];
  const config = join(folder, `tsconfig.${names.join('-').replaceAll(' ', '-')}.json`);
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
    skipLibCheck: false,
  };
  await writeFile(config, JSON.stringify({compilerOptions, files: [...files, 'entries.ts']}));
  await compile(join(dirname(require.resolve(compilers[compiler])), 'bin/tsc'), config);
});

// With what it leans on that the others don't: the inference of literals, names in templates, and what must not compile.
test('TypeScript 5.6 has typed clients as they are meant', async () => {
  const config = join(project, 'tsconfig.clients.json');
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
    // Those of the schema libraries and of the test runner.
    skipLibCheck: true,
    paths: {aiofetch: [join(project, 'node_modules/aiofetch/dist/index.d.ts')]},
  };
  const files = [join(import.meta.dirname, '../types/client.test-d.ts')];
  await writeFile(config, JSON.stringify({compilerOptions, files}));
  await compile(join(dirname(require.resolve(compilers['TypeScript 5.6'])), 'bin/tsc'), config);
});

function compile(tsc: string, config: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, '-p', config], (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`)) : resolve(),
    );
  });
}
