/**
 * Runs the tests of other projects with `session.fetch` as the global `fetch`, and with built-in fetch for comparison. See
 * README.md in this folder.
 *
 * @module
 */
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {argv, env, execPath, exit} from 'node:process';
import {fileURLToPath} from 'node:url';
import type {Suite} from './suites.ts';
import {suites} from './suites.ts';

const sources = env['AIOFETCH_SUITES'] ?? fileURLToPath(new URL('../../.suites', import.meta.url));
const preload = new URL('replace-fetch.ts', import.meta.url).href;
const only = argv.slice(2);

/** Runs a suite, and returns the outcome of each of its tests. */
async function run(suite: Suite, fetch: 'session' | 'built-in'): Promise<Map<string, boolean>> {
  const child = spawn(execPath, [...suite.command], {
    cwd: join(sources, suite.name),
    env: {
      ...env,
      SUITE_FETCH: fetch,
      NODE_OPTIONS: `--conditions=@aiofetch/source --import=${preload} --no-warnings`,
      // The suites listen on loopback, which no proxy may lie between.
      NODE_USE_ENV_PROXY: '',
    },
    stdio: ['ignore', 'pipe', env['SUITE_VERBOSE'] ? 'inherit' : 'ignore'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (env['SUITE_VERBOSE']) console.log(chunk);
  });
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  return suite.outcomes(output);
}

/** Prints how `session.fetch` does in a suite, and returns whether that is as the suite's list of differences says. */
async function compare(suite: Suite): Promise<boolean> {
  const {name, repository, command, differences} = suite;
  if (!existsSync(join(sources, name, command[0]))) {
    console.log(`${name}: skipped, because ${repository} is not installed in ${join(sources, name)}`);
    return true;
  }
  const builtIn = await run(suite, 'built-in');
  const session = await run(suite, 'session');
  const passed = [...builtIn].filter(([, isPassed]) => isPassed).map(([title]) => title);
  let lost = passed.filter((title) => session.get(title) !== true);
  // Some tests depend on the time that they take. A difference shows every time.
  for (let repeats = 2; repeats > 0 && lost.some((title) => !(title in differences)); repeats--) {
    const again = await run(suite, 'session');
    lost = lost.filter((title) => again.get(title) !== true);
  }
  const won = [...session].filter(([title, isPassed]) => isPassed && builtIn.get(title) === false);
  const unknown = lost.filter((title) => !(title in differences));
  const gone = Object.keys(differences).filter((title) => !lost.includes(title));
  console.log(
    `${name}: of ${builtIn.size} tests built-in fetch passes ${passed.length}; session.fetch loses ${lost.length} of them and passes ${won.length} others`,
  );
  for (const title of unknown) console.log(`  lost, and not in the list of differences: ${title}`);
  for (const title of gone) console.log(`  in the list of differences, and not lost: ${title}`);
  return passed.length > 0 && unknown.length === 0 && gone.length === 0;
}

let isAsListed = true;
for (const suite of suites) {
  if (only.length > 0 && !only.includes(suite.name)) continue;
  isAsListed = (await compare(suite)) && isAsListed;
}
exit(isAsListed ? 0 : 1);
