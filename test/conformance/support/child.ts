import type {ChildProcess, StdioOptions} from 'node:child_process';
import {spawn} from 'node:child_process';

/** A process that was started, with all that it starts itself. */
export interface Child {
  readonly process: ChildProcess;
  /** What it wrote to its outputs so far. */
  output(): string;
  /** When it has gone. */
  readonly gone: Promise<number | null>;
  end(): Promise<void>;
}

/** How much of what a process writes is kept, in characters. */
const outputLimit = 10_000;

/** Starts a process in a group of its own, so that its children end with it. */
export function start(
  binary: string,
  args: readonly string[],
  options: {cwd?: string; env?: NodeJS.ProcessEnv; stdio?: StdioOptions} = {},
): Child {
  const {stdio = ['ignore', 'pipe', 'pipe'], ...others} = options;
  const child = spawn(binary, args, {...others, stdio, detached: true});
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputLimit);
    });
  }
  const gone = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += String(error);
      resolve(null);
    });
    child.once('close', (code) => resolve(code));
  });
  return {
    process: child,
    output: () => output,
    gone,
    async end() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
      await gone;
    },
  };
}
