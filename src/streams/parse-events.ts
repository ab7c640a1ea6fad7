import {createParser} from 'eventsource-parser';
import {AiofetchError} from '../errors/index.ts';
import type {Parser} from './iterate.ts';

/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** The type of the event; `message` if the server gives none. */
  readonly event: string;
  /** The data of the event. */
  readonly data: string;
  /** The latest id that the server gave, with this event or an earlier one; `''` if it gave none. */
  readonly id: string;
  /** The time to wait before connecting again, in ms. Present if the server gave it after the previous event. */
  readonly retry?: number;
}

/** The state of a stream of events after the last event that was yielded. */
export interface EventProgress {
  lastEventId: string;
  retry: number | undefined;
}

/**
 * Parses events by HTML, "Interpreting an event stream". An event that the stream breaks off in is dropped.
 *
 * @param maxLength - how many characters of an event may be kept
 */
export function parseEvents(progress: EventProgress, maxLength: number): Parser<ServerSentEvent> {
  // The parser drops the byte order mark.
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  let events: ServerSentEvent[] = [];
  let {lastEventId} = progress;
  let retry: number | undefined;
  let isTooLong = false;
  const parser = createParser({
    ...(maxLength < Infinity && {maxBufferSize: maxLength}),
    onError: ({type}) => {
      isTooLong ||= type === 'max-buffer-size-exceeded';
    },
    onId: (id) => {
      lastEventId = id;
    },
    onRetry: (time) => {
      retry = time;
      progress.retry = time;
    },
    onEvent({event = 'message', data}) {
      events.push({event, data, id: lastEventId, ...(retry !== undefined && {retry})});
      retry = undefined;
    },
  });
  return function* parse(chunk) {
    // The end of the body completes no event.
    if (!chunk) return;
    parser.feed(decoder.decode(chunk, {stream: true}));
    const arrived = events;
    events = [];
    for (const event of arrived) {
      // A new connection has to continue after the last event that was yielded, not after the last one that arrived.
      progress.lastEventId = event.id;
      yield event;
    }
    progress.lastEventId = lastEventId;
    if (isTooLong) {
      const message = `An event of the response is longer than ${maxLength} characters`;
      throw new AiofetchError(message, 'ERR_EVENT_TOO_LONG', 'receive');
    }
  };
}
