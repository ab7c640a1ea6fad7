import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, rm, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {root} from '../support/snippets.ts';

const run = promisify(execFile);
let copy: string;

// A copy in another folder with its dependencies installed, as a user of the template has it.
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'acme-sdk-'));
  await cp(join(root, 'examples/sdk'), copy, {recursive: true});
  const modules = join(copy, 'node_modules');
  await mkdir(modules);
  await symlink(root, join(modules, 'aiofetch'));
});

afterAll(() => rm(copy, {recursive: true, force: true}));

const source = '@aiofetch/source';

test('the own tests of the SDK example pass', async () => {
  const {stdout} = await run(process.execPath, [`--conditions=${source}`, '--test', '--test-reporter=tap'], {
    cwd: copy,
    // By this variable, Node takes a test runner that runs inside another for a part of that one.
    env: {...process.env, NODE_TEST_CONTEXT: undefined},
  });
  expect(stdout).toMatch(/^# pass 5$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
