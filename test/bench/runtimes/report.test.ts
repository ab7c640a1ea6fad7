import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {parseStat} from './group-time.ts';
import type {RuntimesReport} from './report.ts';
import {renderRuntimes, withRuntimes} from './report.ts';

const samplesOf = (rates: readonly number[], cpu: number) =>
  rates.map((work) => ({work, seconds: 1, cpu: work * cpu}));

const report: RuntimesReport = {
  machine: 'M',
  rounds: 3,
  notes: ['Bun is not installed'],
  results: [
    {
      runtime: 'Deno 2',
      kind: 'get',
      native: {label: 'native', samples: samplesOf([10_000, 10_000, 10_000], 100e-6)},
      session: {label: 'session.fetch', samples: samplesOf([9_000, 9_000, 9_500], 110e-6)},
    },
    {
      runtime: 'Silent 1',
      kind: 'get',
      native: {label: 'native', samples: samplesOf([10_000, 10_000, 10_000], Number.NaN)},
      session: {label: 'session.fetch', samples: samplesOf([9_900, 10_000, 10_100], Number.NaN)},
    },
  ],
};

describe('renderRuntimes', () => {
  it('a runtime is shown with its rates, the ratios and the CPU that a session adds to a request', () => {
    const [title, heading, deno, silent] = renderRuntimes(report).split('\n');
    expect(title).toBe('GET of a small JSON, 64 at once (browsers: 6)');
    expect(heading?.split(/ {2,}/)).toEqual([
      '',
      'own fetch, requests/s',
      'session.fetch',
      'by requests/s',
      'by CPU',
      'added CPU µs',
    ]);
    expect(deno?.split(/ {2,}/)).toEqual([
      'Deno 2',
      '10,000 (10,000–10,000)',
      '9,000 (9,000–9,250)',
      '0.90x (0.90–0.93)',
      '0.91x (0.91–0.91)',
      '10.0 (10.0 to 10.0)',
    ]);
    // A runtime of which nothing tells the CPU.
    expect(silent?.split(/ {2,}/).slice(3)).toEqual(['same (0.99–1.00)', '–', '–']);
  });

  it('the runtimes that took no part are named', () => {
    expect(renderRuntimes(report)).toContain('Bun is not installed');
  });
});

describe('withRuntimes', () => {
  it('test/bench/README.md has a place for the tables', () => {
    const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(withRuntimes(page, report)).toContain('| Deno 2 | 10,000 (10,000–10,000) |');
  });
});

describe('parseStat', () => {
  // user 5 and system 3 ticks, and 2 and 1 of its ended children.
  const line = '7 (a) b (c) S 1 42 42 0 -1 4194560 0 0 0 0 5 3 2 1 20 0 1 0';

  it('the time of a process of the group counts its ended children', () => {
    expect(parseStat(line, 42)).toBeCloseTo(0.11);
  });

  it('a process of another group has none', () => {
    expect(parseStat(line, 1)).toBeUndefined();
  });
});
