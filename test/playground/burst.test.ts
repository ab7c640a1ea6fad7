import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Run} from '../../playground/model/run.ts';
import {applyEvent, createRun} from '../../playground/model/run.ts';
import type {LogSummary} from '../../playground/model/server-log.ts';
import type {Engine, Settings} from '../../playground/model/settings.ts';
import {defaultSettings} from '../../playground/model/settings.ts';
import {targetUrls} from '../../playground/model/target.ts';
import {runBurst} from '../../playground/run/burst.ts';
import type {Runs} from '../../playground/server/runs.ts';
import {startRuns} from '../../playground/server/runs.ts';
import {waitFor} from '../support/wait-for.ts';

const quick: Settings = {
  ...defaultSettings,
  requests: 40,
  hosts: 2,
  latency: 5,
  bodyTime: 4,
  failures: 0,
  minDelay: 5,
  retryBudget: 0,
};

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns();
});
afterAll(() => runs.close());

/** Sends a burst from this process, and gives what the page would know of it, and what the server knows. */
async function sent(
  changes: Partial<Settings>,
  {engine = 'session', abortAt}: {engine?: Engine; abortAt?: (run: Run) => boolean} = {},
): Promise<{run: Run; log: LogSummary}> {
  const settings = {...quick, ...changes};
  const target = runs.create(settings);
  const run = createRun(settings.requests, target.hosts);
  const controller = new AbortController();
  const {signal} = controller;
  await runBurst({
    settings,
    runtime: 'node',
    engine,
    urls: targetUrls(target, settings),
    signal,
    emit(event) {
      // A page gets events as JSON from another process.
      applyEvent(run, JSON.parse(JSON.stringify(event)));
      if (!signal.aborted && abortAt?.(run)) controller.abort(new Error('enough'));
    },
  });
  const log = () => runs.find(target.id)?.log.summary() as LogSummary;
  await waitFor(() => log().active === 0);
  return {run, log: log()};
}

const phasesOf = (run: Run) => new Set(run.requests.flatMap(({spans}) => spans.map(({phase}) => phase)));

describe('a burst on a session', () => {
  it('a burst records each request from start to end, phase after phase', async () => {
    const {run, log} = await sent({limitPerHost: 4});
    expect(run).toMatchObject({started: 40, done: 40, failed: 0, isOver: true, sent: log.arrived});
    expect(phasesOf(run)).toEqual(new Set(['queued', 'connecting', 'waiting', 'receiving']));
    for (const {spans, start, end = 0, bytes} of run.requests) {
      expect(bytes).toBe(quick.size);
      let before = start;
      for (const span of spans) {
        expect(span.start).toBeGreaterThanOrEqual(before);
        before = span.end as number;
      }
      expect(before).toBeLessThanOrEqual(end);
    }
    expect(Object.values(run.inPhase).every((count) => count === 0)).toBe(true);
    expect(run.requests.some(({attempts}) => attempts[0]?.reused)).toBe(true);
    expect(log.hosts.map(({peak}) => peak)).toEqual([4, 4]);
  });

  it('a burst counts what the server counts, whatever fails', async () => {
    const {run, log} = await sent({failures: 20, throttled: 10, retryAfter: 0, resets: 10, cuts: 10});
    expect(run.done + run.failed).toBe(40);
    expect(run.sent).toBe(log.arrived);
    expect(run.attempts).toBeGreaterThan(40);
    expect(phasesOf(run)).toContain('backing-off');
    const [failed] = run.requests.filter(({state}) => state === 'failed');
    expect(failed?.error?.details).toMatchObject({code: expect.any(String), attempts: expect.any(Number)});
  });

  it('a burst shows requests that a rate limit holds back', async () => {
    const {run} = await sent({requests: 12, hasRateLimit: true, rateRequests: 4, ratePer: 50});
    expect(phasesOf(run)).toContain('paused');
    expect(run.done).toBe(12);
  });

  it('a burst shows hedges beside the requests that they hedge', async () => {
    const {run, log} = await sent({
      hasHedging: true,
      hedgeDelay: 1,
      hedgeBudget: 0,
      latency: 30,
      limitPerHost: 0,
    });
    expect(run.retries).toBeGreaterThan(0);
    expect(run.sent).toBe(log.arrived);
  });

  it('a burst shows that calls of a single flight are sent once', async () => {
    const {run, log} = await sent({hasSingleFlight: true, urls: 2, hosts: 1, latency: 50});
    expect(run.done).toBe(40);
    expect(run.sent).toBe(log.arrived);
    expect(log.arrived).toBeLessThan(40);
  });

  it('a burst ends at once when it is aborted, and leaves nothing active at the server', async () => {
    const abortAt = (run: Run) => run.done === 5;
    const {run, log} = await sent({limitPerHost: 2, concurrency: 20, latency: 20}, {abortAt});
    expect(run.isOver).toBe(true);
    expect(run.started).toBe(run.done + run.failed);
    expect(run.started).toBeLessThan(40);
    // A request that was being sent at that moment may not have arrived.
    expect(log.arrived).toBeLessThanOrEqual(run.sent);
    expect(log.outcomes.left).toBeGreaterThan(0);
    expect(Object.values(run.inPhase).every((count) => count === 0)).toBe(true);
  });
});

describe('a burst on plain fetch', () => {
  it('a burst on plain fetch records what is visible from outside', async () => {
    const {run, log} = await sent({failures: 20}, {engine: 'fetch'});
    expect(log.arrived).toBe(40);
    expect(run.failed).toBe(log.statuses['503']);
    expect(phasesOf(run)).toEqual(new Set(['waiting', 'receiving']));
    expect(run.pool).toBeUndefined();
  });

  it('a burst on plain fetch ends when it is aborted', async () => {
    const {run} = await sent({latency: 60_000}, {engine: 'fetch', abortAt: ({started}) => started === 40});
    expect(run.failed).toBe(40);
  });
});
