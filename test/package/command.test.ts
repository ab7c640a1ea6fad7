import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, inject, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};

const {project} = inject('packed');
const command = join(project, 'node_modules/aiofetch', manifest.bin.aiofetch);

test('the command that is installed writes a client, which runs with what is installed', async () => {
  const yaml =
    "openapi: 3.1.0\npaths: {/users: {get: {operationId: list, responses: {'200': {description: All}}}}}\n";
  await writeFile(join(project, 'api.yaml'), yaml);
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, args, {cwd: project, env: {...process.env, NODE_OPTIONS: ''}});
  await run(command, 'openapi', 'api.yaml', '-o', 'generated.ts');
  await run(command, 'openapi', 'api.yaml', '-o', 'generated.ts', '--check');
  const {stdout} = await run(
    '--input-type=module',
    '-e',
    "console.log(Object.keys(await import('./generated.ts')).join())",
  );
  expect(stdout.trim()).toBe('createClient');
  expect((await readFile(command, 'utf8')).startsWith('#!/usr/bin/env node\n')).toBe(true);
});
