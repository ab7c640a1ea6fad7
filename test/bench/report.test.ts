import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {markersOf} from '../support/markers.ts';
import {cases} from './cases/index.ts';
import type {CaseResult, Report, Row} from './report.ts';
import {
  addedOf,
  formatMemory,
  formatNumber,
  peakOf,
  ratioOf,
  renderMarkdown,
  renderSummary,
  renderTable,
  withReport,
  withSummary,
} from './report.ts';
import type {Target} from './targets.ts';
import {check, renderVerdict} from './targets.ts';

// Each figure is a round: requests in one second that took half a second of CPU.
function rowOf(label: string, ...rates: readonly number[]): Row {
  return {label, samples: rates.map((work) => ({work, seconds: 1, cpu: 0.5}))};
}

const result: CaseResult = {
  name: 'get',
  title: 'GET of something',
  column: 'GET',
  unit: 'request',
  ratios: [
    {against: 'fetch', by: 'rate'},
    {against: 'nobody', by: 'rate'},
  ],
  rows: [rowOf('session.fetch', 30_000, 40_000, 20_000), rowOf('fetch', 10_000, 10_000, 10_000)],
};

const transfer: CaseResult = {
  name: 'download',
  title: 'A body down',
  unit: 'byte',
  ratios: [{against: 'fetch', by: 'cpu'}],
  rows: [
    {label: 'iterChunks', samples: [{work: 2 ** 30, seconds: 1, cpu: 0.5, peak: 20e6}]},
    {label: 'fetch', samples: [{work: 2 ** 30, seconds: 0.5, cpu: 0.75, peak: -3e6}]},
  ],
};

describe('rows', () => {
  it('rows are compared round by round, so that a slow round affects both sides', () => {
    const subject = rowOf('a', 100, 20, 90);
    const against = rowOf('b', 50, 10, 90);
    // The medians are 90 and 50, whose quotient is 1.8.
    expect(ratioOf(subject, against, 'rate')).toEqual({low: 1.5, median: 2, high: 2, count: 3});
  });

  it('the peak of a row is the highest of its rounds, and undefined when none was measured', () => {
    const samples = [10, 30, 20].map((peak) => ({work: 1, seconds: 1, cpu: 1, peak}));
    expect(peakOf({label: 'a', samples})).toBe(30);
    expect(peakOf(rowOf('a', 1))).toBeUndefined();
  });
});

describe('the added cost of a row', () => {
  it('the added cost is the median of the differences of each round', () => {
    // 50, 25 and 20 µs over 25, 20 and 25 µs.
    const {median} = addedOf(rowOf('a', 10_000, 20_000, 25_000), rowOf('b', 20_000, 25_000, 20_000));
    expect(median).toBeCloseTo(5e-6);
  });

  it('the added cost is a column, filled for the rows that have one', () => {
    const rows = [rowOf('none', 20_000), rowOf('all', 10_000), rowOf('else', 5_000)];
    const added = [
      {label: 'none', over: 'none'},
      {label: 'all', over: 'none'},
      {label: 'else', over: 'nobody'},
    ];
    expect(renderTable({...result, ratios: [], added, rows}).split('\n')).toEqual([
      'GET of something',
      '      requests/s  CPU µs/request  added CPU µs',
      'none      20,000            25.0',
      'all       10,000            50.0          25.0',
      'else       5,000             100',
    ]);
  });
});

describe('withReport', () => {
  it('each section that was measured is put in its place, and the others stay', () => {
    const report = {machine: 'M', server: 'S', rounds: 1, notes: []};
    const [bench, own] = [markersOf('bench'), markersOf('own')];
    const page = `${bench.start}a${bench.end} ${own.start}b${own.end}`;
    const both = withReport(page, {...report, cases: [transfer, {...result, section: 'own'}]});
    expect(both.indexOf('A body down')).toBeLessThan(both.indexOf(bench.end));
    expect(both.indexOf('session.fetch')).toBeGreaterThan(both.indexOf(own.start));
    const one = withReport(page, {...report, cases: [{...result, section: 'own'}]});
    expect(one).toContain(`${bench.start}a${bench.end}`);
    expect(one).toContain('session.fetch');
  });
});

