import {describe, expect, it} from 'vitest';
import {startServer} from '../support/http-server.ts';
import {waitFor} from '../support/wait-for.ts';
import type {ClientOptions, Outcome} from './support/fleet.ts';
import {startClient} from './support/fleet.ts';
import {redisVersion, startRedis} from './support/redis-server.ts';

// With real processes and a real Redis, if redis-server is installed.

const isDemanded = process.env['AIOFETCH_REQUIRE_REDIS'] === '1';
if (redisVersion === undefined && !isDemanded)
  console.log('No redis-server on the PATH: the tests of a shared quota are left out');

/** Every request that arrived: its time and its client. */
async function startLog() {
  const arrivals: Array<{readonly time: number; readonly client: string}> = [];
  const {origin} = await startServer((request, response) => {
    arrivals.push({time: performance.now(), client: String(request.headers['x-client'])});
    response.end();
  });
  return {url: origin, arrivals};
}

const quota = {requests: 12, per: 1_000};

/** The most by which the ways of two requests to the server may differ, in ms. */
const delay = 500;

const ok = {status: 200};

const isRefused = ({error}: Outcome) => error === 'RateLimitError';

if (redisVersion === undefined && isDemanded) it('redis-server is installed', () => expect.unreachable());

describe.runIf(redisVersion !== undefined)('a quota on Redis', () => {
  it('a quota on Redis holds for three processes together', async () => {
    const [{url, arrivals}, redis] = await Promise.all([startLog(), startRedis()]);
    const options = {redisPort: redis.port, url, quota};
    const names = ['a', 'b', 'c'];
    const fleet = await Promise.all(names.map((name) => startClient({name, ...options})));
    expect(new Set(fleet.map(({pid}) => pid)).size).toBe(3);

    const start = performance.now();
    const outcomes = await Promise.all(fleet.map((client) => client.send(20)));

    expect(outcomes.flat()).toEqual(Array(60).fill(ok));
    expect(arrivals.map(({client}) => client).toSorted()).toEqual(
      names.flatMap((name) => Array(20).fill(name)),
    );
    // The limiter's windows are fixed: one begins with the first request after the last one's end, and there is always
    // somebody waiting. So every twelve are a window, and the next twelve begin no sooner than a second later. They
    // begin when Redis counts, and are seen when they arrive, which may take its moment.
    const firsts = arrivals.filter((_, index) => index % quota.requests === 0).map(({time}) => time);
    expect(firsts.length).toBe(5);
    for (const [index, first] of firsts.entries()) {
      if (index > 0) expect(first - (firsts[index - 1] as number)).toBeGreaterThan(quota.per - delay);
    }
    expect(firsts[4]).toBeGreaterThan(start + 4 * quota.per);
    // The processes use the whole quota.
    expect(firsts[4]).toBeLessThan(start + 8 * quota.per);
  });

  it('without Redis, whenStoreFails: open sends requests and closed refuses them, until Redis is back', async () => {
    const [log, redis] = await Promise.all([startLog(), startRedis()]);
    const start = (name: 'open' | 'closed') =>
      startClient({name, redisPort: redis.port, url: log.url, quota, whenStoreFails: name});
    const [open, closed] = await Promise.all([start('open'), start('closed')]);
    const of = (name: string) => log.arrivals.filter(({client}) => client === name).length;

    const sent = Promise.all([open.send(40), closed.send(40)]);
    await waitFor(() => log.arrivals.length >= quota.requests);
    await redis.kill();
    const [whenOpen, whenClosed] = await sent;

    expect(whenOpen).toEqual(Array(40).fill(ok));
    const refused = whenClosed.filter(isRefused);
    expect(refused.length).toBeGreaterThan(0);
    for (const {cause} of refused) expect(cause).toMatch(/^Error: |^MaxRetriesPerRequestError: /);
    expect(whenClosed.filter((outcome) => !isRefused(outcome))).toEqual(Array(of('closed')).fill(ok));

    // New requests are treated like those that waited.
    expect(await open.send(5)).toEqual(Array(5).fill(ok));
    expect((await closed.send(5)).every(isRefused)).toBe(true);
    const before = log.arrivals.length;

    await startRedis(redis.port);
    await Promise.all([open.connected(), closed.connected()]);
    const outcomes = await Promise.all([open.send(12), closed.send(12)]);
    expect(outcomes.flat()).toEqual(Array(24).fill(ok));
    const [first, , last] = [0, 11, 12].map((index) => log.arrivals[before + index]?.time as number);
    expect((last as number) - (first as number)).toBeGreaterThan(quota.per - delay);
  });

  it('a Redis that stops answering is given up after storeTimeout', async () => {
    const [log, redis] = await Promise.all([startLog(), startRedis()]);
    const start = (whenStoreFails: NonNullable<ClientOptions['whenStoreFails']>) =>
      startClient({
        name: whenStoreFails,
        redisPort: redis.port,
        url: log.url,
        quota,
        whenStoreFails,
        storeTimeout: 100,
      });
    const [open, closed] = await Promise.all([start('open'), start('closed')]);
    redis.freeze();
    const [whenOpen, whenClosed] = await Promise.all([open.send(3), closed.send(3)]);
    expect(whenOpen).toEqual(Array(3).fill(ok));
    const refusal = {
      error: 'RateLimitError',
      cause: 'Error: rateLimit.storeTimeout of 100 ms ran out',
    };
    expect(whenClosed).toEqual(Array(3).fill(refusal));
    expect(log.arrivals.map(({client}) => client)).toEqual(Array(3).fill('open'));
  });
});
