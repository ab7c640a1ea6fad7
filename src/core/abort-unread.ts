import {SessionClosedError} from '../errors/index.ts';
import type {Lifetime} from './call-lifetime.ts';

/** How long a response that nobody reads may hold up a `close`, in ms. */
const unreadGrace = 1_000;

/**
 * While a session or connector closes, aborts the calls whose response nobody has begun to read for a second: an
 * abandoned body would otherwise hold it open for ever. One that is being read, however slowly, is left alone.
 *
 * @returns a function that stops watching
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
      // Seen three times, it has been unread for a second at least.
      if (times > 2)
        lifetime.abort(new SessionClosedError('Session was closed and nobody read the response'));
    }
  }, unreadGrace / 2);
  return () => clearInterval(timer);
}
