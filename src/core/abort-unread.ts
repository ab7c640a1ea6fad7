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
  const seen = new WeakMap<Lifetime, number>();
  const timer = setInterval(() => {
    // An abort changes what is running.
    for (const {lifetime} of [...running()]) {
      const times = lifetime.hasUnreadBody ? (seen.get(lifetime) ?? 0) + 1 : 0;
      seen.set(lifetime, times);
      // A call that was seen three times in a row has been unread for at least a second.
      if (times > 2)
        lifetime.abort(new SessionClosedError('Session was closed before the response was read'));
    }
  }, unreadGrace / 2);
  return () => clearInterval(timer);
}
