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

/** Parses a route that `checkRoute` has found no fault with, or that was generated. */
export function compileRoute(text: string): CompiledRoute {
  const [method, template] = split(text, ' ');
  const [path, query] = split(template.slice(1), '?');
  // Literals and names take turns: literal, name, literal, name, …, literal.
  const [first = '', ...parts] = path.split(/[{}]/);

  function expand(values: Readonly<Record<string, unknown>> | undefined): string {
    let expanded = first;
    let mayHaveDots = false;
    for (let index = 0; index < parts.length; index += 2) {
      const name = parts[index] as string;
      const value = encodeParameter(name, givenValue(values, name), text);
      mayHaveDots ||= value.startsWith('.');
      expanded += value + parts[index + 1];
    }
    // A URL parser removes a dot segment, and with ".." the segment before it: the request would go to another path.
    if (mayHaveDots && hasDotSegment(expanded))
      throw new TypeError(`A parameter of ${text} makes its segment "." or ".."`);
    return expanded + query;
  }

  return {method: method as Method, hasQuery: query !== '', expand};
}

/** The value of a parameter. `constructor` and other members of every object are not values. */
function givenValue(values: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return values && (!(name in Object.prototype) || Object.hasOwn(values, name)) ? values[name] : undefined;
}

/** The text before a separator, and the text from the separator on. */
export function split(text: string, separator: string): readonly [before: string, rest: string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index)];
}

/** The URL standard's "single-dot" and "double-dot URL path segment", which include percent-encoded dots. */
export function hasDotSegment(path: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

function encodeParameter(name: string, value: unknown, of: string): string {
  if (value === undefined || value === null) return refuseValue('is missing', name, of);
  let text: string;
  if (Array.isArray(value)) {
    // RFC 6570, section 3.2.2: the items of a list are encoded one by one, and joined by commas.
    if (value.some(Array.isArray)) refuseValue('is a list of lists', name, of);
    text = value.map((item) => encodeParameter(name, item, of)).join(',');
  } else {
    if (typeof value === 'object' && !(value instanceof Date)) refuseValue('is an object', name, of);
    text = encodeValue(value, name, of);
  }
  return text || refuseValue('is empty', name, of);
}
