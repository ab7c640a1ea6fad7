import {createParser} from 'eventsource-parser';
import type {Parser} from './iterate.ts';

/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** Its type; `message` where the server gives none. */
  readonly event: string;
  readonly data: string;
  /** The last id that the server gave, with this event or before it; `''` when there was none. */
  readonly id: string;
  /** How long to wait before connecting again, in ms; there when the server said so since the event before. */
  readonly retry?: number;
}

/** What a stream of events has come to. */
export interface EventProgress {
  lastEventId: string;
  retry: number | undefined;
}

/** Parses events as WHATWG's "event stream interpretation" has it; one that the stream breaks off in is dropped. */
export function parseEvents(progress: EventProgress): Parser<ServerSentEvent> {
  // The parser drops the byte order mark.
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  let events: ServerSentEvent[] = [];
  let {lastEventId} = progress;
  let retry: number | undefined;
  const parser = createParser({
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
    // At the end there is nothing more that could complete an event.
    if (!chunk) return;
    parser.feed(decoder.decode(chunk, {stream: true}));
    const arrived = events;
    events = [];
    for (const event of arrived) {
      // What is connected with again has to begin after what was handed on, not after what has arrived.
      progress.lastEventId = event.id;
      yield event;
    }
    progress.lastEventId = lastEventId;
  };
}
