import type {RequestBody} from '../core/body.ts';
import {SchemaError} from '../errors/index.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import {bareMediaType} from '../utils/media-type.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {isSchema} from '../utils/standard-schema.ts';
import type {CheckedPlace, InputOf, OutputOf} from './schema.ts';
import {checkSchema, checkValue, whenThere} from './schema.ts';

/** A body, and what `Content-Type` is with it; without one it's what the body says of itself. */
export interface EncodedBody {
  readonly body: RequestBody | null;
  readonly contentType?: string | undefined;
}

/** How the body of a request is written: the functions that begin with `as`, or one of your own. */
export interface BodyContent<Input> {
  /** Called with `undefined` where a call has no body. */
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
/* @__NO_SIDE_EFFECTS__ */
export function asJson<Schema extends StandardSchema>(
  schema: Schema,
  options: JsonOptions = {},
): Content<InputOf<Schema>, OutputOf<Schema>, InputOf<Schema>> {
  checkSchema(schema, 'asJson');
  checkKnown('asJson', options, ['mediaType']);
  const mediaType = checkMediaType('asJson.mediaType', options.mediaType, 'application/json');
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
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === '') return undefined;
    const problem = `is no JSON${butIs(response, /json/i)}`;
    // The parser's own error shows a part of the text.
    throw new SchemaError([{message: 'It is no JSON'}], {...place, problem});
  }
}

/** What a response says that it is, where that isn't what was expected. */
export function butIs({headers}: Response, expected: RegExp): string {
  const type = bareMediaType(headers.get('content-type'));
  return type === '' || expected.test(type) ? '' : `, but ${type}`;
}

export function checkMediaType<Fallback extends string | undefined>(
  option: string,
  mediaType: string | undefined,
  fallback: Fallback,
): string | Fallback {
  if (mediaType === undefined) return fallback;
  const isOne = typeof mediaType === 'string' && /^[!-~]+\/[ -~]+$/.test(mediaType);
  assertOption(isOne, option, mediaType, 'a media type, as "application/json"');
  return mediaType;
}

/**
 * Text; `text/plain` when it's sent, in UTF-8, unless another media type is given. What comes back is read in the
 * `charset` that its `Content-Type` says, UTF-8 where it says none.
 *
 * @throws InvalidOptionError when the media type is none
 *
 * @example
 * ```ts
 * import {asText, createSession, defineClient, endpoint} from 'aiofetch';
 *
 * const render = endpoint('POST /render', {body: asText('text/markdown'), response: asText('text/html')});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const html = await defineClient({render})(session).render({body: '# Ada'});
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asText(mediaType?: string): Content<string> {
  const sent = checkMediaType('asText', mediaType, 'text/plain');
  return {
    accept: sent === 'text/plain' ? 'text/*, */*;q=0.1' : sent,
    encode: (text) => ({body: text, contentType: sent}),
    decode: readText,
  };
}

async function readText(response: Response): Promise<string> {
  const [, charset] =
    /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(response.headers.get('content-type') ?? '') ?? [];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return response.text();
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    // Unknown here: as the Fetch standard has it for all of them.
    return response.text();
  }
  return decoder.decode(await response.arrayBuffer());
}

const binary = 'application/octet-stream';

/** What the runtime's own streams and decoders take: of TypeScript 5.7 and later `Uint8Array<ArrayBuffer>`, which was not generic before. */
type Bytes = ReturnType<Uint8Array['slice']>;

/**
 * Bytes, all at once; `application/octet-stream` when they are sent, unless another media type is given.
 *
 * @throws InvalidOptionError when the media type is none
 *
 * @example
 * ```ts
 * import {asBytes, createSession, defineClient, endpoint} from 'aiofetch';
 *
 * const getIcon = endpoint('GET /icons/{name}', {response: asBytes('image/png')});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const png = await defineClient({getIcon})(session).getIcon({path: {name: 'ada'}});
 * console.log(png.byteLength);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asBytes(mediaType?: string): Content<Uint8Array | ArrayBuffer, Bytes> {
  checkMediaType('asBytes', mediaType, undefined);
  return {
    accept: mediaType ?? '*/*',
    encode: (bytes) => ({body: bytes as Uint8Array<ArrayBuffer>, contentType: mediaType ?? binary}),
    decode: async (response) => new Uint8Array(await response.arrayBuffer()),
  };
}

/**
 * A `Blob`, with the response's media type; sent with its own, unless another is given.
 *
 * @throws InvalidOptionError when the media type is none
 *
 * @example
 * ```ts
 * import {asBlob, createSession, defineClient, endpoint} from 'aiofetch';
 *
 * const copyPhoto = endpoint('POST /photos', {body: asBlob(), response: asBlob()});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const photo = new Blob(['…'], {type: 'image/jpeg'});
 * const copy = await defineClient({copyPhoto})(session).copyPhoto({body: photo});
 * console.log(copy.type, copy.size);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asBlob(mediaType?: string): Content<Blob> {
  checkMediaType('asBlob', mediaType, undefined);
  return {
    accept: mediaType ?? '*/*',
    encode: (blob) => ({body: blob, contentType: mediaType ?? (blob?.type || binary)}),
    decode: (response) => response.blob(),
  };
}

/**
 * The body as it arrives, a standard stream of bytes: read it or cancel it, its connection is yours until then. What is
 * sent may be whatever is streamed, or a function that makes it, which can be sent again; its media type is
 * `application/octet-stream`, unless another is given.
 *
 * @throws InvalidOptionError when the media type is none
 *
 * @example
 * ```ts
 * import {asStream, createSession, defineClient, endpoint} from 'aiofetch';
 *
 * const getArchive = endpoint('GET /archive', {response: asStream('application/gzip')});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const archive = await defineClient({getArchive})(session).getArchive();
 * for await (const text of archive.pipeThrough(new TextDecoderStream())) console.log(text.length);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asStream(mediaType?: string): Content<RequestBody, ReadableStream<Bytes>> {
  checkMediaType('asStream', mediaType, undefined);
  return {
    accept: mediaType ?? '*/*',
    encode: (body) => ({body, contentType: mediaType ?? binary}),
    decode: (response) => (response.body ?? new Response('').body) as ReadableStream<Bytes>,
  };
}

/** A content, or JSON where it's a schema. */
export function contentOf<Content>(value: unknown, option: string, method: 'decode' | 'encode'): Content {
  // First: schemas may have methods of any name.
  if (isSchema(value)) return asJson(value) as Content;
  const isContent = isObject(value) && typeof (value as Record<string, unknown>)[method] === 'function';
  assertOption(isContent, option, value, `a Standard Schema, type<…>(), or a content with ${method}()`);
  return value as Content;
}
