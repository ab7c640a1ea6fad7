import type {Target} from './page.ts';
import type {RobotsRules} from './robots.ts';

/** Why an address that was found is not asked for. */
export type SkipReason = 'other host' | 'robots.txt' | 'nofollow' | 'page limit' | (string & {});

export interface FrontierOptions {
  readonly limitPerHost: number;
  readonly maxPages: number;
  /** Whether an address may be asked for at all. */
  accepts(url: URL): boolean;
  onSkip(reason: SkipReason): void;
}

/**
 * The addresses still to be asked for, by host. It gives one when its host has room, and ends when nothing
 * is left and nothing under way could still bring more.
 */
export interface Frontier extends AsyncIterable<Target> {
  /** Takes an address in, unless it was ever taken in before. */
  add(target: Omit<Target, 'origin'>): void;
  /** What robots.txt says about the host of a target that was given. Until then the host gives no other. */
  setRules(target: Target, rules: RobotsRules): void;
  /** Done with a target that was given. */
  release(target: Target): void;
  /** Gives no more. */
  stop(): void;
  readonly waiting: number;
  readonly running: number;
}

interface Host {
  readonly queue: Target[];
  /** Where the queue begins: `shift` would move all of a long array. */
  head: number;
  running: number;
  rules: RobotsRules | undefined;
  /** When the host may be asked again, by its Crawl-delay. */
  nextAt: number;
}

export function createFrontier({limitPerHost, maxPages, accepts, onSkip}: FrontierOptions): Frontier {
  const seen = new Set<string>();
  const hosts = new Map<string, Host>();
  // Those that have something waiting, the one whose turn it is first.
  const turns = new Set<Host>();
  const takers: ((result: IteratorResult<Target>) => void)[] = [];
  let waiting = 0;
  let running = 0;
  let given = 0;
  let stopped = false;
  // When a host that only its Crawl-delay holds back may be asked again.
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
   * The host with the fewest under way, of equals the one whose turn it is: that spreads the load, and a host that has
   * just set a connection free is asked again on it.
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
      seen.add(target.url);
      const url = new URL(target.url);
      if (!accepts(url)) {
        onSkip('other host');
        return;
      }
      const {origin} = url;
      const host = hosts.get(origin) ?? {queue: [], head: 0, running: 0, rules: undefined, nextAt: 0};
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
