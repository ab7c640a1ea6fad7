import type {RequestBody} from '../core/body.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import {isSchema} from '../utils/standard-schema.ts';
import {json} from './json.ts';
import type {CheckedPlace, InputOf, OutputOf} from './schema.ts';
import {checkSchema, checkValue, whenThere} from './schema.ts';

/** A body, and its `Content-Type`. Without one the body's own media type is sent, as a `Blob` has one. */
export interface EncodedBody {
  readonly body: RequestBody | null;
  readonly contentType?: string | undefined;
}

/** Encodes request bodies. The functions whose names begin with `as` return one; you can write your own. */
export interface BodyContent<Input> {
  /** Is called with `undefined` where a call has no body. */
  encode(value: Input, place: CheckedPlace): EncodedBody | Promise<EncodedBody>;
}

/** The facts of a call that {@link ResponseContent.decode} gets. */
export interface DecodeContext {
  /** Whether the client takes data as the server sends it, unchecked. */
  readonly trust: boolean;
  readonly place: CheckedPlace;
}

/** Decodes response bodies. The functions whose names begin with `as` return one; you can write your own. */
export interface ResponseContent<Output, Trusted = Output> {
  /** The request's `Accept` header. */
  readonly accept?: string | undefined;
  /** Reads or cancels the body of a response, whose status is one of success. */
  decode(response: Response, context: DecodeContext): Output | Promise<Output>;
  /** Types only: the type of the data where the client trusts the server. */
  readonly '~trusted'?: Trusted | undefined;
}

/** Encodes request bodies, and decodes response bodies. */
export interface Content<Input, Output = Input, Trusted = Output>
  extends BodyContent<Input>,
    ResponseContent<Output, Trusted> {}

/** Options of {@link asJson}. */
export interface JsonOptions {
  /**
   * The `Accept` and `Content-Type` header.
   *
   * @default 'application/json'
   */
  readonly mediaType?: string | undefined;
}

/**
 * JSON. A schema alone means JSON already, so this function is for other media types than `application/json`, such as
 * `application/merge-patch+json`.
 *
 * @throws InvalidOptionError when the schema is not a Standard Schema, or the media type is malformed
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
  const mediaType = checkMediaType('asJson.mediaType', options.mediaType, json.accept);
  return {
    accept: mediaType,
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => ({
        ...json.encode(checked),
        contentType: mediaType,
      })),
    decode: async (response, context) => {
      const value = await json.decode(response, context);
      return (context.trust ? value : checkValue(schema, value, context.place)) as OutputOf<Schema>;
    },
  };
}

export function checkMediaType<Fallback extends string | undefined>(
  option: string,
  mediaType: string | undefined,
  fallback: Fallback,
): string | Fallback {
  if (mediaType === undefined) return fallback;
  const isOne = typeof mediaType === 'string' && /^[!-.0-~]+\/[ -~]+$/.test(mediaType);
  assertOption(isOne, option, mediaType, 'a media type such as "application/json"');
  return mediaType;
}

/**
 * Text. It is sent in UTF-8, as `text/plain` or the given media type, and read in the `charset` of the response's
 * `Content-Type`, which is UTF-8 by default.
 *
 * @throws InvalidOptionError when the media type is malformed
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
    // The runtime doesn't know this charset. The Fetch standard's `text()` reads everything as UTF-8.
    return response.text();
  }
  return decoder.decode(await response.arrayBuffer());
}

const binary = 'application/octet-stream';

/** The bytes that streams and decoders of runtimes take: `Uint8Array<ArrayBuffer>` since TypeScript 5.7, when it became generic. */
type Bytes = ReturnType<Uint8Array['slice']>;

/**
 * The whole body as bytes. They are sent as `application/octet-stream`, or the given media type.
 *
 * @throws InvalidOptionError when the media type is malformed
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
 * A `Blob`. It is sent with the given media type, or else its own; a response's `Blob` has the response's media type.
 *
 * @throws InvalidOptionError when the media type is malformed
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
 * The body as it arrives, as a standard stream of bytes. Read or cancel it: the call keeps its connection until then. A
 * request may have any body that `fetch` takes, or a function that returns one, so that it can be sent again. It is sent as
 * `application/octet-stream`, or the given media type.
 *
 * @throws InvalidOptionError when the media type is malformed
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

/** The content of an option. A schema stands for JSON. */
export function contentOf<Content>(value: unknown, option: string, method: 'decode' | 'encode'): Content {
  // Schemas come first, because they may have methods called `decode` and `encode`.
  if (isSchema(value)) return asJson(value) as Content;
  const isContent = isObject(value) && typeof (value as Record<string, unknown>)[method] === 'function';
  assertOption(isContent, option, value, `a Standard Schema, type<…>(), or a content with ${method}()`);
  return value as Content;
}
