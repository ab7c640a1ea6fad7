/**
 * Bounded concurrency without a semaphore: `gather` starts the next worker when one has ended, and reads its inputs only
 * as it needs them. The `limit` of a pool bounds all requests of its sessions in the same way.
 *
 *     npm run example bounded-concurrency
 */
import {setTimeout as delay} from 'node:timers/promises';
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main() {
  let active = 0;
  let most = 0;
  await using server = await serveJson(async () => {
    most = Math.max(most, ++active);
    await delay(10);
    active--;
    return {most};
  });
  const urls = Array.from({length: 100}, () => server.url);

  await using session = createSession();
  const texts = await gather(urls, (each) => session.get(each).text(), {concurrency: 10});
  console.log(`gather: ${texts.length} requests, at most ${most} at once`);
  const byGather = most;

  most = 0;
  await using narrow = createSession({connector: {limit: 10}});
  // All calls are started. Those without a connection wait in the session's queue.
  await Promise.all(urls.map((each) => narrow.get(each).text()));
  console.log(`a pool of 10: ${urls.length} requests, at most ${most} at once`);
  return {byGather, byPool: most};
}

await runDirectly(import.meta, main);
