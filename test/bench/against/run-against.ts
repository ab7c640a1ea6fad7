import {fileURLToPath} from 'node:url';
import {ensureBuilt} from '../build.ts';
import {LineProcess} from '../line-process.ts';
import type {ServerReady} from '../protocol.ts';
import type {AgainstAnswer, AgainstCommand} from './child.ts';
import type {Operation} from './operations.ts';
import type {AgainstReport, AgainstResult} from './report.ts';
import {buildWorktree, describeTree} from './worktree.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const serverFile = fileURLToPath(new URL('../server.ts', import.meta.url));
const childFile = fileURLToPath(new URL('./child.ts', import.meta.url));
const connections = 64;

export interface AgainstSettings {
  /** The git ref to compare with. */
  readonly ref: string;
  readonly operations: readonly Operation[];
  readonly rounds: number;
  readonly requests: number | undefined;
  /** How long each build runs before it is measured, and how long a turn takes about, in ms. */
  readonly warmUp: number;
  readonly turn: number;
}

/** Rounds and times that make the whole comparison take about two minutes, or half a minute. */
export const againstTimes = {
  full: {rounds: 15, warmUp: 1_200, turn: 280},
  quick: {rounds: 7, warmUp: 400, turn: 130},
} as const;

/** Builds this tree and another state of it, and lets the two take turns in one process. */
export async function runAgainst(
  {ref, operations, rounds, requests, warmUp, turn}: AgainstSettings,
  machine: string,
  progress: (text: string) => void,
): Promise<AgainstReport> {
  progress(`Building ${ref}`);
  const worktree = buildWorktree(ref);
  const interrupt = () => {
    worktree.remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupt);
  const running: LineProcess[] = [];
  const results: AgainstResult[] = [];
  const notes: string[] = [];
  try {
    ensureBuilt({declarations: false});
    const serverProcess = new LineProcess(process.execPath, [serverFile]);
    running.push(serverProcess);
    const server = await serverProcess.read<ServerReady>();
    const child = new LineProcess(
      process.execPath,
      ['--expose-gc', childFile, worktree.folder, root, String(connections), JSON.stringify(server)],
      {NODE_EXTRA_CA_CERTS: server.authority},
    );
    running.unshift(child);
    await child.read();
    for (const {name, title} of operations) {
      progress(`${title}: ${rounds} rounds`);
      const command: AgainstCommand = {operation: name, rounds, requests, warmUp, turn};
      const answer = await child.ask<AgainstAnswer>(command);
      if ('error' in answer) {
        notes.push(`${title} is left out: ${answer.error}`);
        continue;
      }
      results.push({
        name,
        title,
        before: {label: 'before', samples: answer.before},
        after: {label: 'after', samples: answer.after},
      });
    }
  } finally {
    progress('');
    for (const each of running) await each.stop();
    worktree.remove();
    process.off('SIGINT', interrupt);
  }
  return {before: worktree.commit, after: describeTree(), machine, rounds, results, notes};
}
