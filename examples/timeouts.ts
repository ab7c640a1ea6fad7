/**
 * Timeouts for each part of a request, for a session or for one call. The error names the part. The comments give the
 * names of the same timeouts of aiohttp's ClientTimeout.
 *
 *     npm run example timeouts [url]
 */
import {createSession, TimeoutError} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await stuckServer();
  const target = url ?? server?.url ?? '';

  await using session = createSession({
    timeout: {
      total: 300_000, // total: with retries, redirects and body
      pool: 60_000, // connect: the part of it that waits for a connection of the pool
      connect: 10_000, // sock_connect
      read: 60_000, // sock_read: the server's silence
    },
    retry: false,
  });

  const phases: string[] = [];
  // Each call replaces one timeout of the session.
  for (const timeout of [{read: 20}, {total: 20}, {attempt: 20}]) {
    try {
      const response = await session.fetch(target, {timeout});
      console.log(response.status, await response.text());
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      console.log(error.message);
      phases.push(error.phase);
    }
  }
  return phases;
}

/** Never answers. */
async function stuckServer() {
  return await serveJson(() => new Promise(() => {}));
}

await runDirectly(import.meta, main);
