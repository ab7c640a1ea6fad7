import type {Settings} from './settings.ts';

/** Where a run's requests go. */
export interface Target {
  readonly id: string;
  /** Origins. */
  readonly hosts: readonly string[];
  /** What stands before the number in each path. */
  readonly path: string;
}

/** What each request of a burst asks for. */
export function targetUrls({hosts, path}: Target, {requests, urls}: Settings): string[] {
  return Array.from({length: requests}, (_, index) => {
    const key = urls > 0 ? index % urls : index;
    return `${hosts[index % hosts.length]}${path}${key}`;
  });
}
