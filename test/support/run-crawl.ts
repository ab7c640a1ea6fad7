import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

export interface CrawlRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the crawl's command line in a process of its own, as `npm start` does, both outputs piped. */
export async function runCrawl(
  args: readonly string[],
  watch?: (child: ChildProcess) => void,
): Promise<CrawlRun> {
  // What the test runner says about colours holds for its own output.
  const {FORCE_COLOR: _, ...env} = process.env;
  const child = spawn(process.execPath, ['--conditions=@aiofetch/source', 'examples/crawl.ts', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
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
