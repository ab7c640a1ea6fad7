import {describe, expect, it} from 'vitest';
import type {TraceEvent, TraceSignals} from '../../../src/core/trace.ts';
import {phases, Stopwatch} from '../../../src/tracing/stopwatch.ts';

/** A stopwatch that has heard these, each at its time; begun at 100. */
function heard(...signals: ReadonlyArray<readonly [keyof TraceSignals, number]>): Stopwatch {
  const stopwatch = new Stopwatch(100, 'wait');
  for (const [type, time] of signals) stopwatch.hear({type, time} as TraceEvent);
  return stopwatch;
}

describe('a stopwatch', () => {
  it('the phases of an attempt are measured and add up to its duration', () => {
    const stopwatch = heard(
      ['attemptStart', 100],
      ['connectionQueuedStart', 100],
      ['connectionQueuedEnd', 101],
      ['connectionCreateStart', 101],
      ['dnsResolveStart', 101],
      ['dnsResolveEnd', 103],
      ['tlsStart', 107],
      ['tlsEnd', 115],
      ['connectionCreateEnd', 115],
      ['requestSent', 131],
      ['responseHeadersReceived', 163],
    );
    const found = stopwatch.read(phases, 227);
    expect(found).toEqual({queued: 1, dns: 2, connect: 4, tls: 8, send: 16, wait: 32, receive: 64});
    expect(Object.values(found).reduce((sum, ms) => sum + ms)).toBe(227 - stopwatch.startTime);
    expect(stopwatch.phase).toBe('receive');
  });

  it('a signal within a phase does not end the phase', () => {
    const stopwatch = heard(
      ['requestSent', 100],
      ['responseHeadersReceived', 110],
      ['responseChunkReceived', 120],
      ['responseChunkReceived', 130],
    );
    expect(stopwatch.read(phases, 140)).toMatchObject({wait: 10, receive: 30});
  });

  it('a response before the end of the upload stays in the phase receive', () => {
    const stopwatch = heard(['connectionReuse', 100], ['responseHeadersReceived', 110], ['requestSent', 120]);
    expect(stopwatch.phase).toBe('receive');
    expect(stopwatch.read(phases, 140)).toMatchObject({send: 10, wait: 0, receive: 30});
  });

  it('resent requests and redirects count to their phases', () => {
    const stopwatch = heard(
      ['connectionReuse', 100],
      ['requestResent', 101],
      ['connectionCreateEnd', 103],
      ['requestSent', 107],
      ['responseHeadersReceived', 115],
      ['requestRedirect', 131],
      ['responseHeadersReceived', 163],
    );
    expect(stopwatch.read(phases, 227)).toMatchObject({send: 5, connect: 2, wait: 40, receive: 80});
  });

  it('the first phase lasts until a signal begins another', () => {
    const stopwatch = new Stopwatch(100, 'other');
    expect(stopwatch.phase).toBe('other');
    expect([stopwatch.spent('other', 105), stopwatch.spent('wait', 105)]).toEqual([5, 0]);
  });
});
