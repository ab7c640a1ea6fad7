import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

export interface ScriptRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it ran, in ms. */
  readonly time: number;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs an ES module on the sources in a Node process of its own; it may import from `aiofetch`. */
export async function runScript(source: string, timeout = 50_000): Promise<ScriptRun> {
  // What the test runner says about colours holds for its own output.
  const {FORCE_COLOR: _, ...env} = process.env;
  const start = performance.now();
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--conditions=@aiofetch/source', '--input-type=module', '--eval', source],
    {cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout},
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return {code, stdout, stderr, time: performance.now() - start};
}
