import {addressesPerPage, fewestAddresses, fewestHosts} from './bounds.ts';
import type {Target} from './page.ts';
import type {RobotsRules} from './robots.ts';

/** Why an address that was found is not requested. */
export type SkipReason = 'other host' | 'robots.txt' | 'nofollow' | 'page limit' | 'too many' | (string & {});

export interface FrontierOptions {
  readonly limitPerHost: number;
  readonly maxPages: number;
  /** Whether an address may be requested at all. */
  accepts(url: URL): boolean;
  onSkip(reason: SkipReason): void;
}

/**
 * The addresses to request, by host. It gives an address when its host has room, and ends when no address is left and no
 * running page could add more.
 */
export interface Frontier extends AsyncIterable<Target> {
  /** Adds an address, unless it was added before. */
  add(target: Omit<Target, 'origin'>): void;
  /** Sets the robots.txt rules for the host of a target that was given. Before that the host gives no other target. */
  setRules(target: Target, rules: RobotsRules): void;
  /** Reports that a target that was given is done. */
  release(target: Target): void;
  /** Ends the frontier: it gives no further target. */
  stop(): void;
  readonly waiting: number;
  readonly running: number;
}

interface Host {
  readonly queue: Target[];
  /** Index of the first entry, because `shift` would move all entries of a long array. */
  head: number;
  running: number;
  rules: RobotsRules | undefined;
  /** When the host may be requested again, by its Crawl-delay. */
  nextAt: number;
}

export function createFrontier({limitPerHost, maxPages, accepts, onSkip}: FrontierOptions): Frontier {
  const mostAddresses = Math.max(fewestAddresses, addressesPerPage * maxPages);
  const mostHosts = Math.max(fewestHosts, maxPages);
  const seen = new Set<string>();
  const hosts = new Map<string, Host>();
  // The hosts with waiting addresses; the host whose turn it is comes first.
  const turns = new Set<Host>();
  const takers: ((result: IteratorResult<Target>) => void)[] = [];
  let waiting = 0;
  let running = 0;
  let given = 0;
  let stopped = false;
  // When a host that only its Crawl-delay holds back may be requested again.
  let soonest = Infinity;
  let timer: NodeJS.Timeout | undefined;

  function takeFrom(host: Host): Target | undefined {
    while (host.head < host.queue.length) {
      const target = host.queue[host.head++] as Target;
      waiting--;
      if (!host.rules || host.rules.allows(target.url)) return target;
      onSkip(reasonOf(host.rules));
    }
    return undefined;
  }

  function hasRoom(host: Host, now: number): boolean {
    if (host.running >= (host.rules ? limitPerHost : 1)) return false;
    if (host.nextAt > now) soonest = Math.min(soonest, host.nextAt);
    return host.nextAt <= now;
  }

  /**
   * The host with the fewest running requests; among equals, the host whose turn it is. That spreads the load, and a
   * host that has just freed a connection is requested again on it.
   */
  function nextHost(now: number): Host | undefined {
    soonest = Infinity;
    let best: Host | undefined;
    for (const host of turns) {
      if (!hasRoom(host, now) || (best && best.running <= host.running)) continue;
      best = host;
      if (best.running === 0) break;
    }
    return best;
  }

  function take(): Target | undefined {
    if (stopped || given >= maxPages) return undefined;
    const now = performance.now();
    for (let host = nextHost(now); host; host = nextHost(now)) {
      turns.delete(host);
      const target = takeFrom(host);
      if (host.head < host.queue.length) turns.add(host);
      else host.head = host.queue.length = 0;
      if (!target) continue;
      host.running++;
      host.nextAt = now + (host.rules?.delay ?? 0);
      return target;
    }
    return undefined;
  }

  function settle(): void {
    while (takers.length > 0) {
      const target = take();
      if (!target) break;
      running++;
      given++;
      takers.shift()?.({done: false, value: target});
    }
    clearTimeout(timer);
    if (takers.length === 0) return;
    const isFull = given >= maxPages;
    if (stopped || (running === 0 && (isFull || waiting === 0))) {
      for (const taker of takers.splice(0)) taker({done: true, value: undefined});
      return;
    }
    if (!isFull && soonest < Infinity)
      timer = setTimeout(settle, Math.max(1, Math.ceil(soonest - performance.now())));
  }

  return {
    add(target) {
      if (seen.has(target.url)) return;
      if (seen.size >= mostAddresses) {
        onSkip('too many');
        return;
      }
      seen.add(target.url);
      const url = new URL(target.url);
      if (!accepts(url)) {
        onSkip('other host');
        return;
      }
      const {origin} = url;
      const known = hosts.get(origin);
      // Each host is asked for its robots.txt, also one that then allows no page.
      if (!known && hosts.size >= mostHosts) {
        onSkip('too many');
        return;
      }
      const host = known ?? {queue: [], head: 0, running: 0, rules: undefined, nextAt: 0};
      hosts.set(origin, host);
      host.queue.push({...target, origin});
      turns.add(host);
      waiting++;
      settle();
    },
    setRules(target, rules) {
      const host = hosts.get(target.origin);
      if (!host || host.rules) return;
      host.rules = rules;
      host.nextAt = performance.now() + rules.delay;
      if (!rules.allows(target.url)) {
        given--;
        onSkip(reasonOf(rules));
      }
      settle();
    },
    release(target) {
      const host = hosts.get(target.origin);
      if (host) host.running--;
      running--;
      settle();
    },
    stop() {
      stopped = true;
      settle();
    },
    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    [Symbol.asyncIterator]() {
      return {
        next: () =>
          new Promise((resolve) => {
            takers.push(resolve);
            settle();
          }),
        async return() {
          stopped = true;
          settle();
          return {done: true, value: undefined};
        },
      };
    },
  };
}

function reasonOf({unreachable}: RobotsRules): SkipReason {
  return unreachable === undefined ? 'robots.txt' : `robots.txt unreachable (${unreachable})`;
}
