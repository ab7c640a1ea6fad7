/**
 * Server-sent events over as many connections as it takes.
 *
 * @module
 */

import {discard} from '../core/discard-response.ts';
import {HeaderList} from '../core/header-list.ts';
import {ConnectionError, HTTPError, type RedactedRequest, TimeoutError} from '../errors/index.ts';
import {retryAfter} from '../policies/retry-after.ts';
import type {Session} from '../session/session.ts';
import {type EventIterator, iterEvents, type ServerSentEvent} from '../streams/index.ts';
import {followSignal, leaveAtOnce} from '../utils/abortable-iterator.ts';
import {isomorphicDecode} from '../utils/base64.ts';
import {wait} from '../utils/delay.ts';
import {EventSourceError} from './error.ts';
import {checkEventSource, type EventSourceOptions} from './options.ts';

export {EventSourceError} from './error.ts';
export type {EventSourceOptions, Reconnection} from './options.ts';

/** What the wait after a failure begins with at least, in ms. */
const shortestBackoff = 100;

/** What {@link eventSource} gives. */
export interface EventSourceIterator extends AsyncIterableIterator<ServerSentEvent, undefined, undefined> {
  /** The id of what was handed on last: to go on from it another time, as the option of that name. */
  readonly lastEventId: string;
  /** How long it waits at least before connecting again, in ms: what the server said last. */
  readonly retry: number;
  /** Ends the loop, also while it waits, and the connection. */
  close(): void;
}

/**
 * The events of a URL, as `EventSource` has them (HTML, "Server-sent events"), over as many connections as it takes: when
 * one ends, breaks or falls silent, the next goes on from the last event that was handed on (`Last-Event-ID`), after as
 * long as the server said (`retry`), longer with each attempt that fails, and up to half as long again, by lot.
 *
 * The loop ends when the server answers with 204, when it is left, and by `close()`. No slot is held while it waits.
 *
 * @throws InvalidOptionError
 * @throws From the loop: HTTPError for a status that is no success, EventSourceError for another one than 200 and for
 * another type than `text/event-stream`; what the last attempt failed with when more than `maxFailures` in a row did; the reason of `signal`.
 *
 * @example
 * ```ts
 * import {createSession, eventSource} from 'aiofetch';
 * import {mockConnector} from 'aiofetch/mock';
 *
 * const connector = mockConnector(
 *   () => new Response('id: 1\ndata: Ada\n\n', {headers: {'content-type': 'text/event-stream'}}),
 * );
 * await using session = createSession({connector});
 * const events = eventSource(session, 'https://example.com/events', {idleTimeout: 45_000});
 * for await (const {event, data} of events) {
 *   console.log(event, data, events.lastEventId);
 *   break;
 * }
 * ```
 */
export function eventSource(
  session: Session,
  url: string | URL,
  options: EventSourceOptions = {},
): EventSourceIterator {
  const settings = checkEventSource(session, options);
  const {call, maxFailures, maxReconnectDelay, onReconnect, reconnectStatuses} = settings;
  const controller = new AbortController();
  const {signal} = controller;
  let {lastEventId, reconnectDelay: retry} = settings;
  let events: EventIterator | undefined;

  async function* read(): AsyncGenerator<ServerSentEvent, undefined, undefined> {
    const unfollow = followSignal(controller, options.signal);
    try {
      for (let failures = 0; ; ) {
        let failure: unknown;
        let isOpen = false;
        try {
          const response = await connect();
          if (!response) return;
          isOpen = true;
          events = iterEvents(response, {lastEventId});
          for await (const event of events) yield event;
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (!isPassing(error)) throw error;
          failure = error;
        }
        lastEventId = events?.lastEventId ?? lastEventId;
        retry = events?.retry ?? retry;
        events = undefined;
        failures = isOpen ? 0 : failures + 1;
        if (failures > maxFailures) throw failure;
        const delay = delayAfter(failures, failure);
        onReconnect?.({delay, failures, lastEventId, error: failure});
        await wait(delay, signal);
      }
    } finally {
      unfollow();
    }
  }

  /** A stream of events, or `undefined` when there are to be no more. */
  async function connect(): Promise<Response | undefined> {
    const headers = HeaderList.from(call.headers);
    if (!headers.has('accept')) headers.set('accept', 'text/event-stream');
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    if (lastEventId !== '')
      headers.set('last-event-id', isomorphicDecode(new TextEncoder().encode(lastEventId)));
    const response = await session.get(url, {...call, headers, signal, throwHttpErrors: true});
    if (response.status === 200 && isEventStream(response)) return response;
    discard(response);
    if (response.status === 204) return undefined;
    const request: RedactedRequest = {method: 'GET', url: response.url || String(url)};
    throw new EventSourceError(
      response.status === 200
        ? 'The response is no text/event-stream'
        : `Status ${response.status} is not 200`,
      {request},
    );
  }

  function isPassing(error: unknown): boolean {
    if (error instanceof HTTPError) return reconnectStatuses.includes(error.status);
    return error instanceof ConnectionError || error instanceof TimeoutError;
  }

  function delayAfter(failures: number, failure: unknown): number {
    const asked = failure instanceof HTTPError ? (retryAfter(failure.response) ?? 0) : 0;
    // A server that wants no wait gets one all the same when it isn't there.
    const first = failures > 0 ? Math.max(retry, shortestBackoff) : retry;
    const grown = Math.min(first * 2 ** Math.max(failures - 1, 0), Math.max(maxReconnectDelay, retry));
    // Not all at once, when many have lost the same server.
    return Math.max(grown, asked) * (1 + Math.random() / 2);
  }

  const iterator = leaveAtOnce(read(), controller);
  return Object.defineProperties(
    Object.assign(iterator, {
      close: () => void iterator.return?.(),
    }),
    {
      lastEventId: {get: () => events?.lastEventId ?? lastEventId, enumerable: true},
      retry: {get: () => events?.retry ?? retry, enumerable: true},
    },
  ) as unknown as EventSourceIterator;
}

function isEventStream({headers}: Response): boolean {
  return /^text\/event-stream[\t ]*(?:;|$)/i.test(headers.get('content-type') ?? '');
}
