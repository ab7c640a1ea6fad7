/**
 * Reading bodies as they arrive: in chunks, lines, JSON values or events.
 *
 * The functions take a response or a promise of one. They read only when the loop asks for the next item, and hold the
 * server back meanwhile. Leaving the loop (`break`, `return`, a throw) cancels the body and frees its slot, and so does any
 * failure. They do not check the status: the verbs reject for a status outside 200–299, `session.fetch` does not.
 *
 * @module
 */
import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {isSchema} from '../utils/standard-schema.ts';
import {iterate} from './iterate.ts';
import {checkMaxLength} from './max-length.ts';
import {type EventProgress, parseEvents, type ServerSentEvent} from './parse-events.ts';
import {checkLine, parseNdjson} from './parse-ndjson.ts';
import {rechunk} from './rechunk.ts';
import {type LineOptions, splitLines} from './split-lines.ts';

export type {StandardSchema} from '../utils/standard-schema.ts';
export type {ServerSentEvent} from './parse-events.ts';
export type {LineOptions} from './split-lines.ts';

/** Options of {@link iterEvents}. */
export interface EventOptions {
  /**
   * The id of the event before the first one of this body: the `Last-Event-ID` that was sent.
   *
   * @default ''
   */
  readonly lastEventId?: string | undefined;
  /**
   * The maximal length of an event, in characters (UTF-16 code units). A longer event is an error with the code
   * `ERR_EVENT_TOO_LONG`. No more than about this of an event is kept in memory.
   *
   * @default 16_777_216
   */
  readonly maxLength?: number | undefined;
}

/** The iterator that {@link iterEvents} returns. */
export interface EventIterator extends AsyncIterableIterator<ServerSentEvent, undefined, undefined> {
  /** The id of the last event that was yielded: send it as `Last-Event-ID` to get the events after it. */
  readonly lastEventId: string;
  /** The latest time that the server asked clients to wait before they connect again, in ms. */
  readonly retry: number | undefined;
}

/**
 * Yields the body in chunks as they arrive or, with a `size`, in pieces of that many bytes; the last piece may be shorter.
 *
 * The reader may keep a chunk. Its memory may be shared with other chunks: copy a chunk before transferring its `buffer`.
 *
 * @param response - A response, or a promise of one.
 * @param size - The number of bytes of a piece.
 * @returns The chunks, which can be iterated once.
 * @throws From the loop, which calls `next()`: the error of the request or of its body; a `TypeError` if the body has been
 * read already; InvalidOptionError if `size` is not a whole number from 1.
 *
 * @example
 * ```ts
 * import {createSession, iterChunks} from 'aiofetch';
 *
 * await using session = createSession();
 * let size = 0;
 * for await (const chunk of iterChunks(session.get('https://example.com/large.bin'), 1024)) {
 *   size += chunk.length;
 * }
 * ```
 */
export function iterChunks(
  response: Response | PromiseLike<Response>,
  size?: number,
): AsyncIterableIterator<Uint8Array, undefined, undefined> {
  return iterate(response, () => {
    if (size === undefined) return (chunk) => (chunk ? [chunk] : []);
    if (!Number.isSafeInteger(size) || size < 1)
      throw new InvalidOptionError('size', size, 'a whole number from 1');
    return rechunk(size);
  });
}

/**
 * Yields the lines of the body, without their line ends. A line ends with LF or CRLF; a CR alone is part of the line. The
 * last line may have no line end.
 *
 * @param response - A response, or a promise of one.
 * @returns The lines, which can be iterated once.
 * @throws From the loop, which calls `next()`: the error of the request or of its body; LineError if a line is longer than
 * `maxLength`; a `TypeError` if the body has been read already; InvalidOptionError; UnsupportedOptionError.
 *
 * @example
 * ```ts
 * import {createSession, iterLines} from 'aiofetch';
 *
 * await using session = createSession();
 * for await (const line of iterLines(session.get('https://example.com/access.log'), {maxLength: 65_536})) {
 *   if (line.includes('Ada')) break; // the rest is not downloaded
 * }
 * ```
 */
export function iterLines(
  response: Response | PromiseLike<Response>,
  options: LineOptions = {},
): AsyncIterableIterator<string, undefined, undefined> {
  return iterate(response, () => splitLines('iterLines', options));
}

/**
 * Yields the JSON values of a body that has one value on each line (NDJSON, JSON Lines). Blank lines are skipped.
 *
 * @param response - A response, or a promise of one.
 * @param schema - A Standard Schema that each value has to fit, for example of Zod, Valibot or ArkType. The loop gets the
 * schema's output.
 * @returns The values, which can be iterated once.
 * @throws From the loop, which calls `next()`: the error of the request or of its body; LineError if a line is not JSON or
 * is longer than `maxLength`; SchemaError if a value doesn't fit. Both have the number of the line and show nothing of its
 * content. InvalidOptionError; UnsupportedOptionError.
 *
 * @example
 * ```ts
 * import {createSession, iterNdjson} from 'aiofetch';
 *
 * await using session = createSession();
 * for await (const {name} of iterNdjson<{name: string}>(session.get('https://example.com/people.ndjson'))) {
 *   console.log(name);
 * }
 * ```
 */
export function iterNdjson<Value = unknown>(
  response: Response | PromiseLike<Response>,
  schema?: StandardSchema<Value>,
  options: LineOptions = {},
): AsyncIterableIterator<Value, undefined, undefined> {
  const place = {line: 0};
  return iterate<unknown, Value>(
    response,
    () => {
      assertOption(
        schema === undefined || isSchema(schema),
        'schema',
        schema,
        'a Standard Schema, or undefined',
      );
      return parseNdjson(splitLines('iterNdjson', options), place);
    },
    schema && ((value) => checkLine(schema, value, place.line)),
  );
}

/**
 * Yields the events of a body that is a stream of server-sent events (`text/event-stream`), parsed as `EventSource` does.
 *
 * @param response - A response, or a promise of one.
 * @returns The events, which can be iterated once. The iterator has `lastEventId` and `retry`, for connecting again.
 * @throws From the loop, which calls `next()`: the error of the request or of its body; AiofetchError `ERR_EVENT_TOO_LONG` if
 * an event is longer than `maxLength`; a `TypeError` if the body has been read already; InvalidOptionError;
 * UnsupportedOptionError.
 *
 * @example
 * ```ts
 * import {createSession, iterEvents} from 'aiofetch';
 *
 * await using session = createSession();
 * const events = iterEvents(session.get('https://example.com/events', {headers: {accept: 'text/event-stream'}}));
 * for await (const {event, data, id} of events) {
 *   console.log(event, data, id);
 * }
 * console.log(events.lastEventId);
 * ```
 */
export function iterEvents(
  response: Response | PromiseLike<Response>,
  options: EventOptions = {},
): EventIterator {
  const progress: EventProgress = {lastEventId: options.lastEventId ?? '', retry: undefined};
  return Object.defineProperties(
    iterate(response, () => {
      checkKnown('iterEvents', options, ['lastEventId', 'maxLength'], '');
      return parseEvents(progress, checkMaxLength(options.maxLength));
    }),
    {
      lastEventId: {get: () => progress.lastEventId, enumerable: true},
      retry: {get: () => progress.retry, enumerable: true},
    },
  ) as EventIterator;
}
