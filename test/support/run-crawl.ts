import type {ChildProcess} from 'node:child_process';
import type {NodeRun} from './run-node.ts';
import {runNode} from './run-node.ts';

/** Runs the command line of the crawl in a process of its own, as `npm start` does. */
export function runCrawl(args: readonly string[], watch?: (child: ChildProcess) => void): Promise<NodeRun> {
  return runNode(['examples/crawl.ts', ...args], watch && {watch});
}
