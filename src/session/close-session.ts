import {abortUnread} from '../core/abort-unread.ts';
import {AiofetchError, SessionClosedError} from '../errors/index.ts';
import {checkDuration} from '../utils/check-options.ts';
import type {SessionState} from './session-state.ts';

/**
 * Refuses new calls, waits for the running calls, and closes the connector if it is the session's own.
 *
 * @throws InvalidOptionError for a timeout that is not a duration
 */
export async function closeSession(
  state: SessionState,
  {timeout}: {readonly timeout?: number | undefined} = {},
): Promise<void> {
  const {calls, connector, ownsConnector} = state;
  const limit = checkDuration('close timeout', timeout);
  calls.close();
  const stop = abortUnread(() => calls);
  const timer =
    limit &&
    setTimeout(
      () =>
        abortAll(state, new SessionClosedError(`Session was closed and the call did not end in ${limit} ms`)),
      limit,
    );
  try {
    await calls.idle();
    if (ownsConnector) await connector.close();
  } finally {
    stop();
    clearTimeout(timer);
  }
}

/** Refuses new calls and aborts the running calls. */
export async function destroySession(state: SessionState, reason: unknown): Promise<void> {
  state.calls.close();
  await abortAll(
    state,
    reason instanceof AiofetchError
      ? reason
      : new SessionClosedError('Session was destroyed', {cause: reason}),
  );
}

async function abortAll(
  {calls, connector, ownsConnector}: SessionState,
  reason: AiofetchError,
): Promise<void> {
  // The connector is destroyed first. Otherwise it would grant the slots of the aborted calls to requests in its queue.
  const destroyed = ownsConnector ? connector.destroy(reason) : undefined;
  calls.abort(reason);
  await destroyed;
}
