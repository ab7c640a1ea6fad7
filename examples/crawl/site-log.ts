/** The requests that the embedded site received: the server's view of a crawl, for tests. */

interface SiteRequest {
  readonly origin: string;
  readonly path: string;
  /** When it arrived, in ms since the site started. */
  readonly at: number;
  /** When the site had finished with it; undefined before that. */
  readonly until: number | undefined;
  /** How it ended: answered completely, broken off by the site, or broken off by the client (`left`). */
  readonly end: 'answered' | 'broken' | 'left' | undefined;
}

export interface SiteLog {
  readonly requests: readonly SiteRequest[];
  /** The most requests, of one host or of all, that were answered at the same time. */
  peak(origin?: string): number;
  begin(origin: string, path: string): (end: 'answered' | 'broken' | 'left') => void;
}

export function createSiteLog(): SiteLog {
  const start = performance.now();
  const requests: {-readonly [Name in keyof SiteRequest]: SiteRequest[Name]}[] = [];
  return {
    requests,
    begin(origin, path) {
      const request: (typeof requests)[number] = {
        origin,
        path,
        at: performance.now() - start,
        until: undefined,
        end: undefined,
      };
      requests.push(request);
      return (end) => {
        if (request.end) return;
        request.until = performance.now() - start;
        request.end = end;
      };
    },
    peak(origin) {
      const steps: {time: number; change: number}[] = [];
      for (const request of requests) {
        if (origin !== undefined && request.origin !== origin) continue;
        // A client that breaks off frees its slot before the server can know it, so these requests can't be counted.
        if (request.until === undefined || request.end === 'left') continue;
        steps.push({time: request.at, change: 1}, {time: request.until, change: -1});
      }
      steps.sort((first, second) => first.time - second.time || first.change - second.change);
      let running = 0;
      let peak = 0;
      for (const {change} of steps) {
        running += change;
        peak = Math.max(peak, running);
      }
      return peak;
    },
  };
}
