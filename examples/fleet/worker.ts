/** One process of the fleet: takes pages out of the queue, asks for them within the shared quota, adds what they link to. */

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
});

async function visit(url: string): Promise<PageResult> {
  const response = await session.fetch(url);
  const reader = createLinkReader(response.url);
  reader.write(await response.text());
  const {origin} = new URL(url);
  const links = reader.end().links.filter((link) => new URL(link).origin === origin);
  // Before the page is done: whoever dies in between has it done again, and adds them then.
  await addPages(queue, links);
  return {url, status: response.status, links: links.length, worker};
}

const pages = new Worker<PageJob, PageResult>(name, ({data}) => visit(data.url), {
  connection,
  concurrency,
  lockDuration,
  stalledInterval: lockDuration,
  // A page is not to blame for the workers that died with it.
  maxStalledCount: 10,
});
// Jobs that fail are in the queue; this is about the connection, which comes back by itself.
pages.on('error', () => undefined);

let hasEnded = false;

/** Lets the pages under way be done. */
async function end(): Promise<void> {
  if (hasEnded) return;
  hasEnded = true;
  await pages.close();
  await session.close();
  await queue.close();
  connection.disconnect();
  // It holds the process.
  if (process.connected) process.disconnect();
}

process.once('SIGTERM', end);
// Whoever started it has gone.
process.once('disconnect', end);
