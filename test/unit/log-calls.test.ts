import {Writable} from 'node:stream';
import pino from 'pino';
import {describe, expect, it} from 'vitest';
import {InvalidOptionError, logCalls} from '../../src/index.ts';
import {mockSession, rejection, thrown} from '../support/mock-session.ts';
import {pass, useFakeClock} from './policies/support.ts';

const url = 'https://a.test/users?token=s3cret';
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

  it('what was asked for, what came of it, and how long it took', async () => {
    expect(await linesOf(() => later(34, 'x'))).toEqual(['GET a.test/users?token=… 200 34 ms']);
  });

  it('which attempt it was, and how long was waited', async () => {
    const handler = ({attempt}: {attempt: number}) =>
      later(10, new Response('', {status: attempt === 1 ? 503 : 200, headers: {'retry-after': '1'}}));
    expect(await linesOf(handler, {retry: {retries: 1}})).toEqual([
      'GET a.test/users?token=… 200 1020 ms, attempt 2, waited 1000 ms',
    ]);
  });

  it('how it failed, by the code', async () => {
    const lines = await linesOf(
      () => later(5, 0).then(() => Promise.reject(new TypeError('fetch failed'))),
      {},
      ({fetch}) => rejection(fetch(url)),
    );
    expect(lines).toEqual(['GET a.test/users?token=… ERR_CONNECTION 5 ms']);
  });

  it('nothing of what was fast enough, unless it went wrong', async () => {
    const handler = ({url}: {url: string}) =>
      later(5, new Response('', {status: url.endsWith('no') ? 404 : 200}));
    const both = async ({fetch}: {fetch(url: string): Promise<unknown>}) => {
      await Promise.all([fetch('https://a.test/'), fetch('https://a.test/no')]);
    };
    expect(await linesOf(handler, {}, both, {slowerThan: 100})).toEqual(['GET a.test/no 404 5 ms']);
  });
});

describe('pino writes', () => {
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

  it('the line as its message, and the same in fields', async () => {
    const {records, logger} = logged();
    const {session} = mockSession(() => 'x', {trace: [logCalls(logger)]});
    await session.get(url).json();
    expect(records).toEqual([
      {
        level: 30,
        method: 'GET',
        url: 'https://a.test/users?token=…',
        status: 200,
        duration: expect.any(Number),
        attempts: 1,
        waited: 0,
        phases: expect.any(Object),
        msg: expect.stringMatching(/^GET a\.test\/users\?token=… 200 \d+ ms$/),
      },
    ]);
  });

  it('a status from 400 as a warning, and a failure as an error with its code', async () => {
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

it('what is neither a function nor a logger is refused', () => {
  expect(thrown(() => logCalls('log' as never))).toBeInstanceOf(InvalidOptionError);
  expect(thrown(() => logCalls(console.log, {slow: 1} as never))).toBeInstanceOf(InvalidOptionError);
  expect(thrown(() => logCalls(console.log, {slowerThan: Number.NaN}))).toBeInstanceOf(InvalidOptionError);
});
