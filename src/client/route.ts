import {InvalidOptionError} from '../errors/index.ts';
import {encodeValue, refuseValue} from './encode-value.ts';

/** The methods that an endpoint may have. */
export type Method = 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT' | 'QUERY';

/** A method and a path, as `GET /users/{username}`. Names in braces are parameters. */
export type Route = `${Method} /${string}`;

/** The names of a route's parameters. */
export type ParameterNames<Of extends string> = Of extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** The values that a parameter of a path may have. */
export type PathValue = string | number | bigint | boolean;

/** A route that was parsed once, for all calls of its endpoint. */
export interface CompiledRoute {
  readonly method: Method;
  readonly names: readonly string[];
  /** Whether the route itself has a query. */
  readonly hasQuery: boolean;
  /**
   * The path with its parameters replaced by simple string expansion (RFC 6570, section 3.2.2), so that each value stays
   * within its segment. The path begins with a slash.
   *
   * @throws TypeError that names the parameter, when its value is missing, empty or has no text, or makes a dot segment
   */
  expand(values: Readonly<Record<string, unknown>> | undefined): string;
}

const route = /^(?:DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY) /;

// RFC 6570, section 2.3, without dots, percent-encoding and modifiers; and with "-", which OpenAPI documents use.
const parameterName = /^[\w-]+$/;

/**
 * @throws InvalidOptionError when the text is not a method and a path
 */
export function compileRoute(text: string): CompiledRoute {
  const refuseIf = (isWrong: boolean, problem: string): void => {
    if (!isWrong) return;
    throw new InvalidOptionError(
      'route',
      new Error(`${JSON.stringify(text)} ${problem}`),
      'a method and a path, as "GET /users/{username}"',
    );
  };
  refuseIf(typeof text !== 'string' || !route.test(text), 'does not begin with a method in capitals');
  const [method = '', template = ''] = split(text, ' ');
  refuseIf(!/^ \/(?!\/)/.test(template), 'has a path that does not begin with one slash');
  refuseIf(/.[\s\\#]/.test(template), 'has a space, "\\" or "#" in its path');
  refuseIf(
    template.includes('/:'),
    'has a segment that begins with ":": write parameters in braces, and a colon as "%3A"',
  );
  const [path = '', query = ''] = split(template.slice(1), '?');
  refuseIf(/[{}]/.test(query), 'has parameters in its query: declare them with the option "query"');
  // Literals and names take turns: literal, name, literal, name, …, literal.
  const parts = path.split(/[{}]/);
  const matched = path.match(/\{[^{}]*\}/g) ?? [];
  refuseIf(parts.length !== 2 * matched.length + 1, 'has braces that do not match');
  const names = parts.filter((_, index) => index % 2 === 1);
  for (const name of names)
    refuseIf(!parameterName.test(name), `has a parameter "${name}": names have letters, digits, "_" and "-"`);
  refuseIf(new Set(names).size !== names.length, 'names a parameter twice');
  refuseIf(hasDotSegment(parts.join('{}')), 'has a "." or ".." as a segment');

  const fixed = names.length === 0 ? path + query : undefined;
  function expand(values: Readonly<Record<string, unknown>> | undefined): string {
    if (fixed !== undefined) return fixed;
    let expanded = parts[0] as string;
    let mayHaveDots = false;
    for (let index = 1; index < parts.length; index += 2) {
      const name = parts[index] as string;
      const value = encodeParameter(name, givenValue(values, name), text);
      mayHaveDots ||= value.charCodeAt(0) === dot;
      expanded += value + parts[index + 1];
    }
    // A URL parser removes a dot segment, and with ".." the segment before it: the request would go to another path.
    if (mayHaveDots && hasDotSegment(expanded))
      throw new TypeError(`A parameter of ${text} makes its segment "." or ".."`);
    return expanded + query;
  }

  return {method: method as Method, names, hasQuery: query !== '', expand};
}

/** The value of a parameter. `constructor` and other members of every object are not values. */
function givenValue(values: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  const value = values?.[name];
  return value !== undefined && name in Object.prototype && !Object.hasOwn(values as object, name)
    ? undefined
    : value;
}

/** The text before a separator, and the text from the separator on. */
function split(text: string, separator: string): readonly [before: string, rest: string] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index)];
}

const dot = 46;

// The URL standard's "single-dot" and "double-dot URL path segment", which include percent-encoded dots.
function hasDotSegment(path: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

function encodeParameter(name: string, value: unknown, of: string): string {
  if (value === undefined || value === null) return refuseValue('is missing', name, of);
  // RFC 6570, section 3.2.2: the items of a list are encoded one by one, and joined by commas.
  if (Array.isArray(value)) {
    if (value.some(Array.isArray)) refuseValue('is a list of lists', name, of);
    return (
      value.map((item) => encodeParameter(name, item, of)).join(',') || refuseValue('is empty', name, of)
    );
  }
  if (typeof value === 'object' && !(value instanceof Date)) return refuseValue('is an object', name, of);
  return encodeValue(value, name, of) || refuseValue('is empty', name, of);
}
