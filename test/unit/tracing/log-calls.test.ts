import {Writable} from 'node:stream';
import pino from 'pino';
import {describe, expect, it} from 'vitest';
import {InvalidOptionError, logCalls, UnsupportedOptionError} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {pass, useFakeClock} from '../policies/support.ts';

const url = 'https://a.test/users?token=s3cret';
/** A body of one chunk that takes its time. */
const slowBody = (ms: number) =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(await later(ms, new Uint8Array(3)));
      controller.close();
    },
  });
const later = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

describe('a line says', () => {
  useFakeClock();

  async function linesOf(
    handler: Parameters<typeof mockSession>[0],
    options: Parameters<typeof mockSession>[1] = {},
    call: (session: ReturnType<typeof mockSession>['session']) => Promise<unknown> = ({fetch}) => fetch(url),
    logOptions = {},
  ): Promise<string[]> {
    const lines: string[] = [];
    const log = logCalls((line) => lines.push(line), logOptions);
    const {session} = mockSession(handler, {trace: [log], ...options});
    const called = call(session);
    await pass(10_000);
    await called;
    return lines;
  }

  it('a line has the method, the address, the status and the duration', async () => {
    expect(await linesOf(() => later(34, 'x'))).toEqual(['GET a.test/users?token=… 200 34 ms']);
  });

  it('a line has the number of attempts and the time spent waiting', async () => {
    const handler = ({attempt}: {attempt: number}) =>
      later(10, new Response('', {status: attempt === 1 ? 503 : 200, headers: {'retry-after': '1'}}));
    expect(await linesOf(handler, {retry: {retries: 1}})).toEqual([
      'GET a.test/users?token=… 200 1020 ms, attempt 2, waited 1000 ms',
    ]);
  });

  it('the line of a failed call has the code of its error', async () => {
    const lines = await linesOf(
      () => later(5, 0).then(() => Promise.reject(new TypeError('fetch failed'))),
      {},
      ({fetch}) => rejection(fetch(url)),
    );
    expect(lines).toEqual(['GET a.test/users?token=… ERR_CONNECTION 5 ms']);
  });

  it.each([
    [new DOMException('Stop', 'AbortError'), 'AbortError'],
    ['enough', 'failed'],
    [null, 'failed'],
  ])('the line of a failed call has the name of an error without a code: %s', async (reason, told) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 5);
    const lines = await linesOf(
      () => new Promise(() => {}),
      {},
      ({fetch}) => fetch(url, {signal: controller.signal}).catch(() => undefined),
    );
    expect(lines).toEqual([`GET a.test/users?token=… ${told} 5 ms`]);
  });

  it.each([
    [399, []],
    [400, ['GET a.test/users?token=… 400 99 ms']],
  ])('a fast call is logged only if it went wrong: %i', async (status, lines) => {
    const handler = () => later(99, new Response('', {status}));
    expect(await linesOf(handler, {}, undefined, {slowerThan: 100})).toEqual(lines);
  });

  it('a call that took exactly slowerThan is logged', async () => {
    const lines = await linesOf(() => later(100, 'x'), {}, undefined, {slowerThan: 100});
    expect(lines).toEqual(['GET a.test/users?token=… 200 100 ms']);
  });

  it('a line leaves out a wait of less than a millisecond', async () => {
    const lines: string[] = [];
    const listener = logCalls((line) => lines.push(line)) as (event: object, detail: object) => void;
    const call = {id: 1, method: 'GET', url: 'https://a.test/'};
    for (const end of [10.9, 11]) {
      const tell = (type: string, time: number, more = {}) =>
        listener({type, call, attempt: 1, time, ...more}, {});
      tell('requestStart', 10);
      tell('attemptStart', 10);
      tell('connectionQueuedStart', 10);
      tell('connectionQueuedEnd', end);
      tell('attemptEnd', 20, {status: 200});
      tell('requestEnd', 20);
    }
    expect(lines.map((line) => line.includes('waited'))).toEqual([false, true]);
  });
});

describe('pino writes', () => {
  useFakeClock();

  function logged() {
    const records: Array<Record<string, unknown>> = [];
    const stream = new Writable({
      write(line, _encoding, done) {
        records.push(JSON.parse(String(line)));
        done();
      },
    });
    return {records, logger: pino({base: null, timestamp: false}, stream)};
  }

  it('pino gets the line as its message and the same in fields, with the phases that took time', async () => {
    const {records, logger} = logged();
    const {session} = mockSession(
      ({attempt}) =>
        attempt === 1
          ? later(20, new Response('', {status: 503, headers: {'retry-after': '1'}}))
          : later(30, 0).then(() => new Response(slowBody(40))),
      {trace: [logCalls(logger)], retry: {retries: 1}},
      {limit: 1},
    );
    const calls = [session.get(url).text(), session.get(url).text()];
    await pass(5_000);
    await Promise.all(calls);
    const line = 'GET a.test/users?token=… 200';
    const fields = {
      level: 30,
      method: 'GET',
      url: 'https://a.test/users?token=…',
      status: 200,
      attempts: 2,
    };
    expect(records).toEqual([
      {
        ...fields,
        duration: 1_090,
        waited: 1_000,
        phases: {wait: 50, receive: 40, backoff: 1_000},
        msg: `${line} 1090 ms, attempt 2, waited 1000 ms`,
      },
      {
        ...fields,
        duration: 1_160,
        waited: 1_070,
        phases: {queued: 70, wait: 50, receive: 40, backoff: 1_000},
        msg: `${line} 1160 ms, attempt 2, waited 1070 ms`,
      },
    ]);
  });

  it('pino gets a status from 400 as a warning, and a failure as an error with its code', async () => {
    const {records, logger} = logged();
    const {session} = mockSession(
      (call) => {
        if (call.url.endsWith('bad')) throw new TypeError('fetch failed');
        return new Response('', {status: 404});
      },
      {trace: [logCalls(logger)]},
    );
    await session.fetch(url);
    await rejection(session.fetch('https://a.test/?token=s3cret&then=bad'));
    expect(records).toMatchObject([
      {level: 40, status: 404},
      {level: 50, err: {type: 'ConnectionError', code: 'ERR_CONNECTION'}},
    ]);
    expect(JSON.stringify(records)).not.toContain('s3cret');
  });
});

it('logCalls refuses a value that is neither a function nor a logger, and unknown options', () => {
  for (const log of ['log', {}, {info: 1}, null]) {
    expect(thrown(() => logCalls(log as never))).toBeInstanceOf(InvalidOptionError);
  }
  expect(thrown(() => logCalls(console.log, {slow: 1} as never))).toBeInstanceOf(UnsupportedOptionError);
  expect(thrown(() => logCalls(console.log, {slowerThan: Number.NaN}))).toBeInstanceOf(InvalidOptionError);
});
