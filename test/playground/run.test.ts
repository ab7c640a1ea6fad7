import {describe, expect, it} from 'vitest';
import type {AttemptResult, RunEvent} from '../../playground/model/events.ts';
import {percentile, percentilesOf} from '../../playground/model/percentiles.ts';
import type {RequestRecord, Run} from '../../playground/model/run.ts';
import {applyEvent, createRun, durationOf, stateOf} from '../../playground/model/run.ts';
import {seriesOf, stretchFor} from '../../playground/model/series.ts';
import {orderRequests} from '../../playground/model/table.ts';

const ok: AttemptResult = {status: 200, bytes: 10, isSent: true};
const error = {name: 'TimeoutError', message: 'late', details: {}};

function runOf(...events: RunEvent[]): Run {
  const run = createRun(4, ['http://a.test', 'http://b.test']);
  for (const event of events) applyEvent(run, event);
  return run;
}

const first = (run: Run) => run.requests[0] as RequestRecord;

describe('a run', () => {
  it('a run counts time from its start, whatever its clock says', () => {
    const run = runOf(['begin', 5_000], ['start', 5_020, 0]);
    expect(first(run).start).toBe(20);
    expect(run.latest).toBe(20);
  });

  it('a run makes a span of each phase, which begins where the one before ends', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['phase', 1, 0, 1, 'queued'],
      ['phase', 5, 0, 1, 'waiting'],
      ['phase', 9, 0, 1, 'receiving'],
      ['attempt', 12, 0, 1, ok],
      ['settled', 13, 0, {status: 200}],
    );
    expect(first(run).spans).toEqual([
      {phase: 'queued', attempt: 1, start: 1, end: 5},
      {phase: 'waiting', attempt: 1, start: 5, end: 9},
      {phase: 'receiving', attempt: 1, start: 9, end: 12},
    ]);
    expect(run.phaseTimes).toMatchObject({queued: 4, waiting: 4, receiving: 3});
    expect(run).toMatchObject({done: 1, failed: 0, attempts: 1, sent: 1, bytes: 10});
    expect(durationOf(first(run), 99)).toBe(13);
  });

  it('a run leaves out a phase that took no time', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['phase', 1, 0, 1, 'waiting'],
      ['phase', 1, 0, 1, 'queued'],
    );
    expect(first(run).spans).toHaveLength(1);
    expect(run.inPhase).toMatchObject({waiting: 0, queued: 1});
    expect(stateOf(first(run))).toBe('queued');
  });

  it('a run ends a backoff where the next attempt begins', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['phase', 0, 0, 1, 'waiting'],
      ['attempt', 5, 0, 1, {...ok, status: 503}],
      ['phase', 6, 0, 1, 'backing-off'],
      ['phase', 20, 0, 2, 'waiting'],
    );
    expect(first(run).spans[1]).toEqual({phase: 'backing-off', attempt: 1, start: 6, end: 20});
    expect(run.inPhase['backing-off']).toBe(0);
  });

  it('a run can have two attempts of a call active at once', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['phase', 0, 0, 1, 'waiting'],
      ['phase', 30, 0, 2, 'waiting'],
      ['attempt', 40, 0, 1, {bytes: 0, isSent: true}],
    );
    expect(run.inPhase.waiting).toBe(1);
    expect(first(run).spans.map(({end}) => end)).toEqual([40, undefined]);
    expect(run.retries).toBe(0);
  });

  it('a run ends open spans with the call, and ignores later events of the call', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['phase', 0, 0, 1, 'queued'],
      ['settled', 7, 0, {error}],
      ['settled', 9, 0, {}],
      ['phase', 9, 0, 1, 'waiting'],
    );
    expect(run).toMatchObject({done: 0, failed: 1, inPhase: {queued: 0, waiting: 0}});
    expect(first(run)).toMatchObject({end: 7, state: 'failed', error});
  });

  it('a run counts every sent request, also those sent again', () => {
    const run = runOf(
      ['begin', 0],
      ['start', 0, 0],
      ['attempt', 1, 0, 1, {bytes: 0, isSent: false}],
      ['attempt', 2, 0, 2, {...ok, resent: 1}],
    );
    expect(run).toMatchObject({attempts: 2, retries: 1, sent: 2});
  });

  it('a run keeps the highest number of slots in use', () => {
    const sample = {time: 0, limit: 9, limitPerHost: 0, queued: 0, idle: 0};
    const host = {queued: 0, idle: 0};
    const run = runOf(
      ['begin', 0],
      ['pool', 1, {...sample, active: 3, hosts: {'http://a.test': {...host, active: 3}}}],
      ['pool', 2, {...sample, active: 1, hosts: {}}],
    );
    expect(run.peaks).toEqual({'': 3, 'http://a.test': 3});
    expect(run.pool?.active).toBe(1);
  });
});

describe('percentiles', () => {
  it('percentiles are values of the list, by nearest rank', () => {
    const values = Array.from({length: 100}, (_, index) => index + 1);
    expect(percentilesOf(values)).toEqual({p50: 50, p95: 95, p99: 99});
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([1, 2], 0)).toBe(1);
    expect(percentile([1, 2], 1)).toBe(2);
  });

  it('percentiles sort by number, not by text', () => {
    expect(percentilesOf([100, 9, 20]).p50).toBe(20);
  });

  it('an empty list has no percentiles', () => {
    expect(percentilesOf([])).toEqual({p50: undefined, p95: undefined, p99: undefined});
  });
});

describe('series over time', () => {
  const settle = (time: number, index: number, failed = false): RunEvent[] => [
    ['start', 0, index],
    ['settled', time, index, failed ? {error} : {status: 200}],
  ];

  it('a series counts the settled and the failed calls of each second', () => {
    const run = runOf(['begin', 0], ...settle(50, 0), ...settle(60, 1), ...settle(150, 2, true));
    expect(seriesOf(run, 200, 100)).toEqual({
      times: [0.1, 0.2],
      throughput: [20, 10],
      failures: [0, 10],
      p50: [50, null],
      p95: [60, null],
      p99: [60, null],
    });
  });

  it('a series counts a call that settles at the very end', () => {
    const run = runOf(['begin', 0], ...settle(200, 0));
    expect(seriesOf(run, 200, 100).throughput).toEqual([0, 10]);
  });

  it('a series has at most forty intervals of a round length', () => {
    expect([300, 3_000, 59_000, 500_000].map(stretchFor)).toEqual([10, 100, 2_000, 30_000]);
  });
});

describe('the order of a table', () => {
  const run = runOf(
    ['begin', 0],
    ['start', 0, 0],
    ['start', 0, 1],
    ['start', 5, 2],
    ['settled', 30, 0, {status: 200}],
    ['settled', 10, 1, {status: 503, error}],
    ['settled', 35, 2, {status: 200}],
  );
  const order = (key: 'index' | 'status' | 'duration', isDescending: boolean, failedOnly = false) =>
    orderRequests(run.requests, {key, isDescending, failedOnly, now: 40}).map(({index}) => index);

  it('a table is ordered by start or by a column, ascending or descending', () => {
    expect(order('index', false)).toEqual([0, 1, 2]);
    expect(order('index', true)).toEqual([2, 1, 0]);
    expect(order('duration', false)).toEqual([1, 0, 2]);
    expect(order('status', true)).toEqual([1, 0, 2]);
  });

  it('a table can show only failed requests', () => {
    expect(order('index', false, true)).toEqual([1]);
  });
});
