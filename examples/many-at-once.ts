/**
 * Hundreds of requests at once through one session: its connector opens no more connections than it may, and takes
 * them again for the next request.
 *
 *     node --conditions=@aiofetch/source examples/many-at-once.ts [url]
 */
import {setTimeout as delay} from 'node:timers/promises';
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await slowServer();
  const target = url ?? server?.url ?? '';
  const urls = Array.from({length: url ? 20 : 400}, () => target);

  await using session = createSession({connector: {limit: 200, limitPerHost: 50}});

  const start = performance.now();
  // All of them may be under way: the session holds back those for which there is no connection yet.
  const texts = await gather(urls, (each) => session.get(each).text(), {concurrency: Infinity});
  const time = Math.round(performance.now() - start);

  const {opened, reused} = session.stats().totals;
  console.log(
    `${texts.length} requests in ${time} ms, over ${opened} connections, ${reused} on one that was open`,
  );
  return {texts, opened, reused};
}

async function slowServer() {
  return await serveJson(() => delay(20, {slow: true}));
}

await runDirectly(import.meta, main);
