import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {BodyContent, ResponseContent} from './content.ts';
import {contentOf} from './content.ts';
import type {ErrorKey, ErrorSchemas} from './failure.ts';
import type {QueryStyle, QueryStyles} from './query.ts';
import {queryWriter} from './query.ts';
import type {CompiledRoute} from './route.ts';
import {compileRoute} from './route.ts';
import type {InputOf} from './schema.ts';
import {checkSchema} from './schema.ts';
import type {CallSettings} from './types.ts';

type KeysOf<Value> = Value extends unknown ? keyof Value : never;

/** Styles of the parameters that there are, where it's known which. */
type StylesOf<Query> = [KeysOf<InputOf<Query>>] extends [never]
  ? QueryStyles
  : {readonly [Name in KeysOf<InputOf<Query>>]?: QueryStyle | undefined};

/** What an endpoint is told beside its route. */
export interface EndpointOptions<Path, Query, Headers, Body, Response, Errors> extends CallSettings {
  /**
   * A schema of the parameters in the path, whose values may be dates and lists, too, which are written with commas.
   * Without one they are strings, numbers, bigints or booleans.
   */
  readonly path?: Path;
  /** A schema of the query. Without one there is none. */
  readonly query?: Query;
  /** A schema of the headers that a call gives. Without one a call may give any. */
  readonly headers?: Headers;
  /** A schema of the body, which is then sent as JSON, or a content as `asForm(schema)`. Without one there is none. */
  readonly body?: Body;
  /**
   * A schema of the body that comes back as JSON with a status of success, or a content as `asNdjson(schema)`. Without one
   * the body is not looked at.
   */
  readonly response?: Response;
  /** Schemas of the bodies of errors, by status, `4XX`, `5XX` or `default`. */
  readonly errors?: Errors & {readonly [Key in Exclude<keyof Errors, ErrorKey>]: never};
  /**
   * How the query's parameters are written.
   *
   * @default the client's `queryStyle`
   */
  readonly queryStyles?: StylesOf<Query> | undefined;
}

/** An endpoint as it was described, checked. */
export interface Definition {
  readonly name: string;
  readonly route: CompiledRoute;
  readonly path: StandardSchema | undefined;
  readonly query: StandardSchema | undefined;
  readonly headers: StandardSchema | undefined;
  readonly body: BodyContent<unknown> | undefined;
  readonly response: ResponseContent<unknown> | undefined;
  readonly errors: ErrorSchemas;
  readonly queryStyles: QueryStyles | undefined;
  readonly settings: CallSettings;
}

const optionNames = [
  'path',
  'query',
  'headers',
  'body',
  'response',
  'errors',
  'queryStyles',
  'timeout',
  'retry',
  'idempotencyKey',
] as const;

/**
 * @throws InvalidOptionError
 */
export function define(
  name: string,
  options: EndpointOptions<unknown, unknown, unknown, unknown, unknown, unknown>,
): Definition {
  const route = compileRoute(name);
  checkKnown('endpoint', options, optionNames);
  const {path, query, headers, body, response, errors, queryStyles, ...settings} = options;
  const hasBody = body !== undefined;
  if (hasBody && (route.method === 'GET' || route.method === 'HEAD'))
    throw new InvalidOptionError('body', new Error('set'), `none: a ${route.method} has no body`);
  if (response !== undefined && route.method === 'HEAD')
    throw new InvalidOptionError('response', new Error('set'), 'none: the answer to a HEAD has no body');
  if (path !== undefined && route.names.length === 0)
    throw new InvalidOptionError('path', new Error('set'), 'none: the route has no parameters');
  if (queryStyles !== undefined) queryWriter(queryStyles);
  return {
    name,
    route,
    path: schemaOf(path, 'path'),
    query: schemaOf(query, 'query'),
    headers: schemaOf(headers, 'headers'),
    body: hasBody ? contentOf<BodyContent<unknown>>(body, 'body', 'encode') : undefined,
    response:
      response === undefined
        ? undefined
        : contentOf<ResponseContent<unknown>>(response, 'response', 'decode'),
    errors: checkErrors(errors ?? {}),
    queryStyles,
    settings,
  };
}

function schemaOf(schema: unknown, option: string): StandardSchema | undefined {
  if (schema === undefined) return undefined;
  checkSchema(schema, option);
  return schema;
}

function checkErrors(errors: unknown): ErrorSchemas {
  assertOption(isObject(errors), 'errors', errors, 'schemas by status');
  for (const [key, schema] of Object.entries(errors)) {
    const isKey = /^(?:[345]\d\d|4XX|5XX|default)$/.test(key);
    assertOption(isKey, `errors.${key}`, 'set', 'statuses from 300 to 599, 4XX, 5XX, default');
    schemaOf(schema, `errors.${key}`);
  }
  return errors as ErrorSchemas;
}
