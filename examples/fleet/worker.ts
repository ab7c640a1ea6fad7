/** One process of the fleet: takes pages from the queue, requests them within the shared quota, and adds their links. */

import {createSession} from 'aiofetch';
import {rateLimiterFlexibleStore} from 'aiofetch/rate-limiter-flexible';
import {Worker} from 'bullmq';
import {RateLimiterRedis} from 'rate-limiter-flexible';
import {createLinkReader} from '../crawl/links.ts';
import type {FleetOptions, PageJob, PageResult} from './queue.ts';
import {addPages, connect, openQueue} from './queue.ts';

const options = JSON.parse(process.argv[2] as string) as FleetOptions;
const {name, quota, concurrency, lockDuration} = options;
const worker = String(process.pid);

const connection = connect(options);
const queue = openQueue(options, connection);
const limiter = new RateLimiterRedis({
  storeClient: connection,
  keyPrefix: `${name}-quota`,
  points: quota.requests,
  duration: quota.per / 1_000,
});
const session = createSession({
  headers: {'x-worker': worker},
  rateLimit: {...quota, scope: 'host', store: rateLimiterFlexibleStore(limiter)},
  timeout: {total: 60_000},
  maxResponseSize: 10_000_000,
});

async function visit(url: string): Promise<PageResult> {
  const response = await session.fetch(url);
  const reader = createLinkReader(response.url);
  reader.write(await response.text());
  const {origin} = new URL(url);
  const links = reader.end().links.filter((link) => new URL(link).origin === origin);
  // Add the links before the page is done: if the worker dies in between, the page is done again and adds them then.
  await addPages(queue, links);
  return {url, status: response.status, links: links.length, worker};
}

const pages = new Worker<PageJob, PageResult>(name, ({data}) => visit(data.url), {
  connection,
  concurrency,
  lockDuration,
  stalledInterval: lockDuration,
  // A page isn't the reason why its workers died.
  maxStalledCount: 10,
});
// Failed jobs are in the queue. These errors are about the connection, which is restored by itself.
pages.on('error', () => undefined);

let hasEnded = false;

/** Lets the running pages finish. */
async function end(): Promise<void> {
  if (hasEnded) return;
  hasEnded = true;
  await pages.close();
  await session.close();
  await queue.close();
  connection.disconnect();
  // The channel keeps the process alive.
  if (process.connected) process.disconnect();
}

process.once('SIGTERM', end);
// The parent process has gone.
process.once('disconnect', end);
