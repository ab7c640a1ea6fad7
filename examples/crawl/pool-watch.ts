import type {Session} from 'aiofetch';

interface HostPool {
  /** Most connections in use at the same time. */
  active: number;
  /** Most connections open at the same time, idle ones included. */
  open: number;
  /** Connections opened, without those that opened and closed between two readings. */
  opened: number;
}

/** The peaks of the pool. */
export interface PoolWatch {
  /** Reads the pool's statistics now. */
  look(): void;
  /** By origin. */
  readonly hosts: ReadonlyMap<string, HostPool>;
  /** Most connections in use at the same time, over all hosts. */
  readonly active: number;
  readonly open: number;
}

export function watchPool(session: Session): PoolWatch {
  const hosts = new Map<string, HostPool & {last: number}>();
  let active = 0;
  let open = 0;
  return {
    hosts,
    get active() {
      return active;
    },
    get open() {
      return open;
    },
    look() {
      const stats = session.stats();
      active = Math.max(active, stats.active);
      open = Math.max(open, stats.active + stats.idle);
      for (const [origin, now] of Object.entries(stats.hosts)) {
        const host = hosts.get(origin) ?? {active: 0, open: 0, opened: 0, last: 0};
        hosts.set(origin, host);
        const openNow = now.active + now.idle;
        host.active = Math.max(host.active, now.active);
        host.open = Math.max(host.open, openNow);
        host.opened += Math.max(0, openNow - host.last);
        host.last = openNow;
      }
      // The statistics leave out hosts that have nothing active, queued or idle.
      for (const [origin, host] of hosts) if (!(origin in stats.hosts)) host.last = 0;
    },
  };
}
