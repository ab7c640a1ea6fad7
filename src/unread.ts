import {SessionClosedError} from './errors.ts';
import type {Lifetime} from './lifetime.ts';

/** How long a response that nobody reads may hold up a `close`, in ms. */
const unreadGrace = 1_000;

/**
 * While a session or connector closes, aborts the calls whose response nobody has begun to read for a second: an
 * abandoned body would otherwise hold it open for ever. One that is being read, however slowly, is left alone.
 *
 * @returns a function that stops watching
 */
export function abortUnread(running: () => Iterable<{readonly lifetime: Lifetime}>): () => void {
  let before = new Set<Lifetime>();
  const timer = setInterval(() => {
    const now = new Set<Lifetime>();
    for (const {lifetime} of running()) if (lifetime.isUnread) now.add(lifetime);
    for (const lifetime of now) {
      if (before.has(lifetime))
        lifetime.abort(new SessionClosedError('Session was closed and nobody read the response'));
    }
    before = now;
  }, unreadGrace / 2);
  return () => clearInterval(timer);
}
