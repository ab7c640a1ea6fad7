import {join} from 'node:path';
import type {ViteDevServer} from 'vite';
import {createServer} from 'vite';
import {playgroundServer} from './plugin.ts';
import type {Runs} from './runs.ts';
import {startRuns} from './runs.ts';

const folder = join(import.meta.dirname, '..');

/** Starts the server of the page and the embedded server that its bursts go to. `close()` ends both. */
export async function startPlayground(
  port: number,
): Promise<{readonly server: ViteDevServer; readonly runs: Runs; readonly address: string}> {
  const runs = await startRuns();
  const server = await createServer({
    configFile: join(folder, 'vite.config.ts'),
    root: folder,
    logLevel: 'warn',
    plugins: [playgroundServer(runs)],
    server: {port},
  });
  await server.listen();
  const [address = ''] = server.resolvedUrls?.local ?? [];
  return {server, runs, address};
}
