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
  /**
   * How `deepObject` writes the values of a list: `tags[0]=a&tags[1]=b` (`index`, which alone can hold lists and objects),
   * `tags[]=a&tags[]=b` (`brackets`) or `tags=a&tags=b` (`repeat`).
   *
   * @default `index` for lists that contain lists or objects, `repeat` for the others
   */
  readonly lists?: 'brackets' | 'index' | 'repeat' | undefined;
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
export type ParameterWriter = (name: string, value: unknown) => string;

/** Writes a query without its question mark; `''` when there is nothing to write. */
export type QueryWriter = (query: object) => string;

/**
 * @param styles - The styles of single parameters.
 * @param writeOther - Writes the parameters that `styles` doesn't name.
 */
export function queryWriter(
  styles: QueryStyles = {},
  writeOther: ParameterWriter = parameterWriter(),
): QueryWriter {
  const writers = new Map<string, ParameterWriter>();
  for (const [name, style] of Object.entries(styles))
    if (style !== undefined) writers.set(name, parameterWriter(style));
  return (query) => {
    if (tagOf(query) !== 'Object')
      throw new TypeError(`A query is an object of parameters by name, but got a ${tagOf(query)}`);
    let text = '';
    for (const name of Object.keys(query)) {
      const value = (query as Record<string, unknown>)[name];
      if (!isDefined(value)) continue;
      const written = (writers.get(name) ?? writeOther)(name, value);
      if (written !== '') text += text === '' ? written : `&${written}`;
    }
    return text;
  };
}

/** @throws InvalidOptionError, UnsupportedOptionError as {@link parameterWriter} does */
export function checkStyles(styles: QueryStyles, option: string): void {
  assertOption(isObject(styles), option, styles, 'an object of styles by parameter name');
  for (const [name, style] of Object.entries(styles)) parameterWriter(style, `${option}.${name}`);
}

// RFC 3986 doesn't allow spaces and pipes in a query, so both are percent-encoded, as in OpenAPI's own examples.
const delimiters = {form: ',', spaceDelimited: '%20', pipeDelimited: '%7C', deepObject: ''} as const;

/** A name, and the values that are written behind it. */
type Pair = readonly [key: string, values: readonly unknown[]];

/** @throws InvalidOptionError when the style is not one of OpenAPI's; UnsupportedOptionError for an unknown option of a style */
export function parameterWriter(style: QueryStyle = 'form', option = 'queryStyle'): ParameterWriter {
  const given = typeof style === 'string' ? {style} : typeof style === 'function' ? {} : style;
  checkKnown(option, given, ['style', 'explode', 'allowReserved', 'lists']);
  const {style: styleName = 'form', allowReserved = false, lists} = given;
  // A name such as "constructor" belongs to the prototype.
  const isName = Object.hasOwn(delimiters, styleName);
  assertOption(isName, option, styleName, `${Object.keys(delimiters).join(', ')}, or a function`);
  const isDeep = styleName === 'deepObject';
  const {explode = isDeep || styleName === 'form'} = given;
  assertOption(!isDeep || explode, option, 'deepObject with explode: false', 'deepObject with explode');
  assertOption(
    lists === undefined || (isDeep && /^(?:brackets|index|repeat)$/.test(lists)),
    option,
    `lists: ${lists} for ${styleName}`,
    'lists: brackets, index or repeat, for deepObject alone',
  );

  function pairsOf(key: string, value: unknown, name: string): Pair[] {
    if (!isComposite(value)) return isDefined(value) ? [[key, [value]]] : [];
    const isList = Array.isArray(value);
    const members = Object.entries(value)
      .map(([member, item]) => [member, toPlain(item, name)] as const)
      .filter(([, item]) => isDefined(item));
    // OpenAPI doesn't define lists and objects inside a deepObject. They nest one level deeper, which is how servers read them.
    if (isDeep) {
      const form = !isList
        ? 'index'
        : (lists ?? (members.some(([, item]) => isComposite(item)) ? 'index' : 'repeat'));
      return members.flatMap(([member, item], index) => {
        if (form !== 'index' && isComposite(item))
          refuseValue('is a list of lists or objects: use lists: index', name);
        const suffix = form === 'repeat' ? '' : `[${form === 'brackets' ? '' : isList ? index : member}]`;
        return pairsOf(key + suffix, item, name);
      });
    }
    if (explode) return members.map(([member, item]) => [isList ? key : member, [item]]);
    const values = isList ? members.map(([, item]) => item) : members.flat();
    return values.length > 0 ? [[key, values]] : [];
  }

  return (name, value) => {
    const pairs =
      typeof style === 'function'
        ? Array.from(style(name, value), ([key, text]): Pair => [key, [text]])
        : pairsOf(name, toPlain(value, name), name);
    return pairs
      .map(([key, values]) => {
        const texts = values.map((item) => encode(item, name, allowReserved));
        return `${encodeValue(key, name)}=${texts.join(delimiters[styleName])}`;
      })
      .join('&');
  };
}

/**
 * The value, or what its `toJSON` returns.
 *
 * @throws TypeError for a Map, a Blob and other objects whose contents are not their members: the contents would be lost
 */
function toPlain(value: unknown, name: string): unknown {
  if (!isComposite(value) || Array.isArray(value)) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), name);
  const tag = tagOf(value);
  if (tag !== 'Object') refuseValue(`is a ${tag}: give a list, an object or text instead`, name);
  return value;
}

/** RFC 6570, section 3.2.1, leaves out undefined values. JSON has null for them. */
function isDefined(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Whether a value is a list or an object, and no date. */
function isComposite(value: unknown): value is object {
  return isObject(value) && !(value instanceof Date);
}

function encode(value: unknown, name: string, allowReserved: boolean): string {
  if (isComposite(value)) refuseValue('contains an object: use the style deepObject, or a function', name);
  const text = encodeValue(value, name);
  return allowReserved ? text.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g, decodeURIComponent) : text;
}
