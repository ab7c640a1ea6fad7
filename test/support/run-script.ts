import type {NodeRun} from './run-node.ts';
import {runNode} from './run-node.ts';

/**
 * The module with `startPeak` and `readPeak`, for scripts that measure memory. `maxRSS` begins with the memory of the parent, which
 * is the test runner.
 */
export const memoryModule = new URL('../bench/memory.ts', import.meta.url).href;

export interface ScriptRun extends NodeRun {
  /** How long the process ran, in ms. */
  readonly time: number;
}

/** Runs the code of an ES module in its own Node process. `aiofetch` is the sources there. */
export async function runScript(source: string, timeout = 50_000): Promise<ScriptRun> {
  const start = performance.now();
  const run = await runNode(['--expose-gc', '--input-type=module', '--eval', source], {timeout});
  return {...run, time: performance.now() - start};
}
