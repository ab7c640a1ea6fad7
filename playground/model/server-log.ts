import type {Fate} from './fate.ts';
import {drawFate, throttledFate} from './fate.ts';
import type {ServerSettings} from './settings.ts';

/** How a request ended, as the server saw it. `left`: the client broke off before everything was sent. */
type Outcome = 'answered' | 'reset' | 'cut' | 'left';

/** One request that has arrived. */
export interface Visit {
  readonly fate: Fate;
  /** Reports how it ended; only the first call counts. */
  ended(outcome: Outcome): void;
}

/** What the server of one run has recorded. */
export interface LogSummary {
  readonly arrived: number;
  /** Requests that have not ended. */
  readonly active: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Responses that were sent completely, by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** The most requests at the same time. */
  readonly peak: number;
  /** By host, in the order of the hosts. */
  readonly hosts: ReadonlyArray<{readonly arrived: number; readonly peak: number}>;
}

/** The part of the embedded server that Node and the service worker share: fates, quotas and the log. */
export interface ServerLog {
  arrive(host: number, key: number, now: number): Visit;
  summary(): LogSummary;
}

export function createServerLog(settings: ServerSettings, hostCount: number): ServerLog {
  const visits = new Map<number, number>();
  const hosts = Array.from({length: hostCount}, () => ({
    arrived: 0,
    active: 0,
    peak: 0,
    windowStart: -Infinity,
    windowCount: 0,
  }));
  const outcomes: Record<Outcome, number> = {answered: 0, reset: 0, cut: 0, left: 0};
  const statuses: Record<string, number> = {};
  let arrived = 0;
  let active = 0;
  let peak = 0;

  function isOverQuota(host: (typeof hosts)[number], now: number): boolean {
    if (settings.quota === 0) return false;
    if (now - host.windowStart >= 1_000) {
      host.windowStart = now;
      host.windowCount = 0;
    }
    return ++host.windowCount > settings.quota;
  }

  function slowed(fate: Fate, load: number): Fate {
    const {capacity} = settings;
    return capacity > 0 && load > capacity ? {...fate, delay: (fate.delay * load) / capacity} : fate;
  }

  return {
    arrive(hostIndex, key, now) {
      const host = hosts[hostIndex];
      if (!host) throw new RangeError(`The server has no host ${hostIndex}`);
      const visit = visits.get(key) ?? 0;
      visits.set(key, visit + 1);
      const isRefused = isOverQuota(host, now);
      arrived++;
      host.arrived++;
      peak = Math.max(peak, ++active);
      host.peak = Math.max(host.peak, ++host.active);
      const fate = isRefused ? throttledFate(settings) : slowed(drawFate(settings, key, visit), host.active);
      let hasEnded = false;
      return {
        fate,
        ended(outcome) {
          if (hasEnded) return;
          hasEnded = true;
          active--;
          host.active--;
          outcomes[outcome]++;
          if (outcome === 'answered') statuses[fate.status] = (statuses[fate.status] ?? 0) + 1;
        },
      };
    },
    summary: () => ({
      arrived,
      active,
      outcomes: {...outcomes},
      statuses: {...statuses},
      peak,
      hosts: hosts.map(({arrived, peak}) => ({arrived, peak})),
    }),
  };
}
