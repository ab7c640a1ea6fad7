import {exec} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {promisify} from 'node:util';
import {expect, onTestFinished, test} from 'vitest';
import {runNode} from '../support/run-node.ts';
import {root} from '../support/snippets.ts';

const script = 'examples/support/run-example.ts';
const names = readdirSync(`${root}examples`)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));

test('npm run example runs the example of that name with the URL that follows it', async () => {
  const server = createServer((_request, response) => response.end('from my server'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const {stdout} = await promisify(exec)(`npm run --silent example one-request ${url}`, {cwd: root});
  expect(stdout).toContain('status 200\n');
  expect(stdout).toContain('text   from my server\n');
});

test('npm run example without a name lists every example with its subject', async () => {
  const {code, stdout} = await runNode([script]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}one-request +One request on a session$/m);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\w`, 'm'));
});

test('npm run example lists the examples and fails for a name that it does not know', async () => {
  const {code, stdout, stderr} = await runNode([script, 'two-requests']);
  expect({code, stdout}).toEqual({code: 2, stdout: ''});
  expect(stderr).toMatch(/^There is no example "two-requests"\. Choose one of these:\n/);
  expect(stderr).toContain('  many-at-once ');
});

test('npm run example exits with the code of the example', async () => {
  const {code, stderr} = await runNode([script, 'auth.ts', 'http://127.0.0.1/']);
  expect({code, stderr}).toEqual({code: 2, stderr: 'auth.ts: it takes no URL\n'});
});
