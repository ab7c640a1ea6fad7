import type {AdaptiveLimit, LimitSample} from '../../src/core/host-limit.ts';

export interface RecordedLimit extends AdaptiveLimit {
  readonly samples: Array<LimitSample & {readonly origin: string}>;
  /** The limit of each host, from the next sample on. */
  limit: number;
}

/** A host limit that the test sets, and that records its samples. */
export function recordedLimit(limit = 10): RecordedLimit {
  const recorded: RecordedLimit = {
    max: 100,
    samples: [],
    limit,
    hosts: () => ({
      of: (origin) => ({
        get limit() {
          return recorded.limit;
        },
        observe: (sample) => void recorded.samples.push({origin, ...sample}),
      }),
      stats: () => ({}),
    }),
  };
  return recorded;
}
