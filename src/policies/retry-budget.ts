/** How much extra load retries may put on a host. */
export interface RetryBudgetOptions {
  /**
   * Retries allowed as a share of the requests in the window.
   *
   * @default 0.2
   */
  readonly ratio?: number | undefined;
  /**
   * Retries allowed in a window however few the requests are.
   *
   * @default 100
   */
  readonly minimum?: number | undefined;
  /**
   * What is looked back on, in ms.
   *
   * @default 10_000
   */
  readonly window?: number | undefined;
}

/** A budget's options, complete. */
export type RetryBudgetSettings = {readonly [Name in keyof RetryBudgetOptions]-?: number};

/** Who may retry, when many fail at once. */
export interface RetryBudget {
  /** A first attempt is made. */
  request(host: string): void;
  /** Takes one retry out of the budget; false when there is none left. */
  retry(host: string): boolean;
}

interface Counts {
  requests: number;
  retries: number;
}

interface HostCounts {
  /** When the current half of the window began. */
  since: number;
  current: Counts;
  previous: Counts;
}

const noCounts: Counts = {requests: 0, retries: 0};
const maxHosts = 10_000;

/**
 * Counts requests and retries by host over a sliding window, kept as two halves: when a host is down, retries then
 * multiply its load by `1 + ratio` at most, and not by how many retries each call may make.
 */
export function createRetryBudget(options: RetryBudgetSettings): RetryBudget {
  const {ratio, minimum, window} = options;
  const half = window / 2;
  const hosts = new Map<string, HostCounts>();

  function countsOf(host: string): HostCounts {
    const now = performance.now();
    let counts = hosts.get(host);
    if (!counts) {
      if (hosts.size >= maxHosts) hosts.clear();
      counts = {since: now, current: {requests: 0, retries: 0}, previous: noCounts};
      hosts.set(host, counts);
    } else if (now - counts.since >= half) {
      counts.previous = now - counts.since < window ? counts.current : noCounts;
      counts.current = {requests: 0, retries: 0};
      counts.since = now;
    }
    return counts;
  }

  return {
    request(host) {
      countsOf(host).current.requests++;
    },
    retry(host) {
      const {current, previous} = countsOf(host);
      const allowed = minimum + ratio * (current.requests + previous.requests);
      if (current.retries + previous.retries >= allowed) return false;
      current.retries++;
      return true;
    },
  };
}
