import type {RequestBody} from '../body.ts';
import {SchemaError} from '../errors.ts';
import {assertOption, isObject} from '../options.ts';
import type {ServerSentEvent} from '../streams/parse-events.ts';
import type {LineOptions} from '../streams/split-lines.ts';
import type {StandardSchema} from '../streams/standard-schema.ts';
import {iterEvents, iterNdjson} from '../streams.ts';
import type {QueryStyle, QueryStyles} from './query.ts';
import {queryWriter} from './query.ts';
import type {CheckedPlace, InputOf, OutputOf} from './schema.ts';
import {checkValue, schemaError} from './schema.ts';

/** A body, and what `Content-Type` is with it; without one it's what the body says of itself. */
export interface EncodedBody {
  readonly body: RequestBody | null;
  readonly contentType?: string | undefined;
}

/** How the body of a request is written: the functions that begin with `as`, or one of your own. */
export interface BodyContent<Input> {
  encode(value: Input, place: CheckedPlace): EncodedBody | Promise<EncodedBody>;
}

/** What a {@link ResponseContent} knows of the call. */
export interface DecodeContext {
  /** The client takes what the server sends as it is. */
  readonly trust: boolean;
  readonly place: CheckedPlace;
}

/** How the body of a response is read: the functions that begin with `as`, or one of your own. */
export interface ResponseContent<Output, Trusted = Output> {
  /** What is sent as `Accept`. */
  readonly accept?: string | undefined;
  /** The response, whose status is one of success, is this function's to read. */
  decode(response: Response, context: DecodeContext): Output | Promise<Output>;
  /** Types only: what comes out where the client trusts the server. */
  readonly '~trusted'?: Trusted | undefined;
}

/** Bodies of both directions. */
export interface Content<Input, Output = Input, Trusted = Output>
  extends BodyContent<Input>,
    ResponseContent<Output, Trusted> {}

/** Options of {@link asJson}. */
export interface JsonOptions {
  /**
   * What is sent as `Accept`, and as `Content-Type`.
   *
   * @default 'application/json'
   */
  readonly mediaType?: string | undefined;
}

/**
 * JSON, which is what a schema alone stands for; for another media type than `application/json`, as one that is
 * built on it.
 *
 * @example
 * ```ts
 * import {asJson, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const patchUser = endpoint('PATCH /users/{id}', {
 *   body: asJson(type<{name: string | null}>(), {mediaType: 'application/merge-patch+json'}),
 *   response: type<{name: string}>(),
 * });
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * await defineClient({patchUser})(session).patchUser({path: {id: 1}, body: {name: 'Ada'}});
 * ```
 */
export function asJson<Schema extends StandardSchema>(
  schema: Schema,
  {mediaType = 'application/json'}: JsonOptions = {},
): Content<InputOf<Schema>, OutputOf<Schema>, InputOf<Schema>> {
  return {
    accept: mediaType,
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => ({
        // What JSON has no word for, as a function, is no body.
        body: JSON.stringify(checked) ?? null,
        contentType: mediaType,
      })),
    decode: async (response, {trust, place}) => {
      const value = await readJson(response, place);
      return (trust ? value : checkValue(schema, value, place)) as OutputOf<Schema>;
    },
  };
}

async function readJson(response: Response, place: CheckedPlace): Promise<unknown> {
  const {status} = response;
  // RFC 9110, sections 15.3.5 and 15.3.6: these have no content.
  if (status === 204 || status === 205) return undefined;
  try {
    return await response.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (response.headers.get('content-length') === '0') return undefined;
    // The parser's own error shows a part of the text.
    throw new SchemaError([{message: 'It is no JSON'}], {...place, paths: []});
  }
}

/** Options of {@link asForm}. */
export interface FormOptions {
  /** How lists and objects are written, as in queries. */
  readonly styles?: QueryStyles | undefined;
  /** @default 'form' */
  readonly style?: QueryStyle | undefined;
}

/** `application/x-www-form-urlencoded`, its members written as those of a query are. */
export function asForm<Schema extends StandardSchema>(
  schema: Schema,
  {styles, style}: FormOptions = {},
): BodyContent<InputOf<Schema>> {
  const write = queryWriter(styles, style);
  return {
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => ({
        body: write(objectOf(checked, 'asForm')),
        contentType: 'application/x-www-form-urlencoded',
      })),
  };
}

/**
 * `multipart/form-data`: strings, numbers and dates become fields, `Blob`s and `File`s files, each item of a list a part
 * of its own, and other objects JSON. What is undefined or null is left out. A `FormData` is sent as it is.
 */
export function asMultipart<Schema extends StandardSchema>(schema: Schema): BodyContent<InputOf<Schema>> {
  return {
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => {
        if (checked instanceof FormData) return {body: checked};
        const form = new FormData();
        for (const [name, member] of Object.entries(objectOf(checked, 'asMultipart'))) {
          for (const item of Array.isArray(member) ? member : [member]) append(form, name, item);
        }
        return {body: form};
      }),
  };
}

