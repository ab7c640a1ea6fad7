/**
 * A client that keeps to the limits of an API: requests in a time, and requests at once. A request that the API refuses
 * with a 429 is repeated after its `Retry-After`, and until then no other request is sent.
 *
 *     npm run example rate-limited-client [url]
 */
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

function createRateLimitedClient({rateLimit = 10, retries = 3} = {}) {
  const session = createSession({
    connector: {limit: rateLimit * 2},
    rateLimit: {requests: rateLimit, per: 100},
    retry: {retries},
  });
  return {
    /** A request that fails is a result too, and doesn't affect the others. */
    fetchAll: (urls: readonly string[]) =>
      gather(urls, (url) => session.get(url).json<unknown>(), {concurrency: rateLimit, settle: true}),
    stats: session.stats,
    [Symbol.asyncDispose]: () => session.close(),
  };
}

export async function main(url?: string) {
  await using server = url ? undefined : await strictApi();
  await using client = createRateLimitedClient({rateLimit: 5});
  const urls = Array.from({length: 10}, (_, index) => url ?? `${server?.url}${index}`);

  const results = await client.fetchAll(urls);

  const succeeded = results.filter(({status}) => status === 'fulfilled').length;
  const {attempts, retries} = client.stats().totals;
  console.log(`Succeeded: ${succeeded} of ${results.length}`);
  console.log(`Attempts: ${attempts}, ${retries} of them retries`);
  return {results, succeeded, attempts, retries};
}

/** Refuses the third request and all requests in the second after it. Has nothing at `/9`. */
async function strictApi() {
  let count = 0;
  let closedUntil = 0;
  return await serveJson(({url}, response) => {
    if (++count === 3) closedUntil = performance.now() + 990;
    if (performance.now() < closedUntil) {
      response.statusCode = 429;
      response.setHeader('retry-after', 1);
      return {error: 'Too many requests'};
    }
    if (url !== '/9') return {url};
    response.statusCode = 404;
    return {error: 'Not found'};
  });
}

await runDirectly(import.meta, main);
