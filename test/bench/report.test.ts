import {describe, expect, it} from 'vitest';
import type {CaseResult, Report, Row} from './report.ts';
import {
  addedOf,
  formatMemory,
  formatNumber,
  markersOf,
  median,
  medianOf,
  peakOf,
  ratioOf,
  renderMarkdown,
  renderTable,
  replaceBetweenMarkers,
  withReport,
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

describe('median', () => {
  it('is the middle one, whatever the order', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([10, 9, 1, 2])).toBe(5.5);
    expect(median([7])).toBe(7);
  });

  it('of nothing is no number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('rows', () => {
  it('have medians by second and by second of CPU', () => {
    const row = rowOf('a', 100, 300, 200);
    expect(medianOf(row, 'rate')).toBe(200);
    expect(medianOf(row, 'cpu')).toBe(400);
  });

  it('are compared round by round, so that a slow round weighs on both', () => {
    const subject = rowOf('a', 100, 20, 90);
    const against = rowOf('b', 50, 10, 90);
    expect(ratioOf(subject, against, 'rate')).toBe(2);
    expect(medianOf(subject, 'rate') / medianOf(against, 'rate')).not.toBe(2);
  });

  it('have the highest peak of their rounds, or none', () => {
    const samples = [10, 30, 20].map((peak) => ({work: 1, seconds: 1, cpu: 1, peak}));
    expect(peakOf({label: 'a', samples})).toBe(30);
    expect(peakOf(rowOf('a', 1))).toBeUndefined();
  });
});

describe('what one row costs more than another', () => {
  it('is the median of the differences of each round', () => {
    // 50, 25 and 20 µs over 25, 20 and 25 µs.
    expect(addedOf(rowOf('a', 10_000, 20_000, 25_000), rowOf('b', 20_000, 25_000, 20_000))).toBeCloseTo(5e-6);
  });

  it('is a column, for the rows that have it', () => {
    const rows = [rowOf('none', 20_000), rowOf('all', 10_000), rowOf('else', 5_000)];
    const added = [
      {label: 'none', over: 'none'},
      {label: 'all', over: 'none'},
      {label: 'else', over: 'nobody'},
    ];
    expect(renderTable({...result, ratios: [], added, rows}).split('\n')).toEqual([
      'GET of something',
      '      requests/s  CPU µs/request  of these, added',
      'none      20,000            25.0',
      'all       10,000            50.0             25.0',
      'else       5,000             100',
    ]);
  });
});

describe('withReport', () => {
  it('puts each section that was measured in its place, and leaves the others', () => {
    const report = {machine: 'M', server: 'S', rounds: 1, notes: []};
    const [bench, own] = [markersOf(), markersOf('own')];
    const page = `${bench.start}a${bench.end} ${own.start}b${own.end}`;
    const both = withReport(page, {...report, cases: [transfer, {...result, section: 'own'}]});
    expect(both.indexOf('A body down')).toBeLessThan(both.indexOf(bench.end));
    expect(both.indexOf('session.fetch')).toBeGreaterThan(both.indexOf(own.start));
    const one = withReport(page, {...report, cases: [{...result, section: 'own'}]});
    expect(one).toContain(`${bench.start}a${bench.end}`);
    expect(one).toContain('session.fetch');
  });
});

describe('numbers', () => {
  it('have as many digits as mean something', () => {
    expect([12_345.6, 123.4, 12.34, 1.234].map(formatNumber)).toEqual(['12,346', '123', '12.3', '1.23']);
    expect(formatNumber(Number.NaN)).toBe('–');
  });

  it('of memory are not below nothing', () => {
    expect(formatMemory(-1e6)).toBe('0');
    expect(formatMemory(undefined)).toBe('');
  });
});

describe('renderTable', () => {
  it('aligns its columns and leaves out ratios to who was not there', () => {
    expect(renderTable(result).split('\n')).toEqual([
      'GET of something',
      '               requests/s  CPU µs/request  vs fetch',
      'session.fetch      30,000            16.7     3.00x',
      'fetch              10,000            50.0     1.00x',
    ]);
  });

  it('shows bytes in MB and CPU for a GiB, with the peak', () => {
    expect(renderTable(transfer).split('\n').slice(1)).toEqual([
      '             MB/s  CPU s/GiB  peak MB  vs fetch (CPU)',
      'iterChunks  1,074       0.50       20           1.50x',
      'fetch       2,147       0.75        0           1.00x',
    ]);
  });

  it('says when the server may have been the slow one', () => {
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

  it('puts cases of one kind beside each other and the others in tables of their own', () => {
    const text = renderMarkdown(report);
    expect(text).toContain('A machine; server: a server. Medians of 3 interleaved rounds.');
    expect(text).toContain(
      [
        '| requests/s | GET | POST |',
        '| --- | ---: | ---: |',
        '| `session.fetch` | 30,000 (3.00x) |  |',
        '| `fetch` | 10,000 (1.00x) | 5.00 (1.00x) |',
        '| `ky` |  | 4.00 (0.80x) |',
      ].join('\n'),
    );
    expect(text).toContain(
      ['| CPU µs/request | GET | POST |', '| --- | ---: | ---: |', '| `session.fetch` | 16.7 |  |'].join(
        '\n',
      ),
    );
    expect(text).toContain(
      [
        '| A body down | MB/s | CPU s/GiB | peak MB | vs fetch (CPU) |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| `iterChunks` | 1,074 | 0.50 | 20 | 1.50x |',
      ].join('\n'),
    );
  });

  it('does without what was not run', () => {
    expect(renderMarkdown({...report, cases: [transfer]})).not.toContain('requests/s');
    expect(renderMarkdown({...report, cases: []})).toContain('A machine');
  });
});

describe('replaceBetweenMarkers', () => {
  const {start, end} = markersOf();

  it('replaces what is between them, and again', () => {
    const once = replaceBetweenMarkers(`# Title\n${start}\nold\n${end}\nrest $& $1\n`, 'new $& text');
    expect(once).toBe(`# Title\n${start}\n\nnew $& text\n\n${end}\nrest $& $1\n`);
    expect(replaceBetweenMarkers(once, 'newer')).toBe(`# Title\n${start}\n\nnewer\n\n${end}\nrest $& $1\n`);
  });

  it.each([
    ['none', 'text'],
    ['no end', `${start} text`],
    ['no start', `text ${end}`],
    ['the wrong order', `${end} text ${start}`],
    ['two starts', `${start} ${start} ${end}`],
    ['two ends', `${start} ${end} ${end}`],
  ])('fails, naming both, when there is %s', (_, text) => {
    expect(() => replaceBetweenMarkers(text, 'new')).toThrow(`${start} and, after it, ${end}`);
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

  it('says what holds, what is missed and what was not measured', () => {
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

  it('is told in a line each', () => {
    const lines = check([result, transfer], list).map(renderVerdict);
    expect(lines[1]).toBe('missed        get: session.fetch is at least 3.10x fetch (3.00x)');
    expect(lines[3]).toBe('holds         download: iterChunks is at least 1.20x fetch by CPU (1.50x)');
    expect(lines[4]).toBe('holds         download: iterChunks takes at most 20 MB (20 MB)');
    expect(lines[7]).toBe('not measured  nothing: fetch takes at most 19 MB');
  });
});
