/**
 * No more than so many at once, without a semaphore: `gather` starts the next when one is done, and reads its inputs as it
 * goes. A pool's `limit` does the same for requests, whoever sends them.
 *
 *     node --conditions=@aiofetch/source examples/bounded-concurrency.ts
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
  console.log(`${texts.length} by gather, no more than ${most} at once`);
  const byGather = most;

  most = 0;
  await using narrow = createSession({connector: {limit: 10}});
  // All of them are started; the session holds back those that have no connection yet.
  await Promise.all(urls.map((each) => narrow.get(each).text()));
  console.log(`${urls.length} by a pool of 10, no more than ${most} at once`);
  return {byGather, byPool: most};
}

await runDirectly(import.meta, main);
