import {fork} from 'node:child_process';
import {once} from 'node:events';
import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';

/** How a module ended. */
export interface Outcome {
  readonly file: string;
  /** The error with its stack; none when the module ran to its end. */
  readonly failure?: string | undefined;
}

/** The longest that one module may take, in ms. A bound on modules that hang; a busy machine may need a good part of it. */
const moduleLimit = 120_000;

const script = fileURLToPath(new URL('run-in-turn.ts', import.meta.url));

/** Runs modules in as many processes as there are processors, and gives the outcome of each by its file. */
export async function runModules(files: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const count = availableParallelism();
  const shares = Array.from({length: count}, (_, share) =>
    files.filter((_, index) => index % count === share),
  );
  await Promise.all(shares.map((share) => runShare(share, outcomes)));
  return outcomes;
}

async function runShare(files: readonly string[], outcomes: Map<string, Outcome>): Promise<void> {
  let left = files;
  // A module that hangs or ends its process fails, and the others go on in another process.
  while (left.length > 0) {
    const output = await runProcess(left, outcomes);
    const [first, ...others] = left.filter((file) => !outcomes.has(file));
    if (first !== undefined)
      outcomes.set(first, {file: first, failure: `Its process ended early\n${output}`});
    left = others;
  }
}

/** Gives what the process wrote. */
async function runProcess(files: readonly string[], outcomes: Map<string, Outcome>): Promise<string> {
  const child = fork(script, files, {
    execArgv: ['--conditions=@aiofetch/source'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
    });
  }
  const kill = () => {
    output += `\nKilled: a module took longer than ${moduleLimit} ms`;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(kill, moduleLimit);
  child.on('message', (outcome: Outcome) => {
    outcomes.set(outcome.file, outcome);
    clearTimeout(timer);
    timer = setTimeout(kill, moduleLimit);
  });
  await once(child, 'close');
  clearTimeout(timer);
  return output;
}
