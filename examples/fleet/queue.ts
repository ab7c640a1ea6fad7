import {createHash} from 'node:crypto';
import {Queue} from 'bullmq';
import {Redis} from 'ioredis';

/** A page to be asked for: what is in the queue. */
export interface PageJob {
  readonly url: string;
}

/** What came of it: kept with the finished job. */
export interface PageResult {
  readonly url: string;
  readonly status: number;
  readonly links: number;
  /** Whose work it was. */
  readonly worker: string;
}

export type PageQueue = Queue<PageJob, PageResult>;

/** What every process of the fleet is told. */
export interface FleetOptions {
  /** Of the Redis or Valkey that they share, as `redis://127.0.0.1:6379`. */
  readonly redis: string;
  /** Of the crawl: whoever opens a queue of that name again goes on where it was left. */
  readonly name: string;
  /** Requests to one host, of all workers together. `per` is in ms, whole seconds. */
  readonly quota: {readonly requests: number; readonly per: number};
  /** Pages that one worker has under way at once. */
  readonly concurrency: number;
  /** After how long without a sign of life a worker is taken for dead, and its pages are another's, in ms. */
  readonly lockDuration: number;
}

export function connect({redis}: FleetOptions): Redis {
  // BullMQ waits as long as it takes.
  return new Redis(redis, {maxRetriesPerRequest: null});
}

/** @throws Error when nobody answers there: what comes later would wait for ever. */
export async function checkRedis({redis}: FleetOptions): Promise<void> {
  const probe = new Redis(redis, {lazyConnect: true, retryStrategy: () => null});
  // Each is the rejection's cause as well.
  probe.on('error', () => undefined);
  try {
    await probe.connect();
  } catch (cause) {
    const {host, port} = probe.options;
    throw new Error(`No Redis answers at ${host}:${port}: start one, or set REDIS_URL to where it is`, {
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
 * Puts pages into the queue that aren't and never were in it. A job's name in Redis is its page's, and finished jobs
 * stay: the queue is the set of seen pages as well.
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