describe('the pages of the repository', () => {
  const report: Report = {machine: 'M', server: 'S', rounds: 1, notes: [], cases: []};
  const page = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

  it('test/bench/README.md has a place for the section of every case', () => {
    const sections = cases.map(({section}) => ({...result, section}));
    expect(withReport(page('./README.md'), {...report, cases: sections})).toContain('M; server: S. Medians');
  });

  it('README.md has a place for the short table', () => {
    const short = withSummary(page('../../README.md'), {...report, cases: [{...result, name: 'get-64'}]});
    expect(short).toContain('GET of something: requests/s');
  });
});

describe('numbers', () => {
  it('numbers have three or four significant digits', () => {
    expect([12_345.6, 123.4, 12.34, 1.234].map(formatNumber)).toEqual(['12,346', '123', '12.3', '1.23']);
    expect(formatNumber(Number.NaN)).toBe('–');
  });

  it('memory is never shown below zero', () => {
    expect(formatMemory(-1e6)).toBe('0');
    expect(formatMemory(undefined)).toBe('');
  });
});

describe('renderTable', () => {
  it('a table aligns its columns, and leaves out ratios to clients that were not measured', () => {
    expect(renderTable(result).split('\n')).toEqual([
      'GET of something',
      '                           requests/s    CPU µs/request           vs fetch',
      'session.fetch  30,000 (25,000–35,000)  16.7 (14.6–20.8)  3.00x (2.50–3.50)',
      'fetch          10,000 (10,000–10,000)  50.0 (50.0–50.0)              1.00x',
    ]);
  });

  it('a difference inside the spread of the rounds is "same"', () => {
    const rows = [rowOf('session.fetch', 9_000, 10_400, 12_000), ...result.rows.slice(1)];
    expect(renderTable({...result, rows})).toContain('same (0.97–1.12)');
    const added = [{label: 'session.fetch', over: 'fetch'}];
    expect(renderTable({...result, ratios: [], added, rows})).toContain('same (-5.1 to 1.8)');
  });

  it('a start is shown by how long it takes', () => {
    const rows = [{label: 'undici', samples: [{work: 1, seconds: 0.08, cpu: 0.05}]}];
    expect(
      renderTable({...result, unit: 'start', ratios: [], rows})
        .split('\n')
        .slice(1),
    ).toEqual(['        ms to the first answer  CPU ms', 'undici                    80.0    50.0']);
  });

  it('a table of transfers shows MB/s, CPU for a GiB, and the peak', () => {
    expect(renderTable(transfer).split('\n').slice(1)).toEqual([
      '             MB/s  CPU s/GiB  peak MB  vs fetch (CPU)',
      'iterChunks  1,074       0.50       20           1.50x',
      'fetch       2,147       0.75        0           1.00x',
    ]);
  });

  it('a table says when the server may have been the slower side', () => {
    const busy = {
      ...result,
      rows: result.rows.map(({label, samples}) => ({
        label,
        samples: samples.map((sample) => ({...sample, serverLoad: 0.95})),
      })),
    };
    expect(renderTable(busy)).toContain('session.fetch, fetch may be faster');
    expect(renderTable(result)).not.toContain('server');
  });
});

