import type {RequestRecord} from './run.ts';
import {durationOf} from './run.ts';

export type SortKey = 'index' | 'status' | 'attempts' | 'start' | 'duration';

/** The requests that the table shows, sorted. Equal ones are in the order in which they began. */
export function orderRequests(
  requests: readonly RequestRecord[],
  options: {
    readonly key: SortKey;
    readonly isDescending: boolean;
    readonly failedOnly: boolean;
    readonly now: number;
  },
): RequestRecord[] {
  const {key, isDescending, failedOnly, now} = options;
  const shown = requests.filter((request) => request && (!failedOnly || request.state === 'failed'));
  if (key === 'index') return isDescending ? shown.reverse() : shown;
  const value: Record<Exclude<SortKey, 'index'>, (request: RequestRecord) => number> = {
    status: ({status = 0}) => status,
    attempts: ({attempts}) => attempts.length,
    start: ({start}) => start,
    duration: (request) => durationOf(request, now),
  };
  const sign = isDescending ? -1 : 1;
  return shown.sort(
    (left, right) => sign * (value[key](left) - value[key](right)) || left.index - right.index,
  );
}
