/**
 * Server-sent events over as many connections as needed.
 *
 * @module
 */

import {discard} from '../core/discard-response.ts';
import {FlatHeaderList} from '../core/flat-header-list.ts';
import {notify} from '../core/notify.ts';
import {ConnectionError, HTTPError, type RedactedRequest, TimeoutError} from '../errors/index.ts';
import {retryAfter} from '../policies/retry-after.ts';
import type {Session} from '../session/session.ts';
import {type EventIterator, iterEvents, type ServerSentEvent} from '../streams/index.ts';
import {followSignal, leaveAtOnce} from '../utils/abortable-iterator.ts';
import {isomorphicDecode} from '../utils/base64.ts';
import {delay} from '../utils/delay.ts';
import {EventSourceError} from './error.ts';
import {checkEventSource, type EventSourceMethod, type EventSourceOptions} from './options.ts';

export {EventSourceError} from './error.ts';
export type {EventSourceMethod, EventSourceOptions, Reconnection} from './options.ts';

/** The shortest delay after a failure, in ms. */
const shortestBackoff = 100;
/**
 * The shortest and the longest delay that the server can ask for, in ms: with `retry: 0` it would get the next request at once,
 * and with a very long delay none any more.
 */
const shortestRetry = 1_000;
const longestRetry = 300_000;

/** The iterator that {@link eventSource} returns. */
export interface EventSourceIterator extends AsyncIterableIterator<ServerSentEvent, undefined, undefined> {
  /** The id of the last event that was yielded. Pass it as the option `lastEventId` to continue from there later. */
  readonly lastEventId: string;
  /** The shortest delay before connecting again, in ms: the latest one that the server gave, from 1,000 to 300,000. */
  readonly retry: number;
  /** Ends the loop, even while it waits, and closes the connection. */
  close(): void;
}

/**
 * Yields the events of a URL, as `EventSource` does (HTML, "Server-sent events"), over as many connections as needed. When a
 * connection ends, breaks or falls silent, the next one continues after the last event that was yielded (`Last-Event-ID`).
 * The delay before it is the server's `retry`, from one second to five minutes. The delay doubles with each attempt that fails, and a random part of up to
 * half of it is added, so that the clients of a server that restarts don't connect at the same moment.
 *
 * With another method than GET, as servers of language models and MCP servers want it, the end of a stream ends the loop, and
 * only a stream that broke off after an event with an id is continued: another request would begin the work anew.
 *
 * The loop ends when the server answers with 204, when the loop is left, and by `close()`. No slot is held during a delay.
 *
 * @throws InvalidOptionError; UnsupportedOptionError
 * @throws From the loop: HTTPError for a status outside 200–299; EventSourceError for another status than 200 and for
 * another media type than `text/event-stream`; AiofetchError `ERR_EVENT_TOO_LONG`; the error of the last attempt if more than `maxFailures` attempts in a row
 * failed; the reason of `signal`.
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
  const {call, method, reconnect, maxFailures, maxLength, maxReconnectDelay, onReconnect, reconnectStatuses} =
    settings;
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
          events = iterEvents(response, {lastEventId, maxLength});
          for await (const event of events) yield event;
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (!isPassing(error)) throw error;
          failure = error;
        }
        lastEventId = events?.lastEventId ?? lastEventId;
        retry = currentRetry();
        events = undefined;
        if (!reconnects(failure)) {
          if (failure === undefined) return;
          throw failure;
        }
        failures = isOpen ? 0 : failures + 1;
        if (failures > maxFailures) throw failure;
        const duration = delayAfter(failures, failure);
        const reconnection = {delay: duration, failures, lastEventId, error: failure};
        if (onReconnect) notify(onReconnect, () => onReconnect(reconnection));
        await delay(duration, signal);
      }
    } finally {
      unfollow();
    }
  }

  function reconnects(failure: unknown): boolean {
    return reconnect === 'resume' ? failure !== undefined && lastEventId !== '' : reconnect;
  }

  function currentRetry(): number {
    const asked = events?.retry;
    return asked === undefined ? retry : Math.min(Math.max(asked, shortestRetry), longestRetry);
  }

  /** Returns a stream of events, or `undefined` if the server says that there are no more events. */
  async function connect(): Promise<Response | undefined> {
    const headers = FlatHeaderList.from(call.headers);
    if (!headers.has('accept')) headers.set('accept', 'text/event-stream');
    if (lastEventId !== '')
      headers.set('last-event-id', isomorphicDecode(new TextEncoder().encode(lastEventId)));
    const isResumed = lastEventId !== '' && settings.resumeMethod !== method;
    const sent = isResumed ? settings.resumeMethod : method;
    // HTML, "EventSource" constructor. Not a header, for which a browser would first ask another origin (a CORS preflight).
    const response = await session[verbOf(sent)](url, {
      cache: 'no-store',
      ...call,
      ...(isResumed && {body: undefined, json: undefined}),
      headers,
      signal,
      throwHttpErrors: true,
    });
    if (response.status === 200 && isEventStream(response)) return response;
    discard(response);
    if (response.status === 204) return undefined;
    const request: RedactedRequest = {method: sent, url: response.url || String(url)};
    throw new EventSourceError(
      response.status === 200
        ? 'The media type of the response is not text/event-stream'
        : `The status of a stream of events has to be 200, and is ${response.status}`,
      {request},
    );
  }

  function isPassing(error: unknown): boolean {
    if (error instanceof HTTPError) return reconnectStatuses.includes(error.status);
    return error instanceof ConnectionError || error instanceof TimeoutError;
  }

  function delayAfter(failures: number, failure: unknown): number {
    const asked =
      failure instanceof HTTPError ? Math.min(retryAfter(failure.response) ?? 0, longestRetry) : 0;
    // After a failure there is a delay even if the server asked for none.
    const first = failures > 0 ? Math.max(retry, shortestBackoff) : retry;
    const grown = Math.min(first * 2 ** Math.max(failures - 1, 0), Math.max(maxReconnectDelay, retry));
    // The random part keeps the clients of a server that restarts from connecting at the same moment.
    return Math.max(grown, asked) * (1 + Math.random() / 2);
  }

  const iterator = leaveAtOnce(read(), controller);
  return Object.defineProperties(
    Object.assign(iterator, {
      close: () => void iterator.return?.(),
    }),
    {
      lastEventId: {get: () => events?.lastEventId ?? lastEventId, enumerable: true},
      retry: {get: currentRetry, enumerable: true},
    },
  ) as unknown as EventSourceIterator;
}

function verbOf(method: EventSourceMethod): Lowercase<EventSourceMethod> {
  return method.toLowerCase() as Lowercase<EventSourceMethod>;
}

function isEventStream({headers}: Response): boolean {
  return /^text\/event-stream[\t ]*(?:;|$)/i.test(headers.get('content-type') ?? '');
}
