import {startRealInterval} from '#timers';
import {SessionClosedError} from '../errors/index.ts';
import type {Lifetime} from './call-lifetime.ts';

/** How long an unread response may delay `close()`, in ms. */
const unreadGrace = 1_000;

/** How often bodies are looked at, in ms. */
const interval = 500;

/**
 * Watches for bodies that nobody has begun to read for `limit` ms. A body that the caller reads, however slowly, isn't given
 * up.
 *
 * @param isUnread - whether the body counts as unread now: nobody has begun to read it, and, where the caller asks for that,
 * another request waits for its slot. Time in which it doesn't count is not added up
 * @param start - starts the interval. By default one of the runtime, because under the fake clock of a test nothing would end an
 * abandoned body, and `close()` never settle
 * @returns a function that ends the watch
 */
export function watchUnread<Holder extends object>(
  running: () => Iterable<Holder>,
  limit: number,
  isUnread: (holder: Holder) => unknown,
  giveUp: (holder: Holder) => void,
  start = startRealInterval,
): () => void {
  const seen = new WeakMap<object, number>();
  return start(() => {
    // Giving up a body changes what is running.
    for (const holder of [...running()]) {
      const times = isUnread(holder) ? (seen.get(holder) ?? 0) + 1 : 0;
      seen.set(holder, times);
      // What was seen three times in a row has been unread for at least two intervals.
      if (times * interval > limit) giveUp(holder);
    }
  }, interval);
}

/**
 * While a session or connector closes, aborts each call whose response has been unread for a second. Otherwise an
 * abandoned body would keep the session open for ever.
 *
 * @returns a function that ends the watch
 */
export function abortUnread(running: () => Iterable<{readonly lifetime: Lifetime}>): () => void {
  return watchUnread(
    running,
    unreadGrace,
    ({lifetime}) => lifetime.hasUnreadBody,
    ({lifetime}) => lifetime.abort(new SessionClosedError('Session was closed before the response was read')),
  );
}
