import type {BodyContent, ResponseContent} from './content.ts';
import type {ErrorKey} from './error-types.ts';
import {json} from './json.ts';
import type {QueryStyle, QueryStyles} from './query.ts';
import type {CompiledRoute} from './route.ts';
import {compileRoute} from './route.ts';
import type {checkValue, InputOf} from './schema.ts';
import type {CallSettings, LooseInput} from './types.ts';

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

/** The options of an endpoint, whatever their types are. */
export type AnyEndpointOptions = EndpointOptions<unknown, unknown, unknown, unknown, unknown, unknown>;

/** The checks that an endpoint with schemas makes for each call. */
export interface EndpointChecks {
  /**
   * Returns the parts of the request, of which the path, the query and the headers are checked; `undefined` where the schemas of all of them are types.
   *
   * @throws SchemaError
   */
  readonly input: ((input: LooseInput) => Promise<LooseInput>) | undefined;
  readonly value: typeof checkValue;
}

/** An endpoint, prepared for its calls. */
export interface Definition extends CallSettings {
  readonly name: string;
  readonly route: CompiledRoute;
  /** `undefined` where all schemas are types, which accept every value. */
  readonly checks: EndpointChecks | undefined;
  readonly query?: unknown;
  readonly body: BodyContent<unknown> | undefined;
  readonly response: ResponseContent<unknown> | undefined;
  readonly errors?: unknown;
  readonly queryStyles?: QueryStyles | undefined;
}

/** Prepares an endpoint for its calls. The route and the options have been checked, or were generated. */
export function define(name: string, options: AnyEndpointOptions, checks?: EndpointChecks): Definition {
  const {body, response} = options;
  return {
    ...options,
    name,
    route: compileRoute(name),
    checks,
    body: contentOf(body),
    response: contentOf(response),
  };
}

/** The content of an option: a schema stands for JSON. */
function contentOf<Content>(value: unknown): Content | undefined {
  return (value && '~standard' in (value as object) ? json : value) as Content | undefined;
}
