import type {RedactedRequest} from '../errors/index.ts';
import {SchemaError, schemaProblem} from '../errors/index.ts';
import {assertOption} from '../utils/check-options.ts';
import type {SchemaIssue, StandardSchema} from '../utils/standard-schema.ts';
import {isSchema, validate} from '../utils/standard-schema.ts';

/** The type of the values that a Standard Schema returns. */
export type OutputOf<Schema> = Schema extends {
  readonly '~standard': {readonly types?: {readonly output: infer Output} | undefined};
}
  ? Output
  : never;

/** The type of the values that a Standard Schema accepts. */
export type InputOf<Schema> = Schema extends {
  readonly '~standard': {readonly types?: {readonly input: infer Input} | undefined};
}
  ? Input
  : never;

/** The result of {@link type}: a Standard Schema that accepts every value. */
export interface TypeWitness<Type> extends StandardSchema<Type, Type> {
  readonly '~trusting': true;
}

/**
 * A type in place of a schema, without a schema library. Nothing is checked at run time: the compiler believes the type.
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const getUser = endpoint('GET /users/{username}', {response: type<{name: string}>()});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const {name} = await defineClient({getUser})(session).getUser({path: {username: 'ada'}});
 * console.log(name);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function type<Type>(): TypeWitness<Type> {
  return witness as TypeWitness<Type>;
}

const witness: TypeWitness<unknown> = {
  '~standard': {version: 1, vendor: 'aiofetch', validate: (value) => ({value})},
  '~trusting': true,
};

/** @throws InvalidOptionError when the value is not a Standard Schema */
export function checkSchema(value: unknown, option: string): asserts value is StandardSchema {
  assertOption(isSchema(value), option, value, 'a Standard Schema, or type<…>()');
}

/** The part of a request or response that a schema checks. */
export type CheckedPart = 'body' | 'headers' | 'path' | 'query' | 'response';

/** The place that a checked value comes from, for the error message. */
export interface CheckedPlace {
  readonly part: CheckedPart;
  /** The route, as `GET /users/{username}`. */
  readonly endpoint: string;
  readonly request?: RedactedRequest | undefined;
}

/**
 * The output of a schema for a value; a promise where the schema returns one.
 *
 * @throws SchemaError when the value doesn't fit; the promise rejects with it
 */
export function checkValue<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
  place: CheckedPlace,
): Output | Promise<Output> {
  if ('~trusting' in schema) return value as Output;
  return validate(schema, value, (issues) => schemaError(issues, place));
}

/** Calls `next` with a value: at once, or when its promise is fulfilled. */
export function whenThere<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

export function schemaError(issues: readonly SchemaIssue[], place: CheckedPlace, line?: number): SchemaError {
  const {part, endpoint, request} = place;
  const paths = pathsOf(issues);
  const problem = schemaProblem(issues) + (paths && ` at ${paths}`);
  return new SchemaError(issues, {request, part, endpoint, problem, line});
}

/** The most paths that an error message shows. */
const shownPaths = 5;

// The key of a record is a part of the data, which may be a secret. Only keys that look like names are shown.
const namelike = /^[A-Za-z_$][\w$-]{0,39}$/;

/** The paths of issues, as `items[0].name`. They leave out values, and keys that may be values. */
function pathsOf(issues: readonly SchemaIssue[]): string {
  const paths = new Set<string>();
  for (const {path} of issues) {
    if (!Array.isArray(path)) continue;
    let text = '';
    for (const segment of path as readonly unknown[]) {
      const key = typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment;
      if (typeof key === 'number') text += `[${key}]`;
      else text += `${text && '.'}${typeof key === 'string' && namelike.test(key) ? key : '*'}`;
    }
    if (text !== '') paths.add(text);
    if (paths.size === shownPaths) break;
  }
  return [...paths].join(', ');
}
