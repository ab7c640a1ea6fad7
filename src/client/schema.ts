import type {RedactedRequest} from '../errors/index.ts';
import {SchemaError} from '../errors/index.ts';
import {assertOption} from '../utils/check-options.ts';
import type {SchemaIssue, StandardSchema} from '../utils/standard-schema.ts';
import {isSchema, validate} from '../utils/standard-schema.ts';

/** What a Standard Schema makes of what it takes. */
export type OutputOf<Schema> = Schema extends {
  readonly '~standard': {readonly types?: {readonly output: infer Output} | undefined};
}
  ? Output
  : never;

/** What a Standard Schema takes. */
export type InputOf<Schema> = Schema extends {
  readonly '~standard': {readonly types?: {readonly input: infer Input} | undefined};
}
  ? Input
  : never;

/** What {@link type} makes: a Standard Schema that lets everything pass. */
export interface TypeWitness<Type> extends StandardSchema<Type, Type> {
  readonly '~trusting': true;
}

/**
 * A type where a schema is asked for, without a schema library: nothing is checked, the compiler believes you.
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

/** @throws InvalidOptionError for what is none */
export function checkSchema(value: unknown, option: string): asserts value is StandardSchema {
  assertOption(isSchema(value), option, value, 'a Standard Schema, or type<…>()');
}

/** What is checked, for who reads the error. */
export type CheckedPart = 'body' | 'headers' | 'path' | 'query' | 'response';

/** Where a value comes from that is checked. */
export interface CheckedPlace {
  readonly part: CheckedPart;
  /** The route, as `GET /users/{username}`. */
  readonly endpoint: string;
  readonly request?: RedactedRequest | undefined;
}

/**
 * What the schema makes of a value; a promise where the schema gives one.
 *
 * @throws SchemaError, which the promise rejects with, too
 */
export function checkValue<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
  place: CheckedPlace,
): Output | Promise<Output> {
  if ('~trusting' in schema) return value as Output;
  return validate(schema, value, (issues) => schemaError(issues, place));
}

/** Goes on with a value at once, or with a promise's when that is there. */
export function whenThere<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

export function schemaError(issues: readonly SchemaIssue[], place: CheckedPlace, line?: number): SchemaError {
  const {part, endpoint, request} = place;
  return new SchemaError(issues, {request, part, endpoint, paths: pathsOf(issues), line});
}

/** How many paths are shown. */
const shownPaths = 5;

// A key of a record is a part of the data: shown is what looks like a name.
const namelike = /^[A-Za-z_$][\w$-]{0,39}$/;

/** Where the issues are, as `items[0].name`. Values are left out, and keys that may be values. */
function pathsOf(issues: readonly SchemaIssue[]): string[] {
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
  return [...paths];
}
