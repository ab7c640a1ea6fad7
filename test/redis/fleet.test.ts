import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {main as fleet} from '../../examples/fleet.ts';
import {startServer} from '../support/http-server.ts';
import {waitFor} from '../support/wait-for.ts';
import {redisVersion, startRedis} from './support/redis-server.ts';

// With real processes and a real Redis, if redis-server is installed. shared-quota.test.ts fails where CI lacks it.

const printed = vi.spyOn(console, 'log');
beforeEach(() => void printed.mockImplementation(() => {}));
afterEach(() => void printed.mockReset());

/** The most by which the ways of two requests to the server may differ, in ms. */
const slack = 500;

const pages = 60;

/** Starts a site whose pages link to two others each and to the first, and that records each visit with its worker. */
async function startPages() {
  const visits: Array<{readonly path: string; readonly worker: number; readonly time: number}> = [];
  /** Paths that the site doesn't answer. */
  const stuck = new Set<string>();
  const {origin} = await startServer(async ({url = '/', headers}, response) => {
    visits.push({path: url, worker: Number(headers['x-worker']), time: performance.now()});
    if (stuck.has(url)) return;
    await delay(10);
    const number = Number(url.slice(1));
    const links = [2 * number + 1, 2 * number + 2, 0].filter((link) => link < pages);
    response.end(links.map((link) => `<a href="/${link || ''}">${link}</a>`).join(''));
  });
  const all = Array.from({length: pages}, (_, number) => `${origin}/${number || ''}`);
  return {url: `${origin}/`, all, visits, stuck};
}

function timesVisited(visits: ReadonlyArray<{readonly path: string}>): Map<string, number> {
  const times = new Map<string, number>();
  for (const {path} of visits) times.set(path, (times.get(path) ?? 0) + 1);
  return times;
}

it('the fleet fails at once, and names the address, if no Redis answers', async () => {
  const site = await startPages();
  // Nothing listens on port 1.
  await expect(fleet(site.url, {redis: 'redis://127.0.0.1:1'})).rejects.toThrow(
    'No Redis answers at 127.0.0.1:1. Start one, or set REDIS_URL to its address.',
  );
  expect(site.visits).toEqual([]);
});

describe.runIf(redisVersion !== undefined)('on a Redis', () => {
  it('the fleet fetches every page once, in several processes that keep to one quota', async () => {
    const [site, {port}] = await Promise.all([startPages(), startRedis()]);
    const quota = {requests: 15, per: 1_000};
    const report = await fleet(site.url, {redis: `redis://127.0.0.1:${port}`, quota});
    expect(report.failed).toEqual([]);
    expect(report.pages.map(({url}) => url).toSorted()).toEqual(site.all.toSorted());
    expect(report.pages.every(({status}) => status === 200)).toBe(true);
    expect(site.visits).toHaveLength(pages);
    expect(new Set(site.visits.map(({worker}) => worker)).size).toBe(3);
    // The windows of the limiter are fixed, and begin one after the other.
    const times = site.visits.map(({time}) => time);
    const windows = Math.ceil(pages / quota.requests);
    expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(
      (windows - 1) * quota.per - slack,
    );
    for (let index = 2 * quota.requests; index < times.length; index++) {
      const first = times[index - 2 * quota.requests] as number;
      expect((times[index] as number) - first).toBeGreaterThan(quota.per - slack);
    }
  });

  it('the fleet loses no page with a killed worker, and repeats only the pages that the worker had under way', async () => {
    const [site, {port}] = await Promise.all([startPages(), startRedis()]);
    let workers: readonly ChildProcess[] = [];
    site.stuck.add('/7');
    const crawl = fleet(
      site.url,
      {
        redis: `redis://127.0.0.1:${port}`,
        quota: {requests: 1_000, per: 1_000},
        concurrency: 2,
        lockDuration: 4_000,
      },
      (started) => {
        workers = started;
      },
    );
    const visitsOf = (path: string) => site.visits.filter((visit) => visit.path === path);
    await waitFor(() => visitsOf('/7').length > 0);

    const victim = visitsOf('/7')[0]?.worker;
    const killed = workers.find(({pid}) => pid === victim) as ChildProcess;
    const gone = once(killed, 'exit');
    killed.kill('SIGKILL');
    expect(await gone).toEqual([null, 'SIGKILL']);
    // The worker had two pages under way. One is stuck, so the other is the last that it requested.
    const underWay = [
      '/7',
      site.visits.findLast(({worker, path}) => worker === victim && path !== '/7')?.path,
    ];
    site.stuck.clear();

    const report = await crawl;
    expect(report.failed).toEqual([]);
    expect(report.pages.map(({url}) => url).toSorted()).toEqual(site.all.toSorted());
    expect(visitsOf('/7').map(({worker}) => worker === victim)).toEqual([true, false]);
    const again = [...timesVisited(site.visits)].filter(([, times]) => times > 1);
    for (const [path, times] of again) {
      expect(underWay).toContain(path);
      expect(times).toBe(2);
    }
  });

  it('the fleet fails with a message when no worker is left', async () => {
    const [site, {port}] = await Promise.all([startPages(), startRedis()]);
    site.stuck.add('/');
    const crawl = fleet(site.url, {redis: `redis://127.0.0.1:${port}`}, (workers) => {
      void waitFor(() => site.visits.length > 0).then(() => {
        for (const worker of workers) worker.kill('SIGKILL');
      });
    });
    await expect(crawl).rejects.toThrow('All workers have ended before the crawl was done');
  });
});
