import {discard} from '../core/discard-response.ts';
import {SchemaError} from '../errors/index.ts';
import {iterEvents, iterNdjson} from '../streams/index.ts';
import type {ServerSentEvent} from '../streams/parse-events.ts';
import type {LineOptions} from '../streams/split-lines.ts';
import {assertOption, checkKnown, checkNumber} from '../utils/check-options.ts';
import {bareMediaType} from '../utils/media-type.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {Content, DecodeContext, ResponseContent} from './content.ts';
import {checkMediaType} from './content.ts';
import {butIs} from './json.ts';
import type {CheckedPlace, InputOf, OutputOf} from './schema.ts';
import {checkSchema, checkValue, schemaError} from './schema.ts';

/** The values of a request body in NDJSON. */
export type NdjsonInput<Value> = Iterable<Value> | AsyncIterable<Value>;

/** Options of {@link asNdjson}. */
export interface NdjsonOptions extends Pick<LineOptions, 'maxLength'> {
  /** @default 'application/x-ndjson' */
  readonly mediaType?: string | undefined;
}

/**
 * JSON values, each on a line of its own (NDJSON, JSON Lines). The data of a response is an async iterable, whose values
 * are checked as they are read. The body of a request is a list, or an iterable that is read while it is sent.
 *
 * @throws InvalidOptionError when the schema or an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {asNdjson, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const tail = endpoint('GET /log', {response: asNdjson(type<{name: string}>(), {maxLength: 65_536})});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * for await (const {name} of await defineClient({tail})(session).tail()) console.log(name);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asNdjson<Schema extends StandardSchema>(
  schema: Schema,
  options: NdjsonOptions = {},
): Content<
  NdjsonInput<InputOf<Schema>>,
  AsyncIterableIterator<OutputOf<Schema>, undefined, undefined>,
  AsyncIterableIterator<InputOf<Schema>, undefined, undefined>
> {
  checkSchema(schema, 'asNdjson');
  checkKnown('asNdjson', options, ['mediaType', 'maxLength']);
  const {maxLength} = options;
  if (maxLength !== undefined) checkNumber('asNdjson.maxLength', maxLength, undefined);
  const mediaType = checkMediaType('asNdjson.mediaType', options.mediaType, 'application/x-ndjson');
  return {
    accept: mediaType,
    encode: async (values, place) => ({
      body: await linesOf(values, schema, place),
      contentType: mediaType,
    }),
    decode: (response, {trust, place}) =>
      trust ? iterNdjson(response, undefined, {maxLength}) : readLines(response, schema, {maxLength}, place),
  };
}

async function* readLines<Schema extends StandardSchema>(
  response: Response,
  schema: Schema,
  options: LineOptions,
  place: CheckedPlace,
): AsyncGenerator<OutputOf<Schema>, undefined, undefined> {
  try {
    yield* iterNdjson(response, schema as StandardSchema<OutputOf<Schema>>, options);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw schemaError(error.issues, place, error.line);
  }
  return undefined;
}

async function linesOf<Schema extends StandardSchema>(
  values: NdjsonInput<InputOf<Schema>> | undefined,
  schema: Schema,
  place: CheckedPlace,
): Promise<string | AsyncGenerator<string> | null> {
  if (values === undefined) return null;
  // A list is sent in one piece: not every runtime sends streams, and a retry or redirect can send text again.
  return Array.isArray(values) ? joinLines(values, schema, place) : writeLines(values, schema, place);
}

async function joinLines<Schema extends StandardSchema>(
  values: ReadonlyArray<InputOf<Schema>>,
  schema: Schema,
  place: CheckedPlace,
): Promise<string> {
  let text = '';
  for await (const line of writeLines(values, schema, place)) text += line;
  return text;
}

async function* writeLines<Schema extends StandardSchema>(
  values: NdjsonInput<InputOf<Schema>>,
  schema: Schema,
  place: CheckedPlace,
): AsyncGenerator<string> {
  for await (const value of values) {
    yield `${JSON.stringify(await checkValue(schema, value, place))}\n`;
  }
}

/** A server-sent event whose data is JSON. */
export interface TypedEvent<Data> extends Omit<ServerSentEvent, 'data'> {
  readonly data: Data;
}

/** Options of {@link asEvents}. */
export interface EventsOptions {
  /**
   * The data of the event that ends the stream. Some servers send `[DONE]`. The caller doesn't get this event.
   *
   * @default none
   */
  readonly end?: string | undefined;
}

/**
 * Server-sent events as they arrive. With a schema the data of each event is JSON, which the schema checks; without one it
 * is text. A stream that ends early isn't opened again: `eventSource` reconnects.
 *
 * @throws InvalidOptionError when the schema or an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {asEvents, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const complete = endpoint('POST /completions', {
 *   body: type<{prompt: string}>(),
 *   response: asEvents(type<{text: string}>(), {end: '[DONE]'}),
 * });
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const events = await defineClient({complete})(session).complete({body: {prompt: 'Once'}});
 * for await (const {event, data} of events) console.log(event, data.text);
 * ```
 */
export function asEvents(
  schema?: undefined,
  options?: EventsOptions,
): ResponseContent<AsyncIterableIterator<ServerSentEvent, undefined, undefined>>;
export function asEvents<Schema extends StandardSchema>(
  schema: Schema,
  options?: EventsOptions,
): ResponseContent<
  AsyncIterableIterator<TypedEvent<OutputOf<Schema>>, undefined, undefined>,
  AsyncIterableIterator<TypedEvent<InputOf<Schema>>, undefined, undefined>
>;
/* @__NO_SIDE_EFFECTS__ */
export function asEvents(
  schema?: StandardSchema,
  options: EventsOptions = {},
): ResponseContent<AsyncIterableIterator<unknown, undefined, undefined>> {
  if (schema !== undefined) checkSchema(schema, 'asEvents');
  checkKnown('asEvents', options, ['end']);
  const {end} = options;
  assertOption(end === undefined || typeof end === 'string', 'asEvents.end', end, 'a string');
  return {
    accept: 'text/event-stream',
    decode(response, context) {
      checkStream(response, context.place);
      return readEvents(response, context, schema, end);
    },
  };
}

/** Refuses other media types, which would read as a stream without events: a page that asks to log in, for example. */
function checkStream(response: Response, place: CheckedPlace): void {
  const type = bareMediaType(response.headers.get('content-type'));
  // Servers without a type for events send none or text/plain, and so does `new Response(text)` in a test.
  if (type === '' || type === 'text/event-stream' || type === 'text/plain') return;
  discard(response);
  const problem = `is not a stream of events${butIs(response, 'event-stream')}`;
  throw new SchemaError([{message: 'The body is not a stream of events'}], {...place, problem});
}

async function* readEvents(
  response: Response,
  {trust, place}: DecodeContext,
  schema: StandardSchema | undefined,
  end: string | undefined,
): AsyncGenerator<unknown, undefined, undefined> {
  for await (const event of iterEvents(response)) {
    if (event.data === end) return;
    if (!schema) {
      yield event;
      continue;
    }
    const data = parseData(event.data, place);
    yield {...event, data: trust ? data : await checkValue(schema, data, place)};
  }
}

function parseData(text: string, place: CheckedPlace): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const problem = 'has an event whose data is not JSON';
    throw new SchemaError([{message: 'The data of an event is not JSON'}], {...place, problem});
  }
}
