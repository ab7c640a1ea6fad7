import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Bench} from '../bench.ts';
import type {Sample} from '../protocol.ts';
import type {Case} from './case.ts';

// The packages are resolved from here, so that `aiofetch` means the build.
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The whole program of each process, which ends after the first answer. `url` is the address of a small JSON. */
const programs: Readonly<Record<string, string>> = {
  'Node alone': '',
  fetch: 'await (await fetch(url)).json();',
  'session.fetch': `
    const {createSession} = await import('aiofetch');
    await (await createSession().fetch(url)).json();`,
  'session.fetch of aiofetch/core': `
    const {createSession} = await import('aiofetch/core');
    await (await createSession().fetch(url)).json();`,
  'undici.request': `
    const {request} = await import('undici');
    await (await request(url)).body.json();`,
  'undici.request 8': `
    const {request} = await import('undici-8');
    await (await request(url)).body.json();`,
};

/** How long a new process takes to import a client and to have its first answer. */
export const start: Case = {
  name: 'start',
  title: () => 'Start of a Node process, import of the client and its first answer',
  unit: 'start',
  ratios: [
    {against: 'undici.request', by: 'rate'},
    {against: 'undici.request', by: 'cpu'},
  ],
  async run(bench: Bench) {
    const url = `${bench.server.origin}/json`;
    const turns = Object.entries(programs).map(([label, program]) => ({
      label,
      measure: async () => (bench.takesPart(label) ? startOnce(program, url) : undefined),
    }));
    // The first start of each reads the files from the disk.
    await bench.interleave(`${this.title(bench.settings)}, warm-up`, 1, turns);
    return bench.interleave(this.title(bench.settings), bench.settings.starts, turns);
  },
};

function startOnce(program: string, url: string): Promise<Sample> {
  const source = `
    const url = ${JSON.stringify(url)};
    ${program}
    const {user, system} = process.cpuUsage();
    console.log(user + system);
    process.exit();`;
  return new Promise((resolve, reject) => {
    const before = performance.now();
    const {NODE_OPTIONS: _, ...env} = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let seconds = 0;
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seconds = (performance.now() - before) / 1e3;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve({work: 1, seconds, cpu: Number(output) / 1e6});
      else reject(new Error(errors.slice(0, 500)));
    });
  });
}
