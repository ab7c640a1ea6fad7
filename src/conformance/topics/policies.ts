import {circuitBreakerPolicy} from '../../policies/circuit-breaker.ts';
import {hedgePolicy} from '../../policies/hedge/index.ts';
import {singleFlightPolicy} from '../../policies/single-flight/index.ts';
import {equal, ok, rejection, same, typedRejection} from '../assert.ts';
import type {Topic} from '../case.ts';
import {textOf} from '../echo.ts';
import {sleep} from '../room.ts';
import type {Echo} from '../server-address.ts';

const reason = new Error('The caller has its reasons');

/** The clocks of client and server differ, and a runtime may round its own: by this much, in ms. */
const tolerance = 50;

/** Checks that retries, rate limits and the other policies work over the connector. */
export const policies: Topic = (it) => {
  it('retry repeats a 503 after its Retry-After', async ({open, room}) => {
    const session = open({connector: {limit: 1}, retry: {retries: 1, minDelay: 0}});
    const start = performance.now();
    const response = await session.fetch(room.url('/flaky', {code: 503, header: 'retry-after:0.3'}));
    ok(performance.now() - start >= 300 - tolerance, 'a wait of 300 ms');
    equal(response.status, 200, 'status');
    await response.text();
    equal((await room.stats()).arrivals.length, 2, 'number of requests that arrived');
    const {active, totals} = session.stats();
    equal(active, 0, 'active');
    same([totals.requests, totals.attempts, totals.retries], [1, 2, 1], 'requests, attempts and retries');
  });

  it('retry gives the last response when no retries are left', async ({open, room}) => {
    const session = open({retry: {retries: 2, minDelay: 0, maxDelay: 1}});
    const response = await session.fetch(room.url('/status', {code: 503, text: 'never'}));
    equal(response.status, 503, 'status');
    equal(await response.text(), 'never', 'text');
    equal((await room.stats()).arrivals.length, 3, 'number of requests that arrived');
  });

  it('retry repeats a POST with its body if it has an idempotency key, and sends it once otherwise', async ({
    open,
    room,
  }) => {
    const init = {method: 'POST', body: 'the body'};
    const retry = {retries: 1, minDelay: 0, maxDelay: 1};
    const refused = await open({retry}).fetch(room.url('/flaky', {code: 503}), init);
    equal(refused.status, 503, 'status without a key');
    const session = open({retry, idempotencyKey: true});
    const response = await session.fetch(room.url('/flaky', {code: 503}), init);
    equal(response.status, 200, 'status with a key');
    const echo: Echo = await response.json();
    equal(echo.method, 'POST', 'method');
    equal(textOf(echo), 'the body', 'body');
    ok(echo.headers['idempotency-key'], 'a key');
  });

  it('retry holds no slot while it waits, and the wait ends at once on an abort', async ({open, room}) => {
    const {promise: isWaiting, resolve: onRetry} = Promise.withResolvers<unknown>();
    const session = open({connector: {limit: 1}, retry: {retries: 1, onRetry}});
    const controller = new AbortController();
    const url = room.url('/flaky', {code: 503, header: 'retry-after:30'});
    const rejected = rejection(session.fetch(url, {signal: controller.signal}), 'fetch');
    await isWaiting;
    equal(await (await session.fetch(room.url('/status', {text: 'another'}))).text(), 'another', 'text');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    equal((await room.stats()).arrivals.length, 2, 'number of requests that arrived');
  });

  it('retry makes no attempt for which timeout.total leaves no time', async ({open, room}) => {
    const session = open({retry: {retries: 1}, timeout: {total: 10_000}});
    const response = await session.fetch(room.url('/flaky', {code: 503, header: 'retry-after:30'}));
    equal(response.status, 503, 'status');
    await response.text();
  });

  it('rateLimit sends requests in order, and none too early', async ({open, room}) => {
    // One connection, on which no request can overtake another.
    const session = open({connector: {limit: 1}, rateLimit: {requests: 20, per: 2_000, burst: 1}});
    const labels = Array.from({length: 5}, (_, index) => String(index));
    const start = performance.now();
    await Promise.all(labels.map(async (label) => (await session.fetch(room.url('/echo', {label}))).text()));
    ok(performance.now() - start >= 400 - tolerance, 'five to take 400 ms');
    same((await room.stats()).arrivals, labels, 'the order they arrived in');
  });

  it('rateLimit lets an aborted request leave at once, and sends the others', async ({open, room}) => {
    const session = open({connector: {limit: 1}, rateLimit: {requests: 10, per: 2_000, burst: 1}});
    const controller = new AbortController();
    const read = async (label: string, signal?: AbortSignal) =>
      (await session.fetch(room.url('/echo', {label}), {signal: signal ?? null})).text();
    const first = read('first');
    const rejected = rejection(read('second', controller.signal), 'the second');
    const third = read('third');
    controller.abort(reason);
    equal(await rejected, reason, 'what it rejects with');
    await Promise.all([first, third]);
    same((await room.stats()).arrivals, ['first', 'third'], 'those that arrived');
  });

  it('rateLimit refuses a request that would wait longer than maxWait', async ({open, room}) => {
    const session = open({rateLimit: {requests: 1, per: 60_000, maxWait: 1_000}});
    await (await session.fetch(room.url('/echo'))).text();
    const {retryAfter} = await typedRejection(session.fetch(room.url('/echo')), 'the second', {
      name: 'RateLimitError',
    });
    ok(Number(retryAfter) > 30_000 && Number(retryAfter) <= 60_000, `retryAfter not to be ${retryAfter}`);
    equal((await room.stats()).arrivals.length, 1, 'number of requests that arrived');
  });

  it('rateLimit pauses all requests to a host after its 429 with Retry-After', async ({open, room}) => {
    const {promise: isRefused, resolve: onRetry} = Promise.withResolvers<unknown>();
    const session = open({
      retry: {retries: 1, onRetry},
      rateLimit: {requests: 100, per: 1_000, scope: 'host'},
    });
    const read = async (url: string) => (await session.fetch(url)).text();
    const start = performance.now();
    const refused = read(room.url('/flaky', {code: 429, header: 'retry-after:2', label: 'refused'}));
    await isRefused;
    const paused = ['1', '2'].map((label) => read(room.url('/echo', {label})));
    await read(room.url('/echo', {label: 'elsewhere'}, 1));
    same((await room.stats()).arrivals, ['refused', 'elsewhere'], 'those that arrived in the pause');
    await Promise.all([refused, ...paused]);
    ok(performance.now() - start >= 2_000 - tolerance, 'a pause of 2,000 ms');
    equal((await room.stats()).arrivals.length, 5, 'number of requests that arrived');
  });

  it('singleFlight sends one request for identical calls, and gives each its own response', async ({
    open,
    room,
  }) => {
    const session = open({policies: [singleFlightPolicy()]});
    const url = room.url('/hold');
    const controller = new AbortController();
    const [first, second] = [1, 2].map(async () => (await session.fetch(url)).text());
    const rejected = rejection(session.fetch(url, {signal: controller.signal}), 'the third');
    await room.until(({held}) => held === 1, 'the request to be held');
    controller.abort(reason);
    equal(await rejected, reason, 'what the one that is aborted rejects with');
    await room.release();
    same(await Promise.all([first, second]), ['released', 'released'], 'texts');
    equal((await room.stats()).arrivals.length, 1, 'number of requests that arrived');
    equal(session.stats().active, 0, 'active');
  });

  it('singleFlight aborts its request when every call has been aborted', async ({open, room}) => {
    const session = open({policies: [singleFlightPolicy()]});
    const url = room.url('/stall');
    const controllers = [new AbortController(), new AbortController()];
    const rejected = controllers.map(({signal}) => rejection(session.fetch(url, {signal}), 'fetch'));
    await room.until(({active}) => active === 1, 'the request to arrive');
    for (const controller of controllers) controller.abort(reason);
    same(await Promise.all(rejected), [reason, reason], 'what they reject with');
    await room.until(({cut}) => cut === 1, 'the server to see the connection cut');
    equal(session.stats().active, 0, 'active');
  });

  it('hedge answers with a second attempt when the first is slow, and aborts the first', async ({
    open,
    room,
  }) => {
    const session = open({policies: [hedgePolicy({delay: 100})]});
    // Otherwise the cache of a browser holds the second request back until the first is answered.
    const response = await session.fetch(room.url('/flaky', {stall: 1}), {cache: 'no-store'});
    equal(response.status, 200, 'status');
    await response.text();
    await room.until(({cut}) => cut === 1, 'the server to see the first one cut');
    equal((await room.stats()).arrivals.length, 2, 'number of requests that arrived');
    equal(session.stats().active, 0, 'active');
  });

  it('circuitBreaker opens for a host that fails, and closes after it has recovered', async ({
    open,
    room,
  }) => {
    const session = open({policies: [circuitBreakerPolicy({minimum: 3, openFor: 2_000})]});
    const statusOf = async (code: number, host: 0 | 1 = 0) => {
      const response = await session.fetch(room.url('/status', {code}, host));
      await response.text();
      return response.status;
    };
    for (let count = 0; count < 3; count++) equal(await statusOf(500), 500, 'status of the failures');
    const {retryAfter} = await typedRejection(statusOf(200), 'the next', {name: 'CircuitOpenError'});
    ok(Number(retryAfter) > 0 && Number(retryAfter) <= 2_000, `retryAfter not to be ${retryAfter}`);
    equal(await statusOf(200, 1), 200, 'status of another host');
    await sleep(Number(retryAfter) + tolerance);
    equal(await statusOf(200), 200, 'status of the probe');
    equal(await statusOf(200), 200, 'status after it');
    equal((await room.stats()).arrivals.length, 6, 'number of requests that arrived');
  });
};
