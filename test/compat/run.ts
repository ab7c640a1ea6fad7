/**
 * Tests real clients on `session.fetch` and prints README's table of them. See README, "Under an SDK".
 *
 * @module
 */
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {execPath} from 'node:process';
import {clients} from './clients.ts';

const directory = import.meta.dirname;
const modules = join(directory, '../../node_modules');

/** Whether the clients are installed as the lock file says. npm writes the hidden lock file last. */
function isInstalled(): boolean {
  const options = {throwIfNoEntry: false} as const;
  const installed = statSync(join(directory, 'node_modules/.package-lock.json'), options);
  return (
    installed !== undefined && installed.mtimeMs >= statSync(join(directory, 'package-lock.json')).mtimeMs
  );
}

/** Runs a command in this folder. The commands contain no input from outside. */
function run(command: string): void {
  // A shell, since npm is a .cmd file on Windows.
  const {status} = spawnSync(command, {cwd: directory, stdio: 'inherit', shell: true});
  if (status === 0) return;
  console.error(`compat: this failed: ${command}`);
  process.exit(status ?? 1);
}

/** What the reporter "json" of Vitest writes, of what is needed here. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly assertionResults: ReadonlyArray<{readonly status: string}>;
  }>;
}

function versionOf(name: string): string {
  const manifest = readFileSync(join(directory, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as {version: string}).version;
}

if (!isInstalled()) {
  console.log('compat: installing the clients in test/compat with npm ci');
  run('npm ci --ignore-scripts --no-audit --no-fund');
}

console.log('compat: checking types');
run(`"${execPath}" "${join(modules, 'typescript-native/bin/tsc')}" -p .`);

console.log('compat: running the tests of each client');
const scratch = mkdtempSync(join(tmpdir(), 'aiofetch-compat-'));
const output = join(scratch, 'report.json');
const {status} = spawnSync(
  execPath,
  [
    join(modules, 'vitest/vitest.mjs'),
    'run',
    '--config=vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${output}`,
  ],
  {cwd: directory, stdio: 'inherit'},
);
const {testResults} = JSON.parse(readFileSync(output, 'utf8')) as Report;
rmSync(scratch, {recursive: true});

const rows = clients.map(({name, pass, file}) => {
  const results = testResults.find((result) => basename(result.name) === file)?.assertionResults ?? [];
  const passed = results.filter((result) => result.status === 'passed').length;
  return {
    client: `${name} ${versionOf(name)}`,
    pass,
    cases: `${passed} of ${results.length}`,
    isTested: passed > 0,
  };
});
const width = Math.max(...rows.map(({client}) => client.length));
const passWidth = Math.max(...rows.map(({pass}) => pass.length));
console.log(`\n${'client'.padEnd(width)}  ${'what to pass'.padEnd(passWidth)}  cases passed`);
for (const {client, pass, cases} of rows)
  console.log(`${client.padEnd(width)}  ${pass.padEnd(passWidth)}  ${cases}`);

const untested = rows.filter(({isTested}) => !isTested).map(({client}) => client);
if (untested.length > 0) console.error(`compat: without a test that passes: ${untested.join(', ')}`);
process.exitCode = status !== 0 || untested.length > 0 ? 1 : 0;
