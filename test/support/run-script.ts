import type {NodeRun} from './run-node.ts';
import {runNode} from './run-node.ts';

export interface ScriptRun extends NodeRun {
  /** How long it ran, in ms. */
  readonly time: number;
}

/** Runs an ES module on the sources in a Node process of its own; it may import from `aiofetch`. */
export async function runScript(source: string, timeout = 50_000): Promise<ScriptRun> {
  const start = performance.now();
  const run = await runNode(['--expose-gc', '--input-type=module', '--eval', source], {timeout});
  return {...run, time: performance.now() - start};
}
