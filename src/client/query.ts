import {tagOf} from '../core/body.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import {encodeValue, refuseValue} from './encode-value.ts';

/** The styles of query parameters that OpenAPI names ("Style Values"). */
export type QueryStyleName = 'deepObject' | 'form' | 'pipeDelimited' | 'spaceDelimited';

/** The style of one query parameter, with its options. */
export interface QueryStyleOptions {
  /** @default 'form' */
  readonly style?: QueryStyleName | undefined;
  /**
   * Whether each value of a list, and each member of an object, becomes a pair of its own. `deepObject` has to.
   *
   * @default true for `form` and `deepObject`, false for the others
   */
  readonly explode?: boolean | undefined;
  /**
   * Leaves the reserved characters of RFC 3986 as they are, except `#`, `[`, `]`, `&`, `=` and `+`.
   *
   * @default false
   */
  readonly allowReserved?: boolean | undefined;
}

/** A style, a style with options, or a function that returns the pairs, which are then percent-encoded. */
export type QueryStyle =
  | QueryStyleName
  | QueryStyleOptions
  | ((name: string, value: unknown) => Iterable<readonly [name: string, value: string]>);

/** The styles of parameters, by the parameters' names. */
export interface QueryStyles {
  readonly [name: string]: QueryStyle | undefined;
}

/** Writes one parameter as `name=value` pairs joined by `&`; `''` when there is nothing to write. */
type Writer = (name: string, value: unknown) => string;

/** Writes a query without its question mark; `''` when there is nothing to write. */
export type QueryWriter = (query: object) => string;

/**
 * @param defaultStyle - The style of parameters that `styles` doesn't name.
 * @param options - The names of both options, for error messages.
 *
 * @throws InvalidOptionError when a style is not one of OpenAPI's; UnsupportedOptionError for an unknown option of a style
 */
export function queryWriter(
  styles: QueryStyles = {},
  defaultStyle: QueryStyle = 'form',
  options = {styles: 'queryStyles', style: 'queryStyle'},
): QueryWriter {
  assertOption(isObject(styles), options.styles, styles, 'an object of styles by parameter name');
  const writers = new Map<string, Writer>();
  for (const [name, style] of Object.entries(styles)) {
    if (style !== undefined) writers.set(name, writerOf(style, `${options.styles}.${name}`));
  }
  const defaultWriter = writerOf(defaultStyle, options.style);
  return (query) => {
    if (tagOf(query) !== 'Object')
      throw new TypeError(`A query is an object of parameters by name, but got a ${tagOf(query)}`);
    let text = '';
    for (const name of Object.keys(query)) {
      const value = (query as Record<string, unknown>)[name];
      if (!isDefined(value)) continue;
      const write = (writers.size > 0 && writers.get(name)) || defaultWriter;
      const written = write(name, value);
      if (written !== '') text += text === '' ? written : `&${written}`;
    }
    return text;
  };
}

// RFC 3986 doesn't allow spaces and pipes in a query, so both are percent-encoded, as in OpenAPI's own examples.
const delimiters = {form: ',', spaceDelimited: '%20', pipeDelimited: '%7C', deepObject: ''} as const;

function writerOf(style: QueryStyle, option: string): Writer {
  if (typeof style === 'function') {
    return (name, value) =>
      join(
        [...style(name, value)].map(([key, text]) => [key, [text]]),
        name,
        '',
      );
  }
  const given = isObject(style) ? style : {style};
  checkKnown(option, given, ['style', 'explode', 'allowReserved']);
  const {style: styleName = 'form', allowReserved = false} = given;
  // A name such as "constructor" belongs to the prototype.
  const delimiter = Object.hasOwn(delimiters, styleName) ? delimiters[styleName] : undefined;
  const names = Object.keys(delimiters).join(', ');
  assertOption(delimiter !== undefined, option, styleName, `${names}, or a function`);
  const isDeep = styleName === 'deepObject';
  const {explode = isDeep || styleName === 'form'} = given;
  assertOption(!isDeep || explode, option, 'deepObject with explode: false', 'deepObject with explode');
  return (name, value) => {
    if (!isComposite(value)) return `${encode(name, name)}=${encode(value, name, allowReserved)}`;
    const plain = toPlain(value, name);
    if (isDeep) return join(deepPairs(name, plain), name, '', allowReserved);
    return join(pairsOf(name, plain, explode), name, delimiter, allowReserved);
  };
}

/** A name, and the values that are written behind it. */
type Pair = readonly [key: string, values: readonly unknown[]];

function join(pairs: readonly Pair[], name: string, delimiter: string, allowReserved = false): string {
  return pairs
    .map(([key, values]) => {
      const texts = values.map((value) => encode(value, name, allowReserved));
      return `${encode(key, name)}=${texts.join(delimiter)}`;
    })
    .join('&');
}

function pairsOf(name: string, value: unknown, explode: boolean): Pair[] {
  if (!isComposite(value)) return [[name, [value]]];
  const isList = Array.isArray(value);
  const members: ReadonlyArray<[string, unknown]> = isList
    ? value.map((item) => [name, item])
    : Object.entries(value);
  const defined = members.filter(([, item]) => isDefined(item));
  if (explode) return defined.map(([key, item]) => [key, [item]]);
  const values = isList ? defined.map(([, item]) => item) : defined.flat();
  return values.length > 0 ? [[name, values]] : [];
}

// OpenAPI doesn't define lists and objects inside a deepObject. They nest one level deeper, which is how servers read them.
function deepPairs(key: string, value: unknown): Pair[] {
  if (!isDefined(value)) return [];
  if (!isComposite(value)) return [[key, [value]]];
  if (Array.isArray(value)) return value.flatMap((item) => deepPairs(key, item));
  return Object.entries(value).flatMap(([member, item]) => deepPairs(`${key}[${member}]`, item));
}

/**
 * A value made of lists, plain objects and values that have a text. An object with a `toJSON` is replaced by its result.
 *
 * @throws TypeError for a Map, a Blob and other objects whose contents are not their members: the contents would be lost
 */
function toPlain(value: unknown, name: string): unknown {
  if (!isComposite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, name));
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), name);
  const tag = tagOf(value);
  if (tag !== 'Object') refuseValue(`is a ${tag}: give a list, an object or text instead`, name, undefined);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item, name)]));
}

/** RFC 6570, section 3.2.1, leaves out undefined values. JSON has null for them. */
function isDefined(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Whether a value is a list or an object, and no date. */
function isComposite(value: unknown): value is object {
  return isObject(value) && !(value instanceof Date);
}

function encode(value: unknown, name: string, allowReserved = false): string {
  if (isComposite(value))
    refuseValue(
      'contains an object, which its style has no form for: use the style deepObject, or a function',
      name,
      undefined,
    );
  const text = encodeValue(value, name);
  return allowReserved ? text.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g, decodeURIComponent) : text;
}
