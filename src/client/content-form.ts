import {isArrayBuffer, isForm, tagOf} from '../core/body.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {BodyContent} from './content.ts';
import {checkMediaType} from './content.ts';
import type {QueryStyle, QueryStyles} from './query.ts';
import {checkStyles, parameterWriter, queryWriter} from './query.ts';
import type {InputOf} from './schema.ts';
import {checkSchema, checkValue, whenThere} from './schema.ts';

/** Options of {@link asForm}. */
export interface FormOptions {
  /** The styles of the form's members, by name. They are the styles of query parameters. */
  readonly styles?: QueryStyles | undefined;
  /** The style of the other members. @default 'form' */
  readonly style?: QueryStyle | undefined;
}

/**
 * A form, `application/x-www-form-urlencoded`. Its members are written in the styles of query parameters.
 *
 * @throws InvalidOptionError when the schema or an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {asForm, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const search = endpoint('POST /search', {
 *   body: asForm(type<{text: string; tags: string[]}>(), {styles: {tags: 'spaceDelimited'}}),
 * });
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * await defineClient({search})(session).search({body: {text: 'Ada', tags: ['math', 'poetry']}});
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asForm<Schema extends StandardSchema>(
  schema: Schema,
  options: FormOptions = {},
): BodyContent<InputOf<Schema>> {
  checkSchema(schema, 'asForm');
  checkKnown('asForm', options, ['styles', 'style']);
  const {styles = {}, style} = options;
  checkStyles(styles, 'asForm.styles');
  const write = queryWriter(styles, parameterWriter(style, 'asForm.style'));
  return {
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => ({
        body: checked === undefined ? null : write(objectOf(checked, 'asForm')),
        contentType: 'application/x-www-form-urlencoded',
      })),
  };
}

/** Options of {@link asMultipart}. */
export interface MultipartOptions {
  /**
   * The `Content-Type` of parts, by the name of their member, for servers that want one, as `application/json` for an
   * object. A part with a type has a file name, because `FormData` has types for files alone.
   *
   * @default none, or a `Blob`'s own type
   */
  readonly contentTypes?: Readonly<Record<string, string>> | undefined;
}

/**
 * A form with files, `multipart/form-data`. Strings, numbers and dates become fields; `Blob`s, `File`s and bytes become
 * files; each item of a list becomes a part of its own; other objects become JSON. Members that are undefined or null are
 * left out. A `FormData` is sent as it is.
 *
 * @throws InvalidOptionError when the schema or an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {asMultipart, createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const upload = endpoint('POST /files', {
 *   body: asMultipart(type<{file: Blob; about: {title: string}}>(), {contentTypes: {about: 'application/json'}}),
 * });
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const file = new Blob(['a,b'], {type: 'text/csv'});
 * await defineClient({upload})(session).upload({body: {file, about: {title: 'Letters'}}});
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function asMultipart<Schema extends StandardSchema>(
  schema: Schema,
  options: MultipartOptions = {},
): BodyContent<InputOf<Schema>> {
  checkSchema(schema, 'asMultipart');
  checkKnown('asMultipart', options, ['contentTypes']);
  const {contentTypes = {}} = options;
  assertOption(
    isObject(contentTypes),
    'asMultipart.contentTypes',
    contentTypes,
    'an object of media types by member name',
  );
  const types = new Map(Object.entries(contentTypes));
  for (const [name, contentType] of types) {
    checkMediaType(`asMultipart.contentTypes.${name}`, contentType, undefined);
  }
  return {
    encode: (value, place) =>
      whenThere(checkValue(schema, value, place), (checked) => {
        if (checked === undefined) return {body: null};
        if (isForm(checked)) return {body: checked};
        const form = new FormData();
        for (const [name, member] of Object.entries(objectOf(checked, 'asMultipart'))) {
          for (const item of Array.isArray(member) ? member : [member])
            append(form, name, item, types.get(name));
        }
        return {body: form};
      }),
  };
}

function append(form: FormData, name: string, item: unknown, contentType: string | undefined): void {
  if (item === undefined || item === null) return;
  const part = partOf(name, item);
  if (contentType === undefined) {
    if (typeof part === 'string') form.append(name, part);
    else form.append(name, part);
    return;
  }
  const typed = new Blob([part], {type: contentType});
  const fileName = tagOf(item) === 'File' ? (item as File).name : undefined;
  if (fileName === undefined) form.append(name, typed);
  else form.append(name, typed, fileName);
}

function partOf(name: string, item: unknown): string | Blob {
  if (item instanceof Blob || /^(?:Blob|File)$/.test(tagOf(item))) return item as Blob;
  if (!isObject(item)) return String(item);
  if (isArrayBuffer(item) || ArrayBuffer.isView(item)) return new Blob([item as BlobPart]);
  if ('toJSON' in item && typeof item.toJSON === 'function') {
    const json: unknown = item.toJSON();
    if (!isObject(json)) return String(json);
  } else if (Symbol.iterator in item) {
    // JSON.stringify writes a Map, a Set or an iterator as {}, which loses its contents.
    throw new TypeError(`Part "${name}" is an iterable other than a list: give a list instead`);
  }
  return JSON.stringify(item);
}

function objectOf(value: unknown, content: string): object {
  if (isObject(value) && !Array.isArray(value)) return value;
  throw new TypeError(
    `${content} writes the members of an object, but the body is not an object: give an object`,
  );
}
