import type {ChildProcess} from 'node:child_process';
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import type {FleetOptions, PageQueue, PageResult} from './queue.ts';
import {addPages, checkRedis, connect, openQueue} from './queue.ts';

export interface FleetReport {
  readonly pages: readonly PageResult[];
  /** The pages that failed after all retries, with their errors. */
  readonly failed: ReadonlyArray<{readonly url: string; readonly reason: string}>;
}

/**
 * Crawls with several processes, until every page that can be reached from the first ones is done.
 *
 * @param onStart - called with the workers when they have started
 * @throws Error when no Redis answers at the start, and when all workers have ended before the work is done
 */
export async function runFleet(
  starts: readonly string[],
  workers: number,
  options: FleetOptions,
  onStart: (workers: readonly ChildProcess[]) => void = () => undefined,
): Promise<FleetReport> {
  await checkRedis(options);
  const connection = connect(options);
  const queue = openQueue(options, connection);
  const script = fileURLToPath(new URL('worker.ts', import.meta.url));
  const children: ChildProcess[] = [];
  try {
    await addPages(queue, starts);
    for (let count = 0; count < workers; count++) children.push(fork(script, [JSON.stringify(options)]));
    onStart(children);
    while ((await pagesLeft(queue)) > 0) {
      if (children.every(isGone)) throw new Error('All workers have ended before the crawl was done');
      await delay(50);
    }
    return await readReport(queue);
  } finally {
    await Promise.all(children.map(end));
    await queue.close();
    connection.disconnect();
  }
}

// One command counts all states. A page adds its links before it is done, so the count is never zero too early.
function pagesLeft(queue: PageQueue): Promise<number> {
  return queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized');
}

async function readReport(queue: PageQueue): Promise<FleetReport> {
  const [completed, failed] = await Promise.all([queue.getCompleted(), queue.getFailed()]);
  return {
    pages: completed.map(({returnvalue}) => returnvalue),
    failed: failed.map(({data, failedReason}) => ({url: data.url, reason: failedReason ?? ''})),
  };
}

function isGone({exitCode, signalCode}: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (isGone(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
