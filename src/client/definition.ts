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

/** The styles of a query's parameters; of any parameter where the schema's type doesn't name them. */
type StylesOf<Query> = [KeysOf<InputOf<Query>>] extends [never]
  ? QueryStyles
  : {readonly [Name in KeysOf<InputOf<Query>>]?: QueryStyle | undefined};

/** Options of {@link endpoint}. */
export interface EndpointOptions<Path, Query, Headers, Body, Response, Errors> extends CallSettings {
  /**
   * A schema of the parameters in the path. Their values may then be dates, and lists, which are joined by commas. Without a
   * schema they are strings, numbers, bigints or booleans.
   */
  readonly path?: Path;
  /** A schema of the query. Without a schema, calls have no query. */
  readonly query?: Query;
  /** A schema of a call's headers. Without a schema, a call may have any headers. */
  readonly headers?: Headers;
  /** A schema of the body, which is then sent as JSON, or a content such as `asForm(schema)`. Without it, calls have no body. */
  readonly body?: Body;
  /**
   * A schema of the JSON body of successful responses, or a content such as `asNdjson(schema)`. Without it, bodies are
   * discarded unread.
   */
  readonly response?: Response;
  /** Schemas of error bodies, by status, `4XX`, `5XX` or `default`. */
  readonly errors?: Errors & {readonly [Key in Exclude<keyof Errors, ErrorKey>]: never};
  /**
   * The styles of the query's parameters, by name.
   *
   * @default the client's `queryStyle`
   */
  readonly queryStyles?: StylesOf<Query> | undefined;
}

/** The checked options of an endpoint. */
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
 * Checks the options of an endpoint.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function define(
  name: string,
  options: EndpointOptions<unknown, unknown, unknown, unknown, unknown, unknown>,
): Definition {
  const route = compileRoute(name);
  checkKnown('endpoint', options, optionNames);
  const {path, query, headers, body, response, errors, queryStyles, ...settings} = options;
  const refuseIf = (isWrong: boolean, option: string, given: unknown, reason: string): void => {
    if (isWrong && given !== undefined)
      throw new InvalidOptionError(option, new Error('it is set'), `undefined, because ${reason}`);
  };
  const isHead = route.method === 'HEAD';
  refuseIf(isHead || route.method === 'GET', 'body', body, `a ${route.method} request has no body`);
  refuseIf(isHead, 'response', response, 'the response to a HEAD request has no body');
  refuseIf(route.names.length === 0, 'path', path, 'the route has no parameters');
  if (queryStyles !== undefined) queryWriter(queryStyles);
  return {
    name,
    route,
    path: schemaOf(path, 'path'),
    query: schemaOf(query, 'query'),
    headers: schemaOf(headers, 'headers'),
    body: body !== undefined ? contentOf<BodyContent<unknown>>(body, 'body', 'encode') : undefined,
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
