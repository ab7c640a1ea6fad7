import {execFile} from 'node:child_process';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {whenPacked} from './support/when-packed.ts';

const {project, bareProject} = await whenPacked();
const command = (folder: string) => join(folder, 'node_modules/aiofetch', manifest.bin.aiofetch);
const yaml =
  "openapi: 3.1.0\npaths: {/users: {get: {operationId: list, responses: {'200': {description: All}}}}}\n";
const json = JSON.stringify({
  openapi: '3.1.0',
  paths: {'/users': {get: {operationId: 'list', responses: {200: {description: 'All'}}}}},
});

function run(folder: string, ...args: string[]) {
  const env = {...process.env, NODE_OPTIONS: ''};
  return promisify(execFile)(process.execPath, args, {cwd: folder, env});
}

test('the command that is installed writes a client of a YAML document, and that client can be imported', async () => {
  await writeFile(join(project, 'api.yaml'), yaml);
  await run(project, command(project), 'openapi', 'api.yaml', '-o', 'generated.ts');
  await run(project, command(project), 'openapi', 'api.yaml', '-o', 'generated.ts', '--check');
  const {stdout} = await run(
    project,
    '--input-type=module',
    '-e',
    "console.log(Object.keys(await import('./generated.ts')).join())",
  );
  expect(stdout.trim()).toBe('createClient,list');
  expect((await readFile(command(project), 'utf8')).startsWith('#!/usr/bin/env node\n')).toBe(true);
});

test('without the package "yaml" the command reads JSON, and for YAML names the command that installs it', async () => {
  expect(await readdir(join(bareProject, 'node_modules'))).not.toContain('yaml');
  await writeFile(join(bareProject, 'api.json'), json);
  const {stdout} = await run(bareProject, command(bareProject), 'openapi', 'api.json');
  expect(stdout).toContain("uncheckedEndpoint('GET /users')");
  await writeFile(join(bareProject, 'api.yaml'), yaml);
  await expect(run(bareProject, command(bareProject), 'openapi', 'api.yaml')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^\S*api\.yaml is YAML, which needs the package "yaml"\. Run: npm install yaml\n$/,
    ),
  });
});

test('without the package "tough-cookie" a session with cookies: true names the command that installs it', async () => {
  expect(await readdir(join(bareProject, 'node_modules'))).not.toContain('tough-cookie');
  const program = `
    import {createSession} from 'aiofetch';
    const error = await createSession({cookies: true}).fetch('http://127.0.0.1:9/').catch((error) => error);
    console.log(error.name, error.option, error.message);
  `;
  const {stdout} = await run(bareProject, '--input-type=module', '-e', program);
  expect(stdout).toMatch(/^UnsupportedOptionError cookies .*Run: npm install tough-cookie/);
});

test('an installation without optional peers has what a session needs, and nothing else', async () => {
  const installed = await readdir(join(bareProject, 'node_modules'));
  // gather needs p-limit, which brings yocto-queue. The session needs ky for its hooks, p-retry (with is-network-error) for its retries and undici for its connections on
  // Node. Streams need eventsource-parser. Digests of downloads and of digest auth need @noble/hashes, because WebCrypto
  // hashes no streams and has no MD5.
  expect(installed.sort()).toEqual([
    '@noble',
    'aiofetch',
    'eventsource-parser',
    'is-network-error',
    'ky',
    'p-limit',
    'p-retry',
    'undici',
    'yocto-queue',
  ]);
});
