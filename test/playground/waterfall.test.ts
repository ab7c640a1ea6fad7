import {describe, expect, it} from 'vitest';
import type {RequestRecord, Span} from '../../playground/model/run.ts';
import {barsOf, layoutRows, rowAt, shownDuration, timeTicks} from '../../playground/model/waterfall.ts';

function request(...spans: Span[]): RequestRecord {
  return {
    index: 0,
    host: 0,
    start: 0,
    end: undefined,
    state: 'running',
    status: undefined,
    error: undefined,
    bytes: 0,
    spans,
    attempts: [],
  };
}

describe('rows that scroll', () => {
  it('rows that scroll have a readable height, and only visible ones are drawn', () => {
    const layout = layoutRows(5_000, 300, false, 1_000);
    expect(layout).toEqual({rowHeight: 10, contentHeight: 50_000, first: 100, last: 130, stride: 1});
  });

  it('the drawn rows end with the last row', () => {
    expect(layoutRows(12, 300, false, 0)).toMatchObject({first: 0, last: 12, contentHeight: 120});
  });
});

describe('rows that fit', () => {
  it('rows that fit share the height', () => {
    expect(layoutRows(60, 300, true, 0)).toMatchObject({rowHeight: 5, first: 0, last: 60, stride: 1});
  });

  it('rows that fit do not grow beyond their maximum', () => {
    expect(layoutRows(2, 300, true, 0).rowHeight).toBe(16);
  });

  it('one row is drawn per pixel where there are more rows than pixels', () => {
    const {stride, rowHeight} = layoutRows(5_000, 300, true, 0);
    expect(stride).toBe(17);
    expect(rowHeight * 5_000).toBeCloseTo(300);
  });

  it('without rows, none are drawn', () => {
    expect(layoutRows(0, 300, true, 0)).toMatchObject({first: 0, last: 0, contentHeight: 0});
  });
});

it('the row under the pointer is found, scrolled or not', () => {
  const layout = layoutRows(5_000, 300, false, 1_000);
  expect(rowAt(25, 1_000, layout, 5_000)).toBe(102);
  expect(rowAt(25, 0, layout, 5_000)).toBe(2);
  expect(rowAt(25, 0, layout, 2)).toBeUndefined();
  expect(rowAt(-1, 0, layout, 2)).toBeUndefined();
});

describe('bars', () => {
  it('a bar lies at its time, and grows to now while it lasts', () => {
    const bars = barsOf(
      request(
        {phase: 'queued', attempt: 1, start: 0, end: 40},
        {phase: 'waiting', attempt: 1, start: 40, end: undefined},
      ),
      100,
      0.5,
    );
    expect(bars).toMatchObject([
      {phase: 'queued', x: 0, width: 20, lane: 0},
      {phase: 'waiting', x: 20, width: 30, lane: 0},
    ]);
  });

  it('a bar is never too narrow to be visible', () => {
    const [bar] = barsOf(request({phase: 'connecting', attempt: 1, start: 10, end: 10.1}), 20, 1);
    expect(bar?.width).toBe(1);
  });

  it('the bar of a hedge has its own lane, and that of a retry has not', () => {
    const first: Span = {phase: 'waiting', attempt: 1, start: 0, end: 50};
    const lanesWith = (second: Span) => barsOf(request(first, second), 100, 1).map(({lane}) => lane);
    expect(lanesWith({phase: 'waiting', attempt: 2, start: 30, end: 60})).toEqual([0, 1]);
    expect(lanesWith({phase: 'waiting', attempt: 2, start: 50, end: 60})).toEqual([0, 0]);
  });
});

describe('the scale', () => {
  it('the scale has round times, no more than fit', () => {
    expect(timeTicks(1_000, 5)).toEqual([0, 200, 400, 600, 800, 1_000]);
    expect(timeTicks(2_600, 6)).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500]);
    expect(timeTicks(3, 10)).toEqual([0, 1, 2, 3]);
  });

  it('the scale begins at 0 when there is nothing yet', () => {
    expect(timeTicks(0, 5)).toEqual([0]);
  });

  it('the scale grows in steps, and stays the same between them', () => {
    expect(shownDuration(100, false)).toBe(shownDuration(400, false));
    expect(shownDuration(600, false)).toBeGreaterThan(600);
    expect(shownDuration(1_000, true)).toBeCloseTo(1_010);
  });
});
