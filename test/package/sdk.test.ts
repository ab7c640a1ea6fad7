import {execFile} from 'node:child_process';
import {cp, readdir} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {beforeAll, expect, test} from 'vitest';
import {root} from '../support/snippets.ts';
import {whenPacked} from './support/when-packed.ts';

const run = promisify(execFile);
const {nodeProject} = await whenPacked();
const folder = join(nodeProject, 'sdk');
const tsc = join(
  dirname(createRequire(import.meta.url).resolve('typescript-native/package.json')),
  'bin/tsc',
);

beforeAll(() => cp(join(root, 'examples/sdk'), folder, {recursive: true}));

test('the SDK example compiles against the package, and builds the files that its package.json names', async () => {
  await run(process.execPath, [tsc], {cwd: folder});
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {cwd: folder});
  expect((await readdir(join(folder, 'dist'))).sort()).toEqual(
    ['acme', 'endpoints', 'index'].flatMap((name) => [`${name}.d.ts`, `${name}.js`]).sort(),
  );
  const use = "import('acme-sdk').then(({createAcme}) => console.log(typeof createAcme))";
  const {stdout} = await run(process.execPath, ['-e', use], {cwd: folder});
  expect(stdout.trim()).toBe('function');
});
