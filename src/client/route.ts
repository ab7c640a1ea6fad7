import {InvalidOptionError} from '../errors/index.ts';
import {percentEncode} from '../utils/percent-encode.ts';

/** The methods that an endpoint may have. */
export type Method = 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT' | 'QUERY';

/** A method and a path, as `GET /users/{username}`. Names in braces are parameters. */
export type Route = `${Method} /${string}`;

/** The names of a route's parameters. */
export type ParameterNames<Of extends string> = Of extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** What a parameter of a path may be. */
export type PathValue = string | number | bigint | boolean;

/** A route, taken apart once. */
export interface CompiledRoute {
  readonly method: Method;
  readonly names: readonly string[];
  /** There is a query in the route itself. */
  readonly hasQuery: boolean;
  /**
   * The path with its parameters put in, each as simple string expansion has it (RFC 6570, section 3.2.2), so that it
   * stays within its segment. It begins with a slash.
   *
   * @throws TypeError naming the parameter, when it's missing, empty, or would make a dot segment
   */
  expand(values: Readonly<Record<string, unknown>> | undefined): string;
}

const methods: ReadonlySet<string> = new Set<Method>([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
]);

const allowed = 'a method and a path, as "GET /users/{username}"';

// RFC 6570, section 2.3, without dots, percent-encoding and modifiers; and "-", which OpenAPI documents use.
const parameterName = /^[\w-]+$/;

/**
 * @throws InvalidOptionError when it is no route
 */
export function compileRoute(route: string): CompiledRoute {
  const refuse = (why: string): never => {
    throw new InvalidOptionError('route', new Error(why), allowed);
  };
  if (typeof route !== 'string') return refuse('not a string');
  const space = route.indexOf(' ');
  const method = route.slice(0, space);
  const template = route.slice(space + 1);
  if (!methods.has(method)) refuse(`${JSON.stringify(route)} begins with no method in capitals`);
  if (!template.startsWith('/') || template.startsWith('//'))
    refuse(`the path of ${JSON.stringify(route)} doesn't begin with one slash`);
  if (/[\s\\#]/.test(template)) refuse(`${JSON.stringify(route)} has a space, "\\" or "#" in its path`);
  if (template.includes('/:'))
    refuse(
      `${JSON.stringify(route)} has a segment that begins with ":": parameters are in braces, a colon is "%3A"`,
    );
  const mark = template.indexOf('?');
  const path = mark === -1 ? template : template.slice(0, mark);
  const query = mark === -1 ? '' : template.slice(mark);
  if (/[{}]/.test(query)) refuse('its query has parameters: they belong into "query"');
  // Literal, name, literal, name, …, literal.
  const parts = path.split(/[{}]/);
  if (parts.length % 2 === 0 || (path.match(/\{[^{}]*\}/g)?.length ?? 0) * 2 !== parts.length - 1)
    refuse(`the braces of ${JSON.stringify(route)} don't match`);
  const names = parts.filter((_, index) => index % 2 === 1);
  for (const name of names) {
    if (!parameterName.test(name)) refuse(`${JSON.stringify(name)} is no name of a parameter`);
  }
  if (new Set(names).size !== names.length) refuse(`${JSON.stringify(route)} names a parameter twice`);
  const fixed = names.length === 0 ? path + query : undefined;
  if (hasDotSegment(parts.join('{}'))) refuse(`${JSON.stringify(route)} has a "." or ".." for a segment`);

  function expand(values: Readonly<Record<string, unknown>> | undefined): string {
    if (fixed !== undefined) return fixed;
    let expanded = parts[0] as string;
    let mayHaveDots = false;
    for (let index = 1; index < parts.length; index += 2) {
      const name = parts[index] as string;
      const text = encodeParameter(name, values?.[name], route);
      mayHaveDots ||= text.charCodeAt(0) === dot;
      expanded += text + parts[index + 1];
    }
    // URLs leave such a segment out, and the one before it: what is asked for would be something else.
    if (mayHaveDots && hasDotSegment(expanded))
      throw new TypeError(`A parameter of ${route} makes a "." or ".." of its segment`);
    return expanded + query;
  }

  return {method: method as Method, names, hasQuery: query !== '', expand};
}

const dot = 46;

// URL, "single-dot" and "double-dot URL path segment": percent-encoded ones are the same.
function hasDotSegment(path: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}

// Of these, nothing has to be encoded.
const unreserved = /^[\w~.-]+$/;

function encodeParameter(name: string, value: unknown, route: string): string {
  const refuse = (why: string): never => {
    throw new TypeError(`Parameter "${name}" of ${route} ${why}`);
  };
  if (value === undefined || value === null) return refuse('is missing');
  // RFC 6570, section 3.2.2: of a list, each item for itself, with commas.
  if (Array.isArray(value) && value.length > 0) {
    return value
      .map((item) =>
        Array.isArray(item) ? refuse('is a list of lists') : encodeParameter(name, item, route),
      )
      .join(',');
  }
  if (Array.isArray(value)) return refuse('is empty');
  if (typeof value === 'object' && !(value instanceof Date)) return refuse('is an object');
  if (typeof value === 'function' || typeof value === 'symbol') return refuse(`is a ${typeof value}`);
  const text = value instanceof Date ? toIsoString(value, refuse) : String(value);
  if (text === '') return refuse('is empty');
  if (Number.isNaN(value)) return refuse('is NaN');
  if (unreserved.test(text)) return text;
  try {
    return percentEncode(text);
  } catch {
    return refuse('has half of a surrogate pair in it');
  }
}

function toIsoString(date: Date, refuse: (why: string) => never): string {
  return Number.isNaN(date.getTime()) ? refuse('is no valid date') : date.toISOString();
}
