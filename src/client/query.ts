import {tagOf} from '../core/body.ts';
import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import {percentEncode} from '../utils/percent-encode.ts';

/** How a parameter of a query is written, by OpenAPI's names ("Style Values"). */
export type QueryStyleName = 'deepObject' | 'form' | 'pipeDelimited' | 'spaceDelimited';

/** How one parameter of a query is written. */
export interface QueryStyleOptions {
  /** @default 'form' */
  readonly style?: QueryStyleName | undefined;
  /**
   * Whether each value of a list, and each member of an object, is a pair of its own.
   *
   * @default true for form and deepObject, false for the others
   */
  readonly explode?: boolean | undefined;
  /**
   * RFC 3986's reserved characters are left as they are, but for `#`, `[`, `]`, `&`, `=` and `+`.
   *
   * @default false
   */
  readonly allowReserved?: boolean | undefined;
}

/** A style, with its options, or a function that writes the pairs, which are then encoded. */
export type QueryStyle =
  | QueryStyleName
  | QueryStyleOptions
  | ((name: string, value: unknown) => Iterable<readonly [name: string, value: string]>);

/** A style for each parameter, by name. */
export interface QueryStyles {
  readonly [name: string]: QueryStyle | undefined;
}

/** Writes one parameter: its pairs, joined; `''` when there is nothing to write. */
type Writer = (name: string, value: unknown) => string;

/** Writes a query without its question mark; `''` when there is nothing in it. */
export type QueryWriter = (query: object) => string;

/**
 * @param defaultStyle - For those that `styles` doesn't name.
 * @param options - What the options are called, for who reads the error.
 *
 * @throws InvalidOptionError when a style is none
 */
export function queryWriter(
  styles: QueryStyles = {},
  defaultStyle: QueryStyle = 'form',
  options = {styles: 'queryStyles', style: 'queryStyle'},
): QueryWriter {
  assertOption(isObject(styles), options.styles, styles, 'styles by name');
  const writers = new Map<string, Writer>();
  for (const [name, style] of Object.entries(styles)) {
    if (style !== undefined) writers.set(name, writerOf(style, `${options.styles}.${name}`));
  }
  const otherwise = writerOf(defaultStyle, options.style);
  return (query) => {
    if (tagOf(query) !== 'Object')
      throw new TypeError(`Parameters are given by name, and not as a ${tagOf(query)}`);
    let text = '';
    for (const name of Object.keys(query)) {
      const value = (query as Record<string, unknown>)[name];
      // Undefined values are left out (RFC 6570, section 3.2.1), and null is how JSON has them.
      if (value === undefined || value === null) continue;
      const written =
        (writers.size > 0 ? writers.get(name) : undefined)?.(name, value) ?? otherwise(name, value);
      if (written !== '') text += text === '' ? written : `&${written}`;
    }
    return text;
  };
}

const styleNames: readonly string[] = ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'];

function writerOf(style: QueryStyle, option: string): Writer {
  if (typeof style === 'function') {
    return (name, value) =>
      [...style(name, value)].map(([key, text]) => `${encode(key, name)}=${encode(text, name)}`).join('&');
  }
  const options = isObject(style) ? style : {style};
  checkKnown(option, options, ['style', 'explode', 'allowReserved']);
  const {style: styleName = 'form', allowReserved = false} = options;
  if (!styleNames.includes(styleName))
    throw new InvalidOptionError(option, styleName, `${styleNames.join(', ')}, or a function`);
  const {explode = styleName === 'form' || styleName === 'deepObject'} = options;
  if (styleName === 'deepObject' && !explode)
    throw new InvalidOptionError(option, 'deepObject with explode: false', 'deepObject with explode');
  const encodeValue = allowReserved ? encodeReserved : encode;
  const write =
    styleName === 'deepObject'
      ? deepWriter(encodeValue)
      : explode
        ? explodedWriter(encodeValue)
        : joinedWriter(delimiters[styleName], encodeValue);
  return (name, value) => write(name, isObject(value) ? toPlain(value, name) : value);
}

/**
 * Lists, objects, and what can be written as text; what has a `toJSON` is what that gives.
 *
 * @throws TypeError for what has its parts elsewhere than in its members, which would be lost
 */
function toPlain(value: unknown, name: string): unknown {
  if (!isObject(value) || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, name));
  if ('toJSON' in value && typeof value.toJSON === 'function') return toPlain(value.toJSON(), name);
  const kind = tagOf(value);
  if (kind !== 'Object')
    throw new TypeError(`Query parameter "${name}" is a ${kind}: give a list, an object or text`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item, name)]));
}

// Those that RFC 3986 doesn't allow in a query are percent-encoded, as OpenAPI's own examples have them.
const delimiters = {form: ',', spaceDelimited: '%20', pipeDelimited: '%7C', deepObject: ''} as const;

type Encode = (value: unknown, name: string) => string;

function explodedWriter(encodeValue: Encode): Writer {
  return (name, value) => {
    if (!isComposite(value)) return `${encode(name, name)}=${encodeValue(value, name)}`;
    const pairs = Array.isArray(value)
      ? value.map((item) => [name, item] as const)
      : Object.entries(value as object);
    return pairs
      .filter(([, item]) => isDefined(item))
      .map(([key, item]) => `${encode(key, name)}=${encodeValue(item, name)}`)
      .join('&');
  };
}

function joinedWriter(delimiter: string, encodeValue: Encode): Writer {
  return (name, value) => {
    if (!isComposite(value)) return `${encode(name, name)}=${encodeValue(value, name)}`;
    const items: unknown[] = Array.isArray(value)
      ? value.filter(isDefined)
      : Object.entries(value as object)
          .filter(([, item]) => isDefined(item))
          .flat();
    if (items.length === 0) return '';
    return `${encode(name, name)}=${items.map((item) => encodeValue(item, name)).join(delimiter)}`;
  };
}

// OpenAPI says nothing of lists in an object, nor of objects in one: each goes one level on, as servers read it.
function deepWriter(encodeValue: Encode): Writer {
  const pairsOf = (key: string, value: unknown, name: string): string[] => {
    if (!isDefined(value)) return [];
    if (!isComposite(value)) return [`${encode(key, name)}=${encodeValue(value, name)}`];
    if (Array.isArray(value)) return value.flatMap((item) => pairsOf(key, item, name));
    return Object.entries(value as object).flatMap(([member, item]) =>
      pairsOf(`${key}[${member}]`, item, name),
    );
  };
  return (name, value) => pairsOf(name, value, name).join('&');
}

function isDefined(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Whether it has parts. */
function isComposite(value: unknown): boolean {
  return isObject(value) && !(value instanceof Date);
}

function encode(value: unknown, name: string): string {
  const text = textOf(value, name);
  // What needs no encoding, which most don't.
  if (/^[\w~.-]*$/.test(text)) return text;
  try {
    return percentEncode(text);
  } catch {
    throw new TypeError(`Query parameter "${name}" has half of a surrogate pair in it`);
  }
}

function encodeReserved(value: unknown, name: string): string {
  return encode(value, name).replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g, decodeURIComponent);
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError(`Query parameter "${name}" is no valid date`);
    return value.toISOString();
  }
  if (typeof value === 'object' && value !== null)
    throw new TypeError(
      `Query parameter "${name}" has an object inside: its style can't write that; deepObject, or a function, can`,
    );
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`Query parameter "${name}" is a ${typeof value}`);
  if (Number.isNaN(value)) throw new TypeError(`Query parameter "${name}" is NaN`);
  return String(value);
}
