import type {Bench} from '../bench.ts';
import {document, small} from '../contents.ts';
import {policySets} from '../peers/policy-sets.ts';
import type {RateCommand} from '../protocol.ts';
import type {Case} from './case.ts';

const sets = Object.entries(policySets);

/** The cost of each policy for a request that needs nothing of it, compared with a session without policies. */
export const policies: Case = {
  name: 'policies',
  section: 'policies',
  title: () => 'GET of a small JSON by `session.fetch`, 64 at once, with this option',
  unit: 'request',
  ratios: [],
  added: sets.map(([label, {operation}]) => ({
    label,
    over: sets.find(([, set]) => set.operation === operation)?.[0] as string,
  })),
  async run(bench: Bench) {
    const {settings, server} = bench;
    const {ramp, window, warmUp, rounds} = settings;
    const turns = await Promise.all(
      sets.map(async ([label, {operation}]) => {
        const worker = await bench.worker(label);
        const command: RateCommand = {
          task: 'rate',
          ramp,
          // The differences are small, so they need a longer measurement.
          window: 3 * window,
          concurrency: 64,
          expected: small,
          ...(operation
            ? {operation, url: `${server.bodyOrigin}/json`, value: document}
            : {operation: 'json', url: `${server.origin}/json`}),
        };
        return {label, worker, command};
      }),
    );
    const warmUps = turns.map(({label, worker, command}) => ({
      label,
      measure: async () => worker?.measure({...command, ramp: 0, window: 2 * warmUp}),
    }));
    await bench.interleave(`${this.title(settings)}, warm-up`, 1, warmUps);
    return bench.interleave(
      this.title(settings),
      rounds,
      turns.map(({label, worker, command}) => ({label, measure: async () => worker?.measure(command)})),
    );
  },
};
