import {describe, expect, it} from 'vitest';
import type {CallTimings, SessionOptions} from '../../../src/index.ts';
import {hedgePolicy, recordTimings, timings} from '../../../src/index.ts';
import {mockSession, rejection} from '../../support/mock-session.ts';
import {pass, useFakeClock} from '../policies/support.ts';

useFakeClock();

const url = 'https://a.test/';
const later = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

function measured(
  handler: Parameters<typeof mockSession>[0],
  options: SessionOptions = {},
  limits: {limit?: number} = {},
) {
  const reports: CallTimings[] = [];
  const trace = [recordTimings((report) => reports.push(report))];
  return {...mockSession(handler, {trace, ...options}, limits), reports};
}

const phases = ['queued', 'dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;

function expectSum(found: CallTimings): void {
  const {rateLimited, backoff, other, total, attempts} = found;
  const sum = phases.reduce((sum, phase) => sum + found[phase], rateLimited + backoff + other);
  expect(sum).toBeCloseTo(total, 6);
  for (const attempt of attempts) {
    expect(phases.reduce((sum, phase) => sum + attempt[phase], 0)).toBeCloseTo(attempt.total, 6);
  }
}

/** A body of one chunk that takes its time. */
function slowBody(ms: number): ReadableStream {
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(await later(ms, new Uint8Array(3)));
      controller.close();
    },
  });
}

describe('timings()', () => {
  it('timings have the wait for the head, the time of the body, and whether the call has ended', async () => {
    const {session} = measured(() => later(20, 0).then(() => new Response(slowBody(30))));
    const call = session.fetch(url);
    await pass(25);
    const response = await call;
    expect(timings(response)).toMatchObject({wait: 20, receive: 5, total: 25, ended: false});
    const text = response.text();
    await pass(100);
    await text;
    const found = timings(response) as CallTimings;
    expect(found).toMatchObject({wait: 20, receive: 30, total: 50, ended: true, status: 200});
    expectSum(found);
  });

  it('timings have the wait for a slot', async () => {
    const {session} = measured(() => later(10, 'x'), {}, {limit: 1});
    const calls = [session.fetch(url), session.fetch(url)];
    await pass(20);
    const [first, second] = (await Promise.all(calls)).map(timings) as [CallTimings, CallTimings];
    expect(first).toMatchObject({queued: 0, wait: 10, total: 10});
    expect(second).toMatchObject({queued: 10, wait: 10, total: 20});
  });

  it('timings have the outcome of each attempt and the time between attempts', async () => {
    let times = 0;
    const {session} = measured(
      () => {
        times++;
        if (times === 1) return later(5, new Response('', {status: 503, headers: {'retry-after': '1'}}));
        if (times === 2) return later(7, 0).then(() => Promise.reject(new TypeError('gone')));
        return later(9, 'x');
      },
      {retry: {retries: 2, minDelay: 0}},
    );
    const call = session.fetch(url);
    await pass(2_000);
    const found = timings(await call) as CallTimings;
    // A timer of 0 ms takes one.
    expect(found).toMatchObject({wait: 21, backoff: 1_001, total: 1_022});
    expect(found.attempts).toMatchObject([
      {attempt: 1, startTime: found.startTime, total: 5, status: 503, error: undefined},
      {
        attempt: 2,
        startTime: found.startTime + 1_005,
        total: 7,
        status: undefined,
        error: {code: 'ERR_CONNECTION'},
      },
      {attempt: 3, startTime: found.startTime + 1_013, total: 9, status: 200},
    ]);
    expectSum(found);
  });

  it('timings have the wait for the rate limit and the time of policies', async () => {
    const slow = (next: (request: never) => Promise<Response>) => async (request: never) => {
      await later(4, 0);
      return next(request);
    };
    const {session} = measured(() => 'x', {
      rateLimit: {requests: 1, per: 100},
      policies: [slow as never],
    });
    const calls = [session.fetch(url), session.fetch(url)];
    await pass(200);
    const found = timings((await Promise.all(calls))[1] as Response) as CallTimings;
    expect(found).toMatchObject({rateLimited: 100, other: 4, total: 104});
    expectSum(found);
  });

  it('redirects count to their attempt', async () => {
    const {session} = measured((call) =>
      later(5, call.url.endsWith('end') ? new Response('x') : Response.redirect(`${url}end`)),
    );
    const call = session.fetch(url);
    await pass(10);
    const found = timings(await call) as CallTimings;
    expect(found.attempts).toMatchObject([{redirects: 1, wait: 10, status: 200}]);
  });

  it('with overlapping attempts, the call is in the phase of the attempt that began last', async () => {
    let times = 0;
    const {session} = measured(() => later(++times === 1 ? 100 : 20, 'x'), {
      policies: [hedgePolicy({delay: 30})],
    });
    const call = session.fetch(url);
    await pass(100);
    const found = timings(await call) as CallTimings;
    expect(found).toMatchObject({wait: 50, total: 50});
    expect(found.attempts).toMatchObject([
      {attempt: 1, total: 50, error: {name: 'AbortError'}},
      {attempt: 2, total: 20, status: 200},
    ]);
    expectSum(found);
  });

  it('timings are known for the error of a failed call', async () => {
    const {session, reports} = measured(() => later(5, 0).then(() => Promise.reject(new TypeError('gone'))));
    const failing = rejection(session.fetch(url));
    await pass(5);
    const error = await failing;
    expect(timings(error)).toMatchObject({wait: 5, total: 5, ended: true, error});
    expect(reports).toMatchObject([{total: 5, error}]);
  });

  it('timings are reported once for each call, at the end of its body', async () => {
    const {session, reports} = measured(() => new Response(slowBody(10)));
    const call = session.fetch(url);
    await pass(1);
    expect(reports).toEqual([]);
    const text = (await call).text();
    await pass(10);
    await text;
    expect(reports).toMatchObject([{call: {method: 'GET', url}, total: 10, ended: true}]);
    reports.forEach(expectSum);
  });

  it('timings are undefined for a call that was not recorded', async () => {
    const {session} = mockSession(() => 'x');
    expect(timings(await session.fetch(url))).toBeUndefined();
    expect(timings(new Response())).toBeUndefined();
  });
});
