/**
 * Watching the pool, to tune it: how many connections are in use, how many requests wait, how often a connection served more
 * than one. From outside, Node's `diagnostics_channel` tells the same to tools that know nothing of the session.
 *
 *     node --conditions=@aiofetch/source examples/monitor-pool.ts [url]
 */
import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import {setTimeout as delay} from 'node:timers/promises';
import type {SessionStats} from 'aiofetch';
import {createSession, gather} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

/** Looks at a pool every so often, in ms, until it is stopped, prints what has changed, and tells the peaks. */
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

/** What the figures say of the limits. */
function adviceFor(
  {totals: {sent, opened, reused}}: SessionStats,
  peak: {queued: number},
  limit: number,
): string {
  if (peak.queued > limit) return 'the queue is longer than the pool is large: raise the limit';
  if (sent > 0 && reused / sent < 0.5)
    return `${opened} connections for ${sent} requests: keep them for longer`;
  return 'it fits';
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
  console.log(`${stats.totals.reused} of ${stats.totals.sent} on a connection that was open: ${advice}`);
  return {peak: watch.peak, totals: stats.totals, opened, advice};
}

await runDirectly(import.meta, main);
