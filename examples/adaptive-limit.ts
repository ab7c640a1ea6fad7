/**
 * A limit that adapts: the session finds out how many requests a server bears. This server answers 24 requests at once
 * and refuses the others with a 503. The session may send hundreds, and soon sends only as many as the server answers.
 *
 *     npm run example adaptive-limit [url]
 */
import {setTimeout as delay} from 'node:timers/promises';
import {adaptiveLimit, createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serverOf(24);
  const target = url ?? server?.url ?? '';
  const urls = Array.from({length: url ? 40 : 2_000}, () => target);

  await using session = createSession({
    // Requests that got a 503 are retried, as always. The limit keeps their number small.
    retry: {retries: 10, minDelay: 20},
    connector: {limit: 500, limitPerHost: adaptiveLimit({min: 2, max: 400, initial: 200})},
  });

  await gather(urls, (each) => session.get(each).text(), {concurrency: 400});

  const {limit} = session.stats().hosts[new URL(target).origin] ?? {};
  const {requests, retries} = session.stats().totals;
  console.log(`${requests} requests, ${retries} retries; the limit went from 200 to ${limit}`);
  return {requests, retries, limit};
}

async function serverOf(capacity: number) {
  let active = 0;
  return await serveJson(async (_request, response) => {
    active++;
    const isRefused = active > capacity;
    if (isRefused) response.statusCode = 503;
    else await delay(10);
    active--;
    return {isRefused};
  });
}

await runDirectly(import.meta, main);