describe('renderMarkdown', () => {
  const report: Report = {
    machine: 'A machine',
    server: 'a server',
    rounds: 3,
    cases: [
      result,
      {...result, name: 'post', column: 'POST', rows: [rowOf('fetch', 5), rowOf('ky', 4)]},
      transfer,
    ],
    notes: [],
  };

  it('cases that differ in their request only share a table, and each other case has its own', () => {
    const text = renderMarkdown(report);
    expect(text).toContain('A machine; server: a server. Medians of 3 interleaved rounds.');
    expect(text).toContain(
      [
        '| requests/s | GET | POST |',
        '| --- | ---: | ---: |',
        '| `session.fetch` | 30,000 (25,000–35,000) |  |',
        '| `fetch` | 10,000 (10,000–10,000) | 5.00 |',
        '| `ky` |  | 4.00 |',
      ].join('\n'),
    );
    expect(text).toContain(
      [
        '| times the rate of `fetch` | GET | POST |',
        '| --- | ---: | ---: |',
        '| `session.fetch` | 3.00x (2.50–3.50) |  |',
        '| `fetch` | 1.00x | 1.00x |',
        '| `ky` |  | 0.80x |',
      ].join('\n'),
    );
    expect(text).toContain(
      [
        '| CPU µs/request | GET | POST |',
        '| --- | ---: | ---: |',
        '| `session.fetch` | 16.7 (14.6–20.8) |  |',
      ].join('\n'),
    );
    expect(text).toContain(
      [
        '| A body down | MB/s | CPU s/GiB | peak MB | vs fetch (CPU) |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| `iterChunks` | 1,074 | 0.50 | 20 | 1.50x |',
      ].join('\n'),
    );
  });

  it('the short table has a row for each client, with rate and CPU of the two most common requests', () => {
    const cases = [
      {...result, name: 'get-64'},
      {...result, name: 'post', title: 'POST of something'},
      transfer,
    ];
    expect(
      renderSummary({...report, cases})
        .split('\n')
        .slice(-4),
    ).toEqual([
      '|  | GET of something: requests/s | CPU µs/request | POST of something: requests/s | CPU µs/request |',
      '| --- | ---: | ---: | ---: | ---: |',
      '| `session.fetch` | 30,000 (3.00x) | 16.7 | 30,000 (3.00x) | 16.7 |',
      '| `fetch` | 10,000 (1.00x) | 50.0 | 10,000 (1.00x) | 50.0 |',
    ]);
  });

  it('the report leaves out the cases that were not run', () => {
    expect(renderMarkdown({...report, cases: [transfer]})).not.toContain('requests/s');
    expect(renderMarkdown({...report, cases: []})).toContain('A machine');
  });
});

describe('check', () => {
  const list: readonly Target[] = [
    {case: 'get', row: 'session.fetch', against: 'fetch', by: 'rate', atLeast: 3},
    {case: 'get', row: 'session.fetch', against: 'fetch', by: 'rate', atLeast: 3.1},
    {case: 'get', row: 'session.fetch', against: 'nobody', by: 'rate', atLeast: 1},
    {case: 'download', row: 'iterChunks', against: 'fetch', by: 'cpu', atLeast: 1.2},
    {case: 'download', row: 'iterChunks', peak: 20},
    {case: 'download', row: 'iterChunks', peak: 19},
    {case: 'get', row: 'fetch', peak: 19},
    {case: 'nothing', row: 'fetch', peak: 19},
  ];

  it('each target holds, is missed or was not measured', () => {
    expect(check([result, transfer], list).map(({outcome}) => outcome)).toEqual([
      'holds',
      'missed',
      'not measured',
      'holds',
      'holds',
      'missed',
      'not measured',
      'not measured',
    ]);
  });

  it('each verdict is one line', () => {
    const lines = check([result, transfer], list).map(renderVerdict);
    expect(lines[1]).toBe('missed        get: session.fetch is at least 3.10x fetch (3.00x)');
    expect(lines[3]).toBe('holds         download: iterChunks is at least 1.20x fetch by CPU (1.50x)');
    expect(lines[4]).toBe('holds         download: iterChunks takes at most 20 MB (20 MB)');
    expect(lines[7]).toBe('not measured  nothing: fetch takes at most 19 MB');
  });
});
