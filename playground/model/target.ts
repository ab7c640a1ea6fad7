import type {Settings} from './settings.ts';

/** The target of a run's requests. */
export interface Target {
  readonly id: string;
  /** The origins of the hosts. */
  readonly hosts: readonly string[];
  /** The path before the number of each request. */
  readonly path: string;
}

/** The URL of each request of a burst. */
export function targetUrls({hosts, path}: Target, {requests, urls}: Settings): string[] {
  return Array.from({length: requests}, (_, index) => {
    const key = urls > 0 ? index % urls : index;
    return `${hosts[index % hosts.length]}${path}${key}`;
  });
}
