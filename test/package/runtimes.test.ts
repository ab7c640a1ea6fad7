import {execFile} from 'node:child_process';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {env} from 'node:process';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {installed} from '../conformance/support/binaries.ts';
import {whenPacked} from './support/when-packed.ts';

const run = promisify(execFile);
const {project} = await whenPacked();

const subpaths = Object.keys(manifest.exports)
  .map((key) => key.slice(1))
  .filter((subpath) => !subpath.endsWith('.json'));

const server = createServer(({url}, response) => response.end(JSON.stringify({name: url})));
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** Runs a file of the project that prints one line of JSON, and gives the parsed line. */
async function runFile(
  binary: string | undefined,
  args: readonly string[],
): Promise<Record<string, unknown>> {
  // NODE_OPTIONS of the tests could have the condition that imports the sources.
  const options = {cwd: project, env: {...env, NODE_OPTIONS: ''}, timeout: 50_000};
  const {stdout} = await run(binary as string, [...args, origin, ...subpaths], options);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const exported = Object.fromEntries(subpaths.map((subpath) => [subpath, expect.any(Array)]));

describe.each(['node22', 'node24', 'node26'] as const)('in %s', (name) => {
  const binary = installed[name];

  test.skipIf(!binary)('every entry can be imported, and a session works on the pool', async () => {
    expect(await runFile(binary, ['import.mjs'])).toEqual({
      exported: {...exported, '': expect.arrayContaining(['createSession', 'gather', 'HTTPError'])},
      names: ['/users/1', '/users/2', '/users/3'],
      connector: 'undici',
      isPooled: true,
    });
  });

  test.skipIf(!binary)(
    'a session uses a global fetch that was replaced before the import, and its pool afterwards',
    async () => {
      expect(await runFile(binary, ['replaced.mjs'])).toEqual({
        replaced: 'replaced',
        name: '/users/1',
        sent: 2,
        opened: 1,
      });
    },
  );

  test.skipIf(!binary)('every entry can be required, and gives the same as its import', async () => {
    expect(await runFile(binary, ['require.cjs'])).toEqual({
      exported,
      isSame: true,
      name: '/users/1',
      connector: 'undici',
    });
  });
});

test.skipIf(!installed.deno)(
  'in Deno every entry can be imported, and a session works on its fetch',
  async () => {
    const flags = ['run', '--no-remote', '--no-lock', '--node-modules-dir=manual', '-A'];
    expect(await runFile(installed.deno, [...flags, 'import.mjs'])).toEqual({
      exported,
      names: ['/users/1', '/users/2', '/users/3'],
      connector: 'deno',
      isPooled: false,
    });
  },
);

test.skipIf(!installed.bun)(
  'in Bun every entry can be imported, and a session works on its fetch',
  async () => {
    expect(await runFile(installed.bun, ['import.mjs'])).toEqual({
      exported,
      names: ['/users/1', '/users/2', '/users/3'],
      connector: 'bun',
      isPooled: false,
    });
  },
);
