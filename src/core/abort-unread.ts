import {SessionClosedError} from '../errors/index.ts';
import type {Lifetime} from './call-lifetime.ts';

/** How long an unread response may delay `close()`, in ms. */
const unreadGrace = 1_000;

/** How often bodies are looked at, in ms. */
const interval = 500;

// The runtime's own, because under the fake clock of a test nothing would end an abandoned body, and `close()` never settle.
const realTimers = {setInterval, clearInterval};

/**
 * Watches for bodies that nobody has begun to read for `limit` ms. A body that the caller reads, however slowly, isn't given
 * up.
 *
 * @param isWanted - whether a body that is unread is in the way of something. Only that time counts
 * @param timers - those of the runtime by default
 * @returns a function that ends the watch
 */
export function watchUnread<Holder extends {readonly lifetime: Pick<Lifetime, 'hasUnreadBody'>}>(
  running: () => Iterable<Holder>,
  limit: number,
  giveUp: (holder: Holder) => void,
  isWanted: (holder: Holder) => unknown = () => true,
  {setInterval, clearInterval} = realTimers,
): () => void {
  const seen = new WeakMap<object, number>();
  const timer = setInterval(() => {
    // Giving up a body changes what is running.
    for (const holder of [...running()]) {
      const {lifetime} = holder;
      const times = lifetime.hasUnreadBody && isWanted(holder) ? (seen.get(lifetime) ?? 0) + 1 : 0;
      seen.set(lifetime, times);
      // What was seen three times in a row has been unread for at least two intervals.
      if (times * interval > limit) giveUp(holder);
    }
  }, interval);
  return () => clearInterval(timer);
}

/**
 * While a session or connector closes, aborts each call whose response has been unread for a second. Otherwise an
 * abandoned body would keep the session open for ever.
 *
 * @returns a function that ends the watch
 */
export function abortUnread(running: () => Iterable<{readonly lifetime: Lifetime}>): () => void {
  return watchUnread(running, unreadGrace, ({lifetime}) =>
    lifetime.abort(new SessionClosedError('Session was closed before the response was read')),
  );
}
