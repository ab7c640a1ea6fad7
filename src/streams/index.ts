/**
 * Bodies read as they arrive: in chunks, lines, JSON values or events.
 *
 * All of these take a response or a promise of one, read when they are asked to, and hold the server back meanwhile.
 * Leaving the loop (`break`, `return`, a throw) cancels the body, as does any failure: its slot is free. The status is
 * not looked at: the verbs reject on one that is no success, `session.fetch` doesn't.
 *
 * @module
 */
import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, checkKnown} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {isSchema} from '../utils/standard-schema.ts';
import {iterate} from './iterate.ts';
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
   * The id that the events go on from: what was sent as `Last-Event-ID`.
   *
   * @default ''
   */
  readonly lastEventId?: string | undefined;
}

/** What {@link iterEvents} gives. */
export interface EventIterator extends AsyncIterableIterator<ServerSentEvent, undefined, undefined> {
  /** The id to send as `Last-Event-ID` when connecting again: after it comes what has not been handed on. */
  readonly lastEventId: string;
  /** How long the server last said to wait before connecting again, in ms. */
  readonly retry: number | undefined;
}

/**
 * The body in chunks as they arrive or, with a `size`, in pieces of that many bytes, the last one shorter.
 *
 * A chunk is the reader's to keep, but may share its memory with others: copy it before handing its `buffer` away.
 *
 * @param response - A response, or a promise of one.
 * @param size - How many bytes a piece has.
 * @returns The chunks, to be iterated once.
 * @throws From the loop, that is from `next()`: what the request, or its body, failed with; a `TypeError` when the body
 * has been read already; InvalidOptionError when `size` is not a whole number from 1.
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
 * The body's lines, without their ends. A line ends with LF or CRLF; a CR alone is part of it. The last line may have
 * no end.
 *
 * @param response - A response, or a promise of one.
 * @returns The lines, to be iterated once.
 * @throws From the loop, that is from `next()`: what the request, or its body, failed with; LineError when a
 * line is longer than `maxLength`; a `TypeError` when the body has been read already; InvalidOptionError.
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
 * The JSON values of a body that has one on each line (NDJSON, JSON Lines). Blank lines are skipped.
 *
 * @param response - A response, or a promise of one.
 * @param schema - What each value is checked by: a Standard Schema, as of Zod, Valibot or ArkType. What it makes of a
 * value is what is handed on.
 * @returns The values, to be iterated once.
 * @throws From the loop, that is from `next()`: what the request, or its body, failed with; LineError when a
 * line is no JSON or longer than `maxLength`; SchemaError; both tell the line's number, and show nothing of it;
 * InvalidOptionError.
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
 * The events of a body that is a stream of them (`text/event-stream`), parsed as `EventSource` does.
 *
 * @param response - A response, or a promise of one.
 * @returns The events, to be iterated once; with it `lastEventId`, for connecting again.
 * @throws From the loop, that is from `next()`: what the request, or its body, failed with; a `TypeError` when the body
 * has been read already.
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
      checkKnown('iterEvents', options, ['lastEventId'], '');
      return parseEvents(progress);
    }),
    {
      lastEventId: {get: () => progress.lastEventId, enumerable: true},
      retry: {get: () => progress.retry, enumerable: true},
    },
  ) as EventIterator;
}
