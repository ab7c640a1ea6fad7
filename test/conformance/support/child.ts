import type {ChildProcess, StdioOptions} from 'node:child_process';
import {spawn} from 'node:child_process';

/** A started process with all its own child processes. */
export interface Child {
  readonly process: ChildProcess;
  /** The end of what the process has written to its outputs. */
  output(): string;
  /** Resolves with the exit code when the process has ended. */
  readonly gone: Promise<number | null>;
  end(): Promise<void>;
}

/** How much of the output is kept, in characters. */
const outputLimit = 10_000;

/** Starts a process in its own process group, so that its children can be killed with it. */
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
        // The process group has already ended.
      }
      await gone;
    },
  };
}
