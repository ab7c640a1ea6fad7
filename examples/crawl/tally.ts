import type {Page} from './page.ts';

interface HostTally {
  pages: number;
  failed: number;
  bytes: number;
}

/** One kind of error: how often it happened, and where first. */
interface FaultTally {
  count: number;
  readonly example: string;
}

/** The results of a crawl so far. */
export interface Tally {
  add(page: Page): void;
  readonly pages: number;
  /** Pages and files that were read. */
  readonly read: number;
  readonly redirects: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly bytes: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly faults: ReadonlyMap<string, FaultTally>;
  /** By origin. */
  readonly hosts: ReadonlyMap<string, HostTally>;
}

export function createTally(): Tally {
  const statuses = new Map<number, number>();
  const faults = new Map<string, FaultTally>();
  const hosts = new Map<string, HostTally>();
  const tally = {
    pages: 0,
    read: 0,
    redirects: 0,
    failed: 0,
    interrupted: 0,
    bytes: 0,
    statuses,
    faults,
    hosts,
  };

  return Object.assign(tally, {
    add({url, status, bytes, redirect, error}: Page) {
      tally.pages++;
      tally.bytes += bytes;
      const {origin} = new URL(url);
      const host = hosts.get(origin) ?? {pages: 0, failed: 0, bytes: 0};
      hosts.set(origin, host);
      host.pages++;
      host.bytes += bytes;
      if (status !== undefined) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (error?.kind === 'interrupted') {
        tally.interrupted++;
      } else if (error) {
        tally.failed++;
        host.failed++;
        const fault = faults.get(error.kind) ?? {count: 0, example: url};
        faults.set(error.kind, fault);
        fault.count++;
      } else if (redirect !== undefined) {
        tally.redirects++;
      } else {
        tally.read++;
      }
    },
  });
}
