import type {HostStats} from '../../core/connector.ts';
import type {AdaptiveLimit, HostLimit, HostLimits} from '../../core/host-limit.ts';
import type {TraceSignals} from '../../core/trace.ts';
import {type Linked, LinkedList} from '../../utils/linked-list.ts';

/** A request that waits for a slot. `granted` is called synchronously when the request gets its slot. */
export interface Waiter extends Linked {
  granted(): void;
  /** Emits a trace signal. */
  emit<Type extends keyof TraceSignals>(type: Type, detail: TraceSignals[Type]): void;
}

/** The slots of one host: the number in use, and the requests that wait for one. */
export class HostSlots implements Linked {
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;

  readonly key: string;
  active = 0;
  /** The most slots that the host may use. */
  limit = Infinity;
  /** Changes `limit`, if `limitPerHost` is adaptive. */
  adaptive: HostLimit | undefined;
  readonly waiting = new LinkedList<Waiter>();
  /** How many times in a row a slot that this host freed was granted to the same host. */
  run = 0;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * How many times in a row a freed slot stays with its host while other hosts wait. A slot that moves to another host costs
 * a closed connection and a new one. A slot that never moves starves the other hosts.
 */
const longestRun = 4;

/**
 * Decides which request may use a connection. The number of slots is limited in total and for each host. Requests to one
 * host are served in order, and hosts are served in turn. This is state only, without sockets and promises. Each
 * operation is O(1), however many requests are queued.
 *
 * A request whose host has no free slot doesn't compete for the slots of the total, so the queue of one busy host delays
 * no other host.
 *
 * The class has many members because every change of a slot or of a queue keeps the same counts. Each member is short.
 */
export class Limits<Host extends HostSlots = HostSlots> {
  declare readonly limit: number;
  declare readonly limitPerHost: number;
  /** `limitPerHost` as the caller gave it, where 0 means no limit: for statistics. */
  declare readonly mostPerHost: number;
  active = 0;
  queued = 0;
  readonly hosts = new Map<string, Host>();
  /** Called when the first request begins to wait. Returns a function that is called when none waits any more. */
  watch: (() => () => void) | undefined;

  /** Hosts with a waiting request and a free slot within their own limit, in the order of their turns. */
  readonly ready = new LinkedList<Host>();
  readonly #createHost: (key: string) => Host;
  readonly #adaptive: HostLimits | undefined;
  #granting = false;
  #stopWatch: (() => void) | undefined;

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

  /** Takes a slot and returns true if one is free. Otherwise queues the waiter, whose `granted` is called when its turn comes. */
  acquire(host: Host, waiter: Waiter): boolean {
    if (this.active < this.limit && host.active < host.limit && host.waiting.size === 0) {
      this.active++;
      host.active++;
      return true;
    }
    host.waiting.append(waiter);
    this.queued++;
    this.#queue(host);
    this.#stopWatch ??= this.watch?.();
    return false;
  }

  /** Removes a waiter from the queue. Returns false if the waiter is not in the queue. */
  leave(host: Host, waiter: Waiter): boolean {
    if (!host.waiting.remove(waiter)) return false;
    this.#dequeued();
    if (host.waiting.size === 0) this.ready.remove(host);
    return true;
  }

  /** Frees a slot, which the next waiting request gets. */
  release(host: Host): void {
    this.active--;
    host.active--;
    this.#queue(host);
    this.#grant(host);
  }

  /** Reports that a request got its response, or failed before. An adaptive limit of the host may change. */
  observe(host: Host, sentAt: number, status: number | undefined, error?: unknown): void {
    const {adaptive, active} = host;
    if (!adaptive) return;
    adaptive.observe({status, error, sentAt, now: performance.now(), active});
    host.limit = adaptive.limit;
    if (active >= host.limit) this.ready.remove(host);
    this.#queue(host);
    this.#grant(host);
  }

  /** Statistics by host, for hosts with active, queued or idle connections, or with a limit that was learned. */
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
    if (host.waiting.size > 0 && host.list === undefined && host.active < host.limit) this.ready.append(host);
  }

  /** Deletes the record of a host that nothing uses. A newer record of the same host stays. */
  forget(host: Host): void {
    const isUsed = host.active + host.waiting.size > 0;
    if (!isUsed && this.hosts.get(host.key) === host) this.hosts.delete(host.key);
  }

  #dequeued(): void {
    if (--this.queued === 0) this.#stopWatch = this.#stopWatch?.() as undefined;
  }

  // A waiter may fail inside `granted` and release its slot. The flag turns this recursion into a loop, which can't
  // overflow the stack.
  #grant(freed: Host): void {
    if (this.#granting) return;
    this.#granting = true;
    try {
      while (this.active < this.limit && this.ready.size > 0) {
        const stays = freed.list !== undefined && freed.run < longestRun;
        const host = stays ? freed : (this.ready.first as Host);
        freed.run = stays ? freed.run + 1 : 0;
        const waiter = host.waiting.shift() as Waiter;
        this.#dequeued();
        this.active++;
        host.active++;
        // The host goes to the end of the list, if it still has a waiting request and a free slot.
        this.ready.remove(host);
        this.#queue(host);
        waiter.granted();
      }
    } finally {
      this.#granting = false;
    }
  }
}
