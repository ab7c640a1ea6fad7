import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

export interface NodeRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly timeout?: number;
  readonly watch?: (child: ChildProcess) => void;
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs Node with the condition of the sources in a process of its own, and gives its outputs. */
export async function runNode(
  args: readonly string[],
  {timeout, watch, env: changes}: RunOptions = {},
): Promise<NodeRun> {
  // FORCE_COLOR is meant for the output of the test runner.
  const {FORCE_COLOR: _, ...env} = process.env;
  const child = spawn(process.execPath, ['--conditions=@aiofetch/source', ...args], {
    cwd: root,
    env: {...env, ...changes},
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  watch?.(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return {code, stdout, stderr};
}
