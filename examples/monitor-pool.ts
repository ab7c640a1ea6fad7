/**
 * Watching a pool to tune it: how many connections are in use, how many requests wait, and how often a connection was
 * reused. Tools that have no access to the session can subscribe to Node's `diagnostics_channel` instead.
 *
 *     npm run example monitor-pool [url]
 */
import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import {setTimeout as delay} from 'node:timers/promises';
import type {SessionStats} from 'aiofetch';
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

/** Reads the statistics of a pool every `every` ms until `stop()`, prints changes, and keeps the peaks. */
function watchPool(stats: () => SessionStats, every: number) {
  const peak = {active: 0, queued: 0};
  let last = '';
  const timer = setInterval(() => {
    const {active, queued, idle, limit, hosts} = stats();
    peak.active = Math.max(peak.active, active);
    peak.queued = Math.max(peak.queued, queued);
    const line = `${active} of ${limit} active, ${queued} queued, ${idle} idle`;
    if (line !== last) console.log(line, hosts);
    last = line;
  }, every);
  return {
    peak,
    stop: () => clearInterval(timer),
  };
}

/** What the figures suggest about the limits. */
function adviceFor(
  {totals: {sent, opened, reused}}: SessionStats,
  peak: {queued: number},
  limit: number,
): string {
  if (peak.queued > limit) return 'more requests wait than the pool has connections: raise the limit';
  if (sent > 0 && reused / sent < 0.5)
    return `${opened} connections for ${sent} requests: keep connections open for longer`;
  return 'the limits fit';
}

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => delay(20, {slow: true}));
  const target = url ?? server?.url ?? '';
  const limit = 5;
  await using session = createSession({connector: {limit}});

  let opened = 0;
  const onOpened = () => {
    opened++;
  };
  subscribe('aiofetch:connectionCreateEnd', onOpened);
  const watch = watchPool(session.stats, 10);
  await gather(
    Array.from({length: 60}, (_, index) => index),
    (index) => session.get(target, {searchParams: {index}}).json(),
    {concurrency: 20},
  );
  watch.stop();
  unsubscribe('aiofetch:connectionCreateEnd', onOpened);

  const stats = session.stats();
  const advice = adviceFor(stats, watch.peak, limit);
  console.log(`${stats.totals.reused} of ${stats.totals.sent} requests on a reused connection: ${advice}`);
  return {peak: watch.peak, totals: stats.totals, opened, advice};
}

await runDirectly(import.meta, main);
