import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {presetNames, presetSettings} from '../../playground/model/presets.ts';
import {sessionCode} from '../../playground/model/session-code.ts';
import type {Settings} from '../../playground/model/settings.ts';
import {defaultSettings} from '../../playground/model/settings.ts';
import {targetUrls} from '../../playground/model/target.ts';
import {runBurst} from '../../playground/run/burst.ts';
import type {Runs} from '../../playground/server/runs.ts';
import {startRuns} from '../../playground/server/runs.ts';
import {root} from '../support/snippets.ts';

const run = promisify(execFile);

const plain: Settings = {...defaultSettings, limitPerHost: 0, minDelay: 500, requests: 3, hosts: 1};
const everything: Settings = {
  ...plain,
  limit: 50,
  limitPerHost: 6,
  isAdaptive: true,
  timeoutTotal: 60_000,
  timeoutAttempt: 20_000,
  timeoutPool: 30_000,
  timeoutConnect: 2_000,
  timeoutRead: 5_000,
  retries: 3,
  minDelay: 10,
  maxDelay: 1_000,
  retryBudget: 0,
  hasRateLimit: true,
  rateRequests: 1_000,
  rateBurst: 100,
  rateScope: 'host',
  hasHedging: true,
  hedgeDelay: 80,
  hedgeBudget: 25,
  hasBreaker: true,
  breakerFailures: 90,
  breakerMinimum: 40,
  breakerOpenFor: 500,
  hasSingleFlight: true,
  concurrency: 20,
  urls: 2,
};

describe('the code of a session', () => {
  it('the code of a session leaves defaults out', () => {
    expect(sessionCode(plain, 'node')).toBe(`import {createSession, gather} from 'aiofetch';

const hosts = ['https://a.example.com'];
const urls = Array.from({length: 3}, (_, n) =>
  \`\${hosts[n % hosts.length]}/items/\${n}\`,
);

await using session = createSession();

const results = await gather(
  urls,
  (url, {signal}) => session.get(url, {signal}).bytes(),
  {concurrency: Infinity, settle: true},
);
console.log(results.filter(({status}) => status === 'fulfilled').length, session.stats().totals);
`);
  });

  it('the code of a session contains every option that is set', () => {
    const code = sessionCode(everything, 'node');
    expect(
      code.slice(code.indexOf('await using'), code.indexOf('const results')),
    ).toBe(`await using session = createSession({
  connector: {limit: 50, limitPerHost: adaptiveLimit({max: 6})},
  timeout: {
    total: 60_000,
    attempt: 20_000,
    pool: 30_000,
    connect: 2_000,
    read: 5_000,
  },
  retry: {retries: 3, minDelay: 10, maxDelay: 1_000, budget: false},
  rateLimit: {requests: 1_000, per: 1_000, burst: 100, scope: 'host'},
  policies: [
    singleFlightPolicy(),
    circuitBreakerPolicy({failures: 0.9, minimum: 40, openFor: 500}),
    hedgePolicy({delay: 80, budget: {ratio: 0.25}}),
  ],
});

`);
  });

  it('the code for a browser has no option that a browser would refuse', () => {
    expect(sessionCode(everything, 'browser')).not.toContain('connect:');
    expect(sessionCode(everything, 'browser')).toContain("cache: 'no-store'");
  });
});

describe('the code of a session sends what the playground sends', () => {
  let runs: Runs;
  beforeAll(async () => {
    runs = await startRuns();
  });
  afterAll(() => runs.close());

  /** Runs the code, and gives what the server saw and what the code printed. */
  async function executed(settings: Settings) {
    const target = runs.create(settings);
    const code = sessionCode(settings, 'node', target);
    const flags = ['--conditions=@aiofetch/source', '--input-type=module'];
    const {stdout} = await run(process.execPath, [...flags, '--eval', code], {cwd: root});
    return {log: runs.find(target.id)?.log.summary(), stdout};
  }

  it.concurrent('the code with all options', async () => {
    const settings = {
      ...everything,
      failures: 0,
      hasSingleFlight: false,
      hasHedging: false,
      latency: 5,
      requests: 40,
    };
    const {log, stdout} = await executed(settings);
    expect(log).toMatchObject({arrived: 40, outcomes: {answered: 40}});
    expect(stdout).toMatch(/^40 /);
  });

  it.concurrent.each(presetNames)('the code of the preset %s', async (name) => {
    // The same settings on a quick server.
    const settings = {
      ...presetSettings(name),
      requests: 60,
      latency: 5,
      latencyShape: 'fixed',
      bodyTime: 0,
    } as const;
    const {log, stdout} = await executed(settings);
    const target = runs.create(settings);
    const settled: boolean[] = [];
    await runBurst({
      settings,
      runtime: 'node',
      engine: 'session',
      urls: targetUrls(target, settings),
      signal: new AbortController().signal,
      emit(event) {
        if (event[0] === 'settled') settled[event[2]] = event[3].error === undefined;
      },
    });
    expect(settled).toHaveLength(60);
    const saw = runs.find(target.id)?.log.summary();
    // What a breaker, a hedge, a single flight or a quota lets through depends on timing, and so does whether a reset
    // connection had served a request before.
    const {hasBreaker, hasHedging, hasSingleFlight, quota, resets} = settings;
    const depends = hasBreaker || hasHedging || hasSingleFlight || quota > 0 || resets > 0;
    if (!depends) {
      expect(log?.outcomes).toEqual(saw?.outcomes);
      expect(log?.statuses).toEqual(saw?.statuses);
      expect(Number.parseInt(stdout, 10)).toBe(settled.filter(Boolean).length);
    }
    expect(log?.arrived).toBeGreaterThan(0);
  });
});
