/**
 * How long each part of a request may take, for all requests of a session or for one. An error says which part it was.
 * The names of aiohttp's ClientTimeout are given beside those they have here.
 *
 *     node --conditions=@aiofetch/source examples/timeouts.ts [url]
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
      pool: 60_000, // connect, as far as it is the wait for a connection of the pool
      connect: 10_000, // sock_connect
      read: 60_000, // sock_read: silence of the server
    },
    retry: false,
  });

  const phases: string[] = [];
  // For one call, where the session's would be too long.
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
