import {SessionClosedError} from '../errors/index.ts';
import type {Lifetime} from './call-lifetime.ts';

/** How long an unread response may delay `close()`, in ms. */
const unreadGrace = 1_000;

/**
 * While a session or connector closes, aborts each call whose response has been unread for a second. Otherwise an
 * abandoned body would keep the session open for ever. A response that the caller reads, however slowly, is not aborted.
 *
 * @returns a function that ends the watch
 */
export function abortUnread(running: () => Iterable<{readonly lifetime: Lifetime}>): () => void {
  let seen = new Map<Lifetime, number>();
  const timer = setInterval(() => {
    const unread = new Map<Lifetime, number>();
    for (const {lifetime} of running()) {
      if (lifetime.hasUnreadBody) unread.set(lifetime, (seen.get(lifetime) ?? 0) + 1);
    }
    seen = unread;
    for (const [lifetime, times] of unread) {
      // A call that was seen three times has been unread for at least a second.
      if (times > 2)
        lifetime.abort(new SessionClosedError('Session was closed before the response was read'));
    }
  }, unreadGrace / 2);
  return () => clearInterval(timer);
}
