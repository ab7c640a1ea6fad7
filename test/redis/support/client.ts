/** A process of a fleet that shares a quota: it sends requests on command, and reports their outcomes. */
import {createSession, RateLimitError} from 'aiofetch';
import {rateLimiterFlexibleStore} from 'aiofetch/rate-limiter-flexible';
import {Redis} from 'ioredis';
import {RateLimiterRedis} from 'rate-limiter-flexible';
import type {ClientOptions, Command, Outcome, Report} from './fleet.ts';

const {name, redisPort, url, quota, ...rateLimit} = JSON.parse(process.argv[2] as string) as ClientOptions;

const redis = new Redis({
  port: redisPort,
  host: '127.0.0.1',
  // A command fails at once while Redis is away, rather than wait for it to come back.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => 20,
});
// The tests cause connection errors on purpose.
redis.on('error', () => undefined);

const limiter = new RateLimiterRedis({
  storeClient: redis,
  keyPrefix: 'quota',
  points: quota.requests,
  duration: quota.per / 1_000,
});
const store = rateLimiterFlexibleStore(limiter);
const session = createSession({headers: {'x-client': name}, rateLimit: {...quota, ...rateLimit, store}});

async function sendOne(): Promise<Outcome> {
  try {
    const {status} = await session.get(url);
    return {status};
  } catch (error) {
    if (!(error instanceof RateLimitError)) return {error: String(error)};
    return {error: error.name, cause: String(error.cause)};
  }
}

async function obey({connect, send = 0}: Command): Promise<Report> {
  if (connect && redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', resolve));
  return {outcomes: await Promise.all(Array.from({length: send}, sendOne))};
}

process.on('message', async (command: Command) => process.send?.(await obey(command)));
process.on('disconnect', () => process.exit());
