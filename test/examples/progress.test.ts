import {stripVTControlCharacters} from 'node:util';
import {expect, test, vi} from 'vitest';
import {formatBytes, formatTime, shorten} from '../../examples/crawl/format.ts';
import {createLiveProgress, createPlainProgress, formatBar} from '../../examples/crawl/progress.ts';

const plain = (_: unknown, text: string) => text;
const state = {done: 30, running: 10, waiting: 80, failed: 2, bytes: 1_234_567, maxPages: 1_000, time: 1_500};

function createStream(columns?: number) {
  const written: string[] = [];
  return {
    ...(columns && {columns}),
    write: (text: string) => written.push(text),
    text: () => written.join(''),
  };
}

test('the bar shows the progress', () => {
  expect(formatBar(state, 120, plain)).toMatch(
    / ━{24} {2}25% {2}30\/120 pages {2}10 under way {2}2 failed {2}1\.2 MB {2}1\.5 s {2}80 waiting$/,
  );
});

test.each([200, 80, 60, 40, 30])('the bar fits into %i columns', (width) => {
  const bar = formatBar({...state, done: 123_456, waiting: 1_234_567}, width, plain);
  expect(bar.length).toBeLessThanOrEqual(width);
});

test('the bar counts no further than the page limit', () => {
  expect(formatBar({...state, maxPages: 40}, 120, plain)).toContain('75%  30/40 pages');
});

test('on a terminal the line is redrawn, and the cursor is shown again at the end', () => {
  const stream = createStream(80);
  const view = createLiveProgress({stream, state: () => state, paint: plain});
  view.print('http 404  http://a.test/'.padEnd(300, 'x'), 'red');
  view.end();
  expect(stream.text().startsWith('\x1b[?25l\r\x1b[K')).toBe(true);
  expect(stream.text().endsWith('\r\x1b[K\x1b[?25h')).toBe(true);
  for (const line of stripVTControlCharacters(stream.text()).split(/[\r\n]/)) {
    expect(line.length).toBeLessThan(80);
  }
});

test('without a terminal a plain line is printed each second', () => {
  vi.useFakeTimers();
  try {
    const stream = createStream();
    const view = createPlainProgress({stream, state: () => state, paint: plain});
    vi.advanceTimersByTime(2_000);
    view.print('http 404  http://a.test/', 'red');
    view.end();
    const line = '  1.5 s: 30 of 120 pages, 10 under way, 80 waiting, 1.2 MB, 2 failed\n';
    expect(stream.text()).toBe(`${line}${line}http 404  http://a.test/\n${line}`);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [999_900, '1.0 MB'],
  [12_345_678, '12 MB'],
  [5_000_000_000_000_000, '5000 TB'],
])('%i bytes are written %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.4, '0 ms'],
  [999.6, '1.0 s'],
  [59_949, '59.9 s'],
  [59_960, '1 min 0 s'],
  [125_000, '2 min 5 s'],
])('%f ms are written %s', (ms, text) => {
  expect(formatTime(ms)).toBe(text);
});

test('a long text is shortened in its middle', () => {
  expect(shorten('http://example.com/a/long/way', 11)).toBe('http:…g/way');
  expect(shorten('short', 11)).toBe('short');
});
