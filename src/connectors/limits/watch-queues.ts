import {startInterval} from '#timers';
import {watchUnread} from '../../core/abort-unread.ts';
import type {Lifetime} from '../../core/call-lifetime.ts';
import {checkDuration} from '../../utils/check-options.ts';
import type {HostSlots, Limits} from './limits.ts';

/** A request that may hold a slot. */
export interface Holder<Host extends HostSlots = HostSlots> {
  readonly host: Host;
  readonly lifetime: Pick<Lifetime, 'hasUnreadBody'>;
  /** Fails the request, or the body of its response. */
  timeOut(phase: 'unread', limit: number): void;
}

/** In how many checks, which are half a second apart, a queue may stand still until it says so. */
const longestStall = 60;

/**
 * Watches the queues of a connector while requests wait in them:
 *
 * - A response's body that the caller has not begun to read for `unreadTimeout` fails, if another request waits for its slot.
 * - If no request of a queue gets a slot for 30 s, the first request of the queue emits the trace signal
 *   `connectionQueuedLong`. The first time, the connector also writes a warning on the console.
 *
 * @throws InvalidOptionError for an `unreadTimeout` that is not allowed
 */
export function watchQueues<Host extends HostSlots>(
  limits: Limits<Host>,
  running: Iterable<Holder<Host>>,
  unreadTimeout: number | false | undefined,
): void {
  const limit =
    unreadTimeout === undefined
      ? 60_000
      : (checkDuration('connector.unreadTimeout', unreadTimeout) ?? Infinity);
  const timesFirst = new WeakMap<object, number>();
  let hasWarned = false;

  function reportStalls(): void {
    for (const {waiting} of limits.hosts.values()) {
      const {first} = waiting;
      if (!first) continue;
      const times = (timesFirst.get(first) ?? 0) + 1;
      timesFirst.set(first, times);
      if (times !== longestStall) continue;
      const hosts = limits.statsOf(() => 0);
      first.emit('connectionQueuedLong', {hosts});
      // biome-ignore lint/suspicious/noConsole: a queue that stands still would otherwise be silent
      if (!hasWarned) console.warn('aiofetch: no request got a slot for 30 s. Slots in use:', hosts);
      hasWarned = true;
    }
  }

  limits.watch = () =>
    watchUnread(
      () => {
        reportStalls();
        return running;
      },
      limit,
      // A host that is ready waits for a slot of the total, which any holder may free.
      ({host, lifetime}) => lifetime.hasUnreadBody && host.waiting.size + limits.ready.size,
      (holder) => holder.timeOut('unread', limit),
      // A test can let this time pass with a fake clock.
      startInterval,
    );
}
