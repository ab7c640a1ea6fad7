import {createHash} from 'node:crypto';
import {Queue} from 'bullmq';
import {Redis} from 'ioredis';

/** An entry of the queue: a page to request. */
export interface PageJob {
  readonly url: string;
}

/** The result of a page, kept with the finished job. */
export interface PageResult {
  readonly url: string;
  readonly status: number;
  readonly links: number;
  /** The worker that did it. */
  readonly worker: string;
}

export type PageQueue = Queue<PageJob, PageResult>;

/** The options of every process of the fleet. */
export interface FleetOptions {
  /** The URL of the shared Redis or Valkey, for example `redis://127.0.0.1:6379`. */
  readonly redis: string;
  /** The name of the crawl: a queue of the same name continues it. */
  readonly name: string;
  /** Requests of all workers together to one host. `per` is in ms, in whole seconds. */
  readonly quota: {readonly requests: number; readonly per: number};
  /** Pages that one worker fetches at once. */
  readonly concurrency: number;
  /** After this time without a sign of life, in ms, a worker counts as dead, and another takes its pages. */
  readonly lockDuration: number;
}

export function connect({redis}: FleetOptions): Redis {
  // BullMQ demands that its connection waits without a limit.
  return new Redis(redis, {maxRetriesPerRequest: null});
}

/** @throws Error when no Redis answers: all later commands would wait for ever. */
export async function checkRedis({redis}: FleetOptions): Promise<void> {
  const probe = new Redis(redis, {lazyConnect: true, retryStrategy: () => null});
  // Each of these errors is also the cause of the rejection.
  probe.on('error', () => undefined);
  try {
    await probe.connect();
  } catch (cause) {
    const {host, port} = probe.options;
    throw new Error(`No Redis answers at ${host}:${port}. Start one, or set REDIS_URL to its address.`, {
      cause,
    });
  } finally {
    probe.disconnect();
  }
}

export function openQueue({name}: FleetOptions, connection: Redis): PageQueue {
  return new Queue(name, {connection});
}

/**
 * Adds the pages to the queue that were never in it. The id of a job is made of its page, and finished jobs stay, so the
 * queue is also the set of seen pages.
 */
export async function addPages(queue: PageQueue, urls: readonly string[]): Promise<void> {
  await queue.addBulk(
    urls.map((url) => ({
      name: 'page',
      data: {url},
      opts: {
        jobId: createHash('sha256').update(url).digest('hex'),
        attempts: 3,
        backoff: {type: 'exponential', delay: 200},
      },
    })),
  );
}
