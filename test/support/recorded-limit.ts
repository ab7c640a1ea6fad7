import type {AdaptiveLimit, LimitSample} from '../../src/core/host-limit.ts';

export interface RecordedLimit extends AdaptiveLimit {
  readonly samples: Array<LimitSample & {readonly origin: string}>;
  /** What each host may have, from the next sample on. */
  limit: number;
}

/** A limit that stays where it is put, and notes what it is told. */
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
