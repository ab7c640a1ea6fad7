/**
 * The loop of a basic crawler: all pages at once over a pool, each page with its own time limit. A page that fails is a
 * result like the others.
 *
 *     npm run example crawler-loop [url]
 */
import {setTimeout as delay} from 'node:timers/promises';
import type {Session} from 'aiofetch';
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

type Page = {url: string; status: number; content: string} | {url: string; error: string};

async function fetchUrl(session: Session, url: string, timeout: number): Promise<Page> {
  // The timeout lasts to the end of the body. A status of 404 or 500 is a page here; with `session.get` it would be an error.
  const response = await session.fetch(url, {timeout});
  return {url, status: response.status, content: await response.text()};
}

async function crawlWebsites(urls: readonly string[], timeout: number): Promise<Page[]> {
  await using session = createSession({connector: {limit: 50, limitPerHost: 10}, retry: false});
  const outcomes = await gather(urls, (url) => fetchUrl(session, url, timeout), {
    concurrency: Infinity,
    settle: true,
  });
  return outcomes.map((outcome, index) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : {url: urls[index] as string, error: String(outcome.reason)},
  );
}

export async function main(url?: string) {
  await using server = url ? undefined : await website();
  const urls = url ? [url] : ['a', 'b', 'missing', 'stuck'].map((path) => `${server?.url}${path}`);

  const start = performance.now();
  const pages = await crawlWebsites(urls, url ? 10_000 : 1_000);
  console.log(`Done in ${Math.round(performance.now() - start)} ms`);
  for (const page of pages) console.log(page.url, 'error' in page ? page.error : page.status);
  return pages;
}

async function website() {
  return await serveJson(async ({url}, response) => {
    if (url === '/stuck') await delay(60_000, undefined, {ref: false});
    if (url === '/missing') response.statusCode = 404;
    return {url};
  });
}

await runDirectly(import.meta, main);
