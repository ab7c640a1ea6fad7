import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {manyEndpoints} from '../../support/many-endpoints.ts';
import type {Bench} from '../bench.ts';
import type {Sample} from '../protocol.ts';
import {formatCount} from '../report.ts';
import type {Case} from './case.ts';

const endpoints = 1_000;
const require = createRequire(import.meta.url);
const compilers = {'TypeScript 6': 'typescript', 'TypeScript 7': 'typescript-native'};
// Inside the package, so that `aiofetch` means the build.
const directory = fileURLToPath(new URL('../.types', import.meta.url));

/** How long the compiler takes for a client, including its own start and the types of the libraries. */
export const types: Case = {
  name: 'types',
  title: () => `Type check of a client of ${formatCount(endpoints)} endpoints, 50 of them called`,
  unit: 'endpoint',
  ratios: [],
  async run(bench: Bench) {
    await mkdir(directory, {recursive: true});
    try {
      await writeFile(join(directory, 'client.ts'), manyEndpoints(endpoints));
      const compilerOptions = {
        noEmit: true,
        target: 'es2022',
        lib: ['ES2022', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable', 'ESNext.Disposable'],
        types: [],
        module: 'preserve',
        moduleResolution: 'bundler',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
      };
      const config = join(directory, 'tsconfig.json');
      await writeFile(config, JSON.stringify({compilerOptions, files: ['client.ts']}));
      const turns = Object.entries(compilers).map(([label, name]) => ({
        label,
        measure: () => compile(join(dirname(require.resolve(`${name}/package.json`)), 'bin/tsc'), config),
      }));
      return await bench.interleave(this.title(bench.settings), bench.settings.longRounds, turns);
    } finally {
      await rm(directory, {recursive: true, force: true});
    }
  },
};

function compile(tsc: string, config: string): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const before = childrenTime();
    const child = spawn(process.execPath, [tsc, '-p', config], {stdio: ['ignore', 'pipe', 'pipe']});
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(output.slice(0, 500)));
      else
        resolve({work: endpoints, seconds: (performance.now() - start) / 1e3, cpu: childrenTime() - before});
    });
  });
}

/** The CPU time of all ended child processes of this process, in seconds; NaN where the system doesn't tell. */
function childrenTime(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    // cutime and cstime of proc(5), in clock ticks. Linux has a hundred of them in a second.
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return Number.NaN;
  }
}
