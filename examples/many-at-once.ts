/**
 * Hundreds of requests at once through one session: its connector keeps to its limits of connections, and reuses the
 * connections for further requests.
 *
 *     npm run example many-at-once [url]
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
  // All calls are started. Those without a connection wait in the session's queue.
  const texts = await gather(urls, (each) => session.get(each).text(), {concurrency: Infinity});
  const time = Math.round(performance.now() - start);

  const {opened, reused} = session.stats().totals;
  console.log(
    `${texts.length} requests in ${time} ms over ${opened} connections, ${reused} of them on a reused connection`,
  );
  return {texts, opened, reused};
}

async function slowServer() {
  return await serveJson(() => delay(20, {slow: true}));
}

await runDirectly(import.meta, main);
