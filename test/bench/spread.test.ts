import {describe, expect, it} from 'vitest';
import {formatRatio, formatRatioSpread, formatSpread, isSame, median, spreadOf} from './spread.ts';

describe('median', () => {
  it('the median is the middle value, whatever the order', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([10, 9, 1, 2])).toBe(5.5);
    expect(median([7])).toBe(7);
  });

  it('the median of no values is NaN', () => {
    expect(median([])).toBeNaN();
  });
});

describe('spreadOf', () => {
  it('half of the values lie between the quartiles', () => {
    expect(spreadOf([9, 1, 2, 8, 5])).toEqual({low: 2, median: 5, high: 8, count: 5});
  });

  it('a quartile between two values is interpolated', () => {
    expect(spreadOf([10, 20, 30, 40])).toEqual({low: 17.5, median: 25, high: 32.5, count: 4});
  });

  it('one value far from the others does not move the quartiles', () => {
    const {low, high} = spreadOf([1, 1, 1, 1, 100]);
    expect([low, high]).toEqual([1, 1]);
  });
});

describe('isSame', () => {
  it('ratios on both sides of 1 are the same, also when a quartile is 1', () => {
    expect(isSame(spreadOf([0.9, 1.1, 1.2, 0.95, 1.02]))).toBe(true);
    expect(isSame(spreadOf([1, 1, 1.2, 1.3, 1.4]))).toBe(true);
  });

  it('ratios whose quartiles lie on one side of 1 differ, also when one round disagrees', () => {
    expect(isSame(spreadOf([1.1, 1.2, 1.15, 1.1, 0.5]))).toBe(false);
    expect(isSame(spreadOf([0.8, 0.9, 0.85, 0.9, 1.5]))).toBe(false);
  });

  it('two rounds have no spread that a difference could lie in', () => {
    expect(isSame(spreadOf([0.5, 1.5]))).toBe(false);
  });
});

describe('formats', () => {
  it('a figure is its median with its quartiles, and without them below three rounds', () => {
    const format = (value: number) => value.toFixed(0);
    expect(formatSpread(spreadOf([9, 1, 2, 8, 5]), format)).toBe('5 (2–8)');
    expect(formatSpread(spreadOf([4, 6]), format)).toBe('5');
  });

  it('a ratio inside the spread is "same"', () => {
    const clear = spreadOf([1.1, 1.2, 1.3]);
    const unclear = spreadOf([0.9, 1.04, 1.1]);
    expect([formatRatio(clear), formatRatio(unclear)]).toEqual(['1.20x', 'same']);
    expect([clear, unclear].map(formatRatioSpread)).toEqual(['1.20x (1.15–1.25)', 'same (0.97–1.07)']);
    expect(formatRatioSpread(spreadOf([1.5]))).toBe('1.50x');
  });

  it('a ratio that was not measured is a dash', () => {
    expect(formatRatioSpread(spreadOf([]))).toBe('–');
    expect(formatRatioSpread(spreadOf([Number.NaN, Number.NaN]))).toBe('–');
  });
});
