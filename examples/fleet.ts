/**
 * One crawl by several processes, on one machine or on several. The queue of pages, the pages that were seen, the results
 * and the shared quota are in Redis or Valkey. It needs one of them: see fleet/README.md.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 npm run example fleet [url]
 */
import type {ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import type {FleetOptions} from './fleet/queue.ts';
import type {FleetReport} from './fleet/start.ts';
import {runFleet} from './fleet/start.ts';
import {serve} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(
  url?: string,
  options: Partial<FleetOptions> = {},
  onStart?: (workers: readonly ChildProcess[]) => void,
): Promise<FleetReport> {
  await using site = url ? undefined : await servePages(60);
  const report = await runFleet(
    [url ?? site?.url ?? ''],
    3,
    {
      redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
      name: `crawl-${randomUUID()}`,
      quota: {requests: 20, per: 1_000},
      concurrency: 5,
      lockDuration: 5_000,
      ...options,
    },
    onStart,
  );
  const workers = new Set(report.pages.map(({worker}) => worker)).size;
  console.log(`${report.pages.length} pages by ${workers} workers, ${report.failed.length} failed`);
  return report;
}

/** Serves pages, each of which links to two others and to the first. */
async function servePages(count: number) {
  return await serve(({url = '/'}, response) => {
    const number = Number(url.slice(1));
    const links = [2 * number + 1, 2 * number + 2, 0].filter((link) => link < count);
    response.setHeader('content-type', 'text/html');
    response.end(links.map((link) => `<a href="/${link || ''}">${link}</a>`).join('\n'));
  });
}

await runDirectly(import.meta, main);
