import type {HostStats} from '../../core/connector.ts';
import type {AdaptiveLimit, HostLimit, HostLimits} from '../../core/host-limit.ts';
import {type Linked, LinkedList} from '../../utils/linked-list.ts';

/** One that waits for a slot. `granted` is called, synchronously, when it has one. */
export interface Waiter extends Linked {
  granted(): void;
}

/** The slots of one host: how many are in use, and who waits for one. */
export class HostSlots implements Linked {
  previous: Linked | undefined = undefined;
  next: Linked | undefined = undefined;
  list: LinkedList<Linked> | undefined = undefined;

  readonly key: string;
  active = 0;
  /** How many it may have. */
  limit = Infinity;
  /** What moves that, if something does. */
  adaptive: HostLimit | undefined = undefined;
  readonly waiting = new LinkedList<Waiter>();
  /** How many times in a row a slot it gave back stayed with it. */
  run = 0;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * How many times in a row a freed slot stays with its host though others wait. A slot that moves means a connection
 * closed and another dialled; one that never moves starves the others.
 */
const longestRun = 4;

/**
 * Who may have a connection: bounded over all and for each host, first come first served within a host, in turn
 * across hosts. State only: it knows no sockets and no promises, and each operation is O(1) whatever is queued.
 *
 * A waiter whose host has no slot left does not stand in line for one of the total, so the queue of one busy host
 * holds up nobody else.
 */
export class Limits<Host extends HostSlots = HostSlots> {
  readonly limit: number;
  readonly limitPerHost: number;
  /** The same, with 0 for no limit where that was said: for statistics. */
  readonly mostPerHost: number;
  active = 0;
  queued = 0;
  readonly hosts = new Map<string, Host>();

  /** Hosts with somebody waiting and a slot of their own to spare; in turn. */
  readonly #ready = new LinkedList<Host>();
  readonly #createHost: (key: string) => Host;
  readonly #adaptive: HostLimits | undefined;
  #granting = false;

  constructor(limit: number, limitPerHost: number | AdaptiveLimit, createHost: (key: string) => Host) {
    const isAdaptive = typeof limitPerHost === 'object';
    this.limit = limit || Infinity;
    this.mostPerHost = isAdaptive ? limitPerHost.max : limitPerHost;
    this.limitPerHost = this.mostPerHost || Infinity;
    this.#adaptive = isAdaptive ? limitPerHost.hosts() : undefined;
    this.#createHost = createHost;
  }

  host(key: string): Host {
    let host = this.hosts.get(key);
    if (!host) {
      host = this.#createHost(key);
      host.adaptive = this.#adaptive?.of(key);
      host.limit = host.adaptive?.limit ?? this.limitPerHost;
      this.hosts.set(key, host);
    }
    return host;
  }

  /** Takes a slot if one is free, and says so; otherwise the waiter is queued and `granted` when its turn comes. */
  acquire(host: Host, waiter: Waiter): boolean {
    if (this.active < this.limit && host.active < host.limit && host.waiting.size === 0) {
      this.active++;
      host.active++;
      return true;
    }
    host.waiting.append(waiter);
    this.queued++;
    this.#queue(host);
    return false;
  }

  /** Leaves the queue; false when the waiter isn't in it (any more). */
  leave(host: Host, waiter: Waiter): boolean {
    if (!host.waiting.remove(waiter)) return false;
    this.queued--;
    if (host.waiting.size === 0) this.#ready.remove(host);
    return true;
  }

  /** Gives a slot back, to whoever is next. */
  release(host: Host): void {
    this.active--;
    host.active--;
    this.#queue(host);
    this.#grant(host);
  }

  /** A request was answered, or failed before that: how many slots its host has may change by it. */
  observe(host: Host, sentAt: number, status: number | undefined, error?: unknown): void {
    const {adaptive, active} = host;
    if (!adaptive) return;
    adaptive.observe({status, error, sentAt, now: performance.now(), active});
    host.limit = adaptive.limit;
    if (active >= host.limit) this.#ready.remove(host);
    this.#queue(host);
    this.#grant(host);
  }

  /** By host: where something is going on, or was learned. */
  statsOf(idleOf: (host: Host) => number): Record<string, HostStats> {
    const stats: Record<string, HostStats> = {...this.#adaptive?.stats()};
    for (const [origin, host] of this.hosts) {
      const {active, waiting, adaptive, limit} = host;
      const idle = idleOf(host);
      if (active + waiting.size + idle > 0)
        stats[origin] = {active, queued: waiting.size, idle, ...(adaptive && {limit})};
    }
    return stats;
  }

  #queue(host: Host): void {
    if (host.waiting.size > 0 && host.list === undefined && host.active < host.limit)
      this.#ready.append(host);
  }

  /** Drops the record of a host that nothing uses; a newer one of the same host stays. */
  forget(host: Host): void {
    if (host.active > 0 || host.waiting.size > 0) return;
    if (this.hosts.get(host.key) === host) this.hosts.delete(host.key);
  }

  // A granted waiter may fail at once and release again: that adds to this loop rather than to the stack.
  #grant(freed: Host): void {
    if (this.#granting) return;
    this.#granting = true;
    try {
      while (this.active < this.limit && this.#ready.size > 0) this.#grantTo(this.#choose(freed));
    } finally {
      this.#granting = false;
    }
  }

  #choose(freed: Host): Host {
    const first = this.#ready.first as Host;
    if (freed.list !== undefined && freed.run < longestRun) {
      freed.run++;
      return freed;
    }
    freed.run = 0;
    return first;
  }

  #grantTo(host: Host): void {
    const waiter = host.waiting.shift() as Waiter;
    this.queued--;
    this.active++;
    host.active++;
    // To the end of the line, if it still has somebody waiting and a slot to spare.
    this.#ready.remove(host);
    this.#queue(host);
    waiter.granted();
  }
}