function append(form: FormData, name: string, item: unknown): void {
  if (item === undefined || item === null) return;
  if (item instanceof Blob) form.append(name, item);
  else if (item instanceof Date) form.append(name, item.toISOString());
  else form.append(name, typeof item === 'object' ? JSON.stringify(item) : String(item));
}

function objectOf(value: unknown, content: string): object {
  if (isObject(value) && !Array.isArray(value)) return value;
  throw new TypeError(`${content} writes the members of an object, and the body is none`);
}

/** Text in UTF-8; `text/plain` when it's sent, unless another media type is given. */
export function asText(mediaType = 'text/plain'): Content<string> {
  return {
    accept: mediaType === 'text/plain' ? 'text/*, */*;q=0.1' : mediaType,
    encode: (text) => ({body: text, contentType: mediaType}),
    decode: (response) => response.text(),
  };
}

const binary = 'application/octet-stream';

/** Bytes, all at once. */
export function asBytes(mediaType?: string): Content<Uint8Array | ArrayBuffer, Uint8Array> {
  return {
    accept: mediaType ?? '*/*',
    encode: (bytes) => ({body: bytes as Uint8Array<ArrayBuffer>, contentType: mediaType ?? binary}),
    decode: async (response) => new Uint8Array(await response.arrayBuffer()),
  };
}

/** A `Blob`, with the response's media type; sent with its own. */
export function asBlob(mediaType?: string): Content<Blob> {
  return {
    accept: mediaType ?? '*/*',
    encode: (blob) => ({body: blob, contentType: mediaType ?? (blob.type || binary)}),
    decode: (response) => response.blob(),
  };
}

/**
 * The body as it arrives, a standard stream of bytes: read it or cancel it, its connection is yours until then. What is
 * sent may be whatever is streamed, or a function that makes it, which can be sent again.
 */
export function asStream(mediaType?: string): Content<RequestBody, ReadableStream<Uint8Array>> {
  return {
    accept: mediaType ?? '*/*',
    encode: (body) => ({body, contentType: mediaType ?? binary}),
    decode: (response) => (response.body ?? new Response('').body) as ReadableStream<Uint8Array>,
  };
}

/** Values that are written as NDJSON. */
export type NdjsonInput<Value> = Iterable<Value> | AsyncIterable<Value>;

/** Options of {@link asNdjson}. */
export interface NdjsonOptions extends Pick<LineOptions, 'maxLength'> {
  /** @default 'application/x-ndjson' */
  readonly mediaType?: string | undefined;
}

/**
 * JSON values one by one, each on a line (NDJSON, JSON Lines), in both directions: a response is an async iterable,
 * checked value by value as it is read; a request takes a list, or an iterable that is read as it is sent.
 */
export function asNdjson<Schema extends StandardSchema>(
  schema: Schema,
  {mediaType = 'application/x-ndjson', maxLength}: NdjsonOptions = {},
): Content<
  NdjsonInput<InputOf<Schema>>,
  AsyncIterableIterator<OutputOf<Schema>, undefined, undefined>,
  AsyncIterableIterator<InputOf<Schema>, undefined, undefined>
> {
  return {
    accept: mediaType,
    encode: async (values, place) => ({
      // What is here already is sent in one piece, as it can be everywhere, and again when that is needed.
      body: Array.isArray(values)
        ? await joinLines(values, schema, place)
        : writeLines(values, schema, place),
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

/** An event of a stream whose data is JSON. */
export interface TypedEvent<Data> extends Omit<ServerSentEvent, 'data'> {
  readonly data: Data;
}

/** Options of {@link asEvents}. */
export interface EventsOptions {
  /**
   * The data that ends the stream, which is not handed on: `[DONE]` with some servers.
   *
   * @default none
   */
  readonly end?: string | undefined;
}

/**
 * Server-sent events as they arrive: with a schema their data is JSON that is checked by it, without one it's text.
 * They are not connected to again: what `iterEvents` knows for that comes with `.raw()`.
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
export function asEvents(
  schema?: StandardSchema,
  {end}: EventsOptions = {},
): ResponseContent<AsyncIterableIterator<unknown, undefined, undefined>> {
  assertOption(end === undefined || typeof end === 'string', 'end', end, 'a string');
  return {
    accept: 'text/event-stream',
    decode: (response, {trust, place}) => readEvents(response, trust, place, schema, end),
  };
}

async function* readEvents(
  response: Response,
  trust: boolean,
  place: CheckedPlace,
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
    throw new SchemaError([{message: 'The data of an event is no JSON'}], {...place, paths: []});
  }
}

/** Goes on with a value at once, or with a promise's when that is there. */
function whenThere<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
