import type {Bench} from '../bench.ts';
import {formatCount} from '../report.ts';
import type {Case} from './case.ts';

const few = 10_000;
const many = 1_000_000;

/** The cost of a long list of inputs without any work. */
export const inputs: Case = {
  name: 'inputs',
  title: () => 'asCompleted over inputs read lazily, 64 at once, a worker that does nothing',
  unit: 'input',
  ratios: [{against: `${formatCount(few)} inputs`, by: 'rate'}],
  async run(bench: Bench) {
    const turns = [few, many].map((count) => ({
      label: `${formatCount(count)} inputs`,
      // The same work in both: a million once, ten thousand a hundred times.
      measure: () =>
        bench.once(
          'asCompleted',
          {task: 'inputs', count, repeat: many / count},
          {task: 'inputs', count: few, repeat: 5},
        ),
    }));
    return bench.interleave(this.title(bench.settings), bench.settings.longRounds, turns);
  },
};
