import {describe, expect, it} from 'vitest';
import type {Row} from '../report.ts';
import {renderAgainst} from './report.ts';

// Each figure is a round: CPU µs a request, at a thousand requests a second for each µs less than 100.
function rowOf(label: string, ...costs: readonly number[]): Row {
  return {
    label,
    samples: costs.map((cost) => ({work: (100 - cost) * 1_000, seconds: 1, cpu: (100 - cost) * cost * 1e-3})),
  };
}

const report = {before: 'abc', after: 'def', machine: 'M', rounds: 3, notes: ['x is left out: it fell over']};

describe('renderAgainst', () => {
  it('a table tells both costs, and how many times as good the change is, by CPU and by requests', () => {
    const results = [
      {
        name: 'fetch',
        title: 'session.fetch',
        before: rowOf('before', 40, 40, 40),
        after: rowOf('after', 20, 20, 25),
      },
    ];
    expect(
      renderAgainst({...report, results})
        .split('\n')
        .slice(0, 4),
    ).toEqual([
      'def against abc',
      '                  CPU µs before      CPU µs after             by CPU      by requests/s',
      'session.fetch  40.0 (40.0–40.0)  20.0 (20.0–22.5)  2.00x (1.80–2.00)  1.33x (1.29–1.33)',
      'x is left out: it fell over',
    ]);
  });

  it('a change that is better in some rounds and worse in others is the same', () => {
    const results = [
      {
        name: 'fetch',
        title: 'session.fetch',
        before: rowOf('before', 20, 20, 20),
        after: rowOf('after', 19, 20, 22),
      },
    ];
    const [, , line] = renderAgainst({...report, results}).split('\n');
    expect(line).toMatch(/ {2}same \(0\.95–1\.03\) {2}same \(0\.99–1\.01\)$/);
  });
});
