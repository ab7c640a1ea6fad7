/**
 * Typed API clients. Endpoints are values that are described once; a client makes methods of them on any session.
 *
 * @module
 */

import type {HeadersInput} from '../core/header-list.ts';
import {checkBaseUrl} from '../session/check-parts.ts';
import type {FetchInit} from '../session/fetch-call.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {ClientContext, ClientSession} from './call.ts';
import {baseOf, createMethod, knownOptionsOf} from './call.ts';
import {checkEndpoint, checksOf} from './check-endpoint.ts';
import type {BodyContent, ResponseContent} from './content.ts';
import type {Definition, EndpointOptions} from './definition.ts';
import {define} from './definition.ts';
import type {ErrorKey, ErrorSchemas, FailureOf, TrustedFailureOf} from './error-types.ts';
import {isErrorOf} from './failure.ts';
import type {PageStrategy} from './page-strategies.ts';
import type {PagedMethod} from './pages.ts';
import {createPagedMethod} from './pages.ts';
import type {QueryStyle} from './query.ts';
import {parameterWriter} from './query.ts';
import type {Route} from './route.ts';
import type {TypeWitness} from './schema.ts';
import {mergeHeaders, mergeSettings} from './settings.ts';
import type {CallInput, CallSettings, DataOf, EndpointMethod, TrustedDataOf} from './types.ts';

export type {ClientSession} from './call.ts';
export type {
  BodyContent,
  Content,
  DecodeContext,
  EncodedBody,
  JsonOptions,
  ResponseContent,
} from './content.ts';
export {asBlob, asBytes, asJson, asStream, asText} from './content.ts';
export type {FormOptions, MultipartOptions} from './content-form.ts';
export {asForm, asMultipart} from './content-form.ts';
export type {EventsOptions, NdjsonInput, NdjsonOptions, TypedEvent} from './content-sequence.ts';
export {asEvents, asNdjson} from './content-sequence.ts';
export type {ResponsesByStatus, StatusAndData, SuccessKey, SuccessStatus} from './content-status.ts';
export {byStatus} from './content-status.ts';
export type {EndpointOptions} from './definition.ts';
export type {
  ClientErrorStatus,
  EndpointError,
  ErrorKey,
  ErrorSchemas,
  ServerErrorStatus,
} from './error-types.ts';
export type {
  CursorPagesOptions,
  ItemOf,
  ItemsOption,
  LinkPagesOptions,
  NextPage,
  NumberedPagesOptions,
  OffsetPagesOptions,
  PageState,
  PageStrategy,
  UrlPagesOptions,
} from './page-strategies.ts';
export {cursorPages, linkPages, numberedPages, offsetPages, urlPages} from './page-strategies.ts';
export type {Page, PagedMethod, PageOptions, Pages} from './pages.ts';
export type {QueryStyle, QueryStyleName, QueryStyleOptions, QueryStyles} from './query.ts';
export type {Method, PathValue, Route} from './route.ts';
export type {CheckedPart, CheckedPlace, InputOf, OutputOf, TypeWitness} from './schema.ts';
export {type} from './schema.ts';
export type {
  CallExtras,
  CallExtrasAndHeaders,
  CallSettings,
  EndpointMethod,
  WithResponse,
} from './types.ts';

// Endpoints are opaque to their users, so these members have symbols for names.
const bind: unique symbol = Symbol.for('aiofetch.bind') as never;
const described: unique symbol = Symbol.for('aiofetch.described') as never;
declare const methods: unique symbol;

/** Any endpoint, from {@link endpoint} or {@link paginate}. */
export interface AnyEndpoint {
  /** The method and the path. */
  readonly route: string;
  /** Makes the method of a client. */
  readonly [bind]: (context: ClientContext) => unknown;
}

/** An endpoint. {@link defineClient} makes a method of it. */
export interface Endpoint<Path extends string, PathSchema, Query, Headers, Body, Response, Errors>
  extends AnyEndpoint {
  readonly route: Path;
  readonly [described]: Definition;
  /** Whether an error is one that the endpoint declares, with data that fits. Its `status` then tells the type of `data`. */
  isError(error: unknown): error is FailureOf<Errors>;
  /** Types only: the method of a client that checks responses, and of one that trusts the server. */
  readonly [methods]?: {
    readonly check: EndpointMethod<
      CallInput<Path, PathSchema, Query, Headers, Body>,
      DataOf<Response>,
      FailureOf<Errors>
    >;
    readonly trust: EndpointMethod<
      CallInput<Path, PathSchema, Query, Headers, Body>,
      TrustedDataOf<Response>,
      TrustedFailureOf<Errors>
    >;
  };
}

/**
 * Describes an endpoint of an API: the parts of its requests, and the data of its responses. Nothing is sent:
 * {@link defineClient} makes clients of endpoints.
 *
 * Schemas are Standard Schemas, as of Zod, Valibot or ArkType, or `type<…>()`, a type that nothing checks. Callers pass the
 * input of a schema, and get the output. A body is JSON unless the option is a content: `asForm`, `asMultipart`, `asText`,
 * `asBytes`, `asBlob`, `asStream`, `asNdjson`, `asEvents`, or one of your own.
 *
 * Parameters of the path are expanded by RFC 6570's simple string expansion, so that a value stays within its segment.
 *
 * Bundlers leave out the endpoints that an application doesn't use if each endpoint is a constant of its own. Rolldown and
 * Rollup know that the functions of this module have no side effects. esbuild has to be told at each call, also at those
 * inside: `/* @__PURE__ *\/ endpoint('GET /users', {response: /* @__PURE__ *\/ type<User[]>()})`.
 *
 * @param route - The method and the path. The path is appended to the base URL's path, which may or may not end in a slash.
 * @throws InvalidOptionError when the route or an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const createUser = endpoint('POST /orgs/{org}/users', {
 *   query: type<{notify?: boolean}>(),
 *   body: type<{name: string}>(),
 *   response: type<{name: string}>(),
 *   errors: {422: type<{field: string}>()},
 * });
 *
 * await using session = createSession({baseUrl: 'https://api.example.com/v1/'});
 * const client = defineClient({users: {create: createUser}})(session);
 * try {
 *   const {name} = await client.users.create({path: {org: 'acme'}, query: {notify: true}, body: {name: 'Ada'}});
 *   console.log(name);
 * } catch (error) {
 *   if (createUser.isError(error)) console.log(error.status, error.data.field);
 *   else throw error;
 * }
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function endpoint<
  const Path extends Route,
  PathSchema extends StandardSchema | undefined = undefined,
  Query extends StandardSchema | undefined = undefined,
  Headers extends StandardSchema | undefined = undefined,
  Body extends StandardSchema | BodyContent<never> | undefined = undefined,
  Response extends StandardSchema | ResponseContent<unknown, unknown> | undefined = undefined,
  const Errors extends ErrorSchemas = Record<never, never>,
>(
  route: Path,
  options: EndpointOptions<PathSchema, Query, Headers, Body, Response, Errors> = {},
): Endpoint<Path, PathSchema, Query, Headers, Body, Response, Errors> {
  const checked = checkEndpoint(route, options);
  return endpointOf(route, define(route, checked, checksOf(route, options)));
}

/**
 * The same as {@link endpoint}, for code that is generated, such as the clients of `aiofetch openapi`. It is smaller in a
 * bundle, because it checks nothing: whoever generates the code has made sure that the route and the options are ones that
 * `endpoint` accepts. Schemas are types alone, from `type<…>()`.
 *
 * @example
 * ```ts
 * import {createSession, defineClient, type, uncheckedEndpoint} from 'aiofetch';
 *
 * const getUser = uncheckedEndpoint('GET /users/{username}', {response: type<{name: string}>()});
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * console.log(await defineClient({getUser})(session).getUser({path: {username: 'ada'}}));
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function uncheckedEndpoint<
  const Path extends Route,
  PathSchema extends TypeWitness<unknown> | undefined = undefined,
  Query extends TypeWitness<unknown> | undefined = undefined,
  Headers extends TypeWitness<unknown> | undefined = undefined,
  Body extends TypeWitness<unknown> | BodyContent<never> | undefined = undefined,
  Response extends TypeWitness<unknown> | ResponseContent<unknown, unknown> | undefined = undefined,
  const Errors extends {readonly [Key in ErrorKey]?: TypeWitness<unknown>} = Record<never, never>,
>(
  route: Path,
  options: EndpointOptions<PathSchema, Query, Headers, Body, Response, Errors> = {},
): Endpoint<Path, PathSchema, Query, Headers, Body, Response, Errors> {
  return endpointOf(route, define(route, options));
}

function endpointOf<Path extends string, PathSchema, Query, Headers, Body, Response, Errors>(
  route: Path,
  definition: Definition,
): Endpoint<Path, PathSchema, Query, Headers, Body, Response, Errors> {
  return {
    route,
    [described]: definition,
    [bind]: (context) => createMethod(definition, context),
    isError: isErrorOf(definition),
  };
}

/** An endpoint whose responses come in pages. */
export interface PagedEndpoint<Path extends string, PathSchema, Query, Headers, Body, Response, Errors, Item>
  extends AnyEndpoint {
  readonly route: Path;
  /** Whether an error is one that the endpoint declares, with data that fits. Its `status` then tells the type of `data`. */
  isError(error: unknown): error is FailureOf<Errors>;
  /** Types only: the method of a client that checks responses, and of one that trusts the server. */
  readonly [methods]?: {
    readonly check: PagedMethod<
      CallInput<Path, PathSchema, Query, Headers, Body>,
      Item,
      DataOf<Response>,
      FailureOf<Errors>
    >;
    readonly trust: PagedMethod<
      CallInput<Path, PathSchema, Query, Headers, Body>,
      // A strategy is typed by the output of the schema. Where input and output differ, the type of the items is unknown.
      DataOf<Response> extends TrustedDataOf<Response> ? Item : unknown,
      TrustedDataOf<Response>,
      TrustedFailureOf<Errors>
    >;
  };
}

/**
 * Makes an endpoint whose responses are pages. Its method returns {@link Pages}: `await` them for the first page, or iterate
 * over them for the items of all pages. A page is requested when the loop reaches it, or `prefetch` pages earlier.
 *
 * The request for a page on another origin has none of the headers of the session, the client and the call, except
 * `User-Agent`. A page that leads back to an earlier page ends the iteration with an error.
 *
 * @param strategy - Finds the next page: {@link linkPages}, {@link cursorPages}, {@link numberedPages},
 * {@link offsetPages}, {@link urlPages}, or one of your own.
 * @throws InvalidOptionError when the endpoint or the strategy is not valid; UnsupportedOptionError for an unknown member
 *
 * @example
 * ```ts
 * import {createSession, cursorPages, defineClient, endpoint, paginate, type} from 'aiofetch';
 *
 * const listUsers = paginate(
 *   endpoint('GET /users', {
 *     query: type<{limit?: number}>(),
 *     response: type<{users?: Array<{name: string}>; next?: string}>(),
 *   }),
 *   cursorPages({items: ({users}) => users ?? [], cursor: ({next}) => next}),
 * );
 *
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const client = defineClient({listUsers})(session);
 * for await (const {name} of client.listUsers({query: {limit: 50}, prefetch: 1})) console.log(name);
 * const page = await client.listUsers();
 * console.log(page.items.length, page.hasNext);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function paginate<Path extends string, PathSchema, Query, Headers, Body, Response, Errors, Item>(
  endpoint: Endpoint<Path, PathSchema, Query, Headers, Body, Response, Errors>,
  strategy: PageStrategy<DataOf<Response>, Item>,
): PagedEndpoint<Path, PathSchema, Query, Headers, Body, Response, Errors, Item> {
  const definition = endpoint?.[described];
  assertOption(isObject(definition), 'endpoint', endpoint, 'an endpoint, as endpoint() returns it');
  checkKnown('strategy', strategy, ['items', 'next']);
  const {items, next} = strategy;
  assertOption(typeof next === 'function', 'strategy.next', next, 'a function');
  assertOption(items === undefined || typeof items === 'function', 'strategy.items', items, 'a function');
  return {
    route: endpoint.route,
    [bind]: (context) => createPagedMethod(definition, context, strategy as PageStrategy<unknown, unknown>),
    isError: isErrorOf(definition),
  };
}

/** Endpoints, and groups of endpoints. */
export interface EndpointTree {
  readonly [name: string]: AnyEndpoint | EndpointTree;
}

/** Options of {@link defineClient}. */
export interface ClientOptions<Responses extends 'check' | 'trust' = 'check' | 'trust'> extends CallSettings {
  /**
   * The URL that routes are appended to, for a client that knows its server.
   *
   * @default the session's base URL
   */
  readonly baseUrl?: string | URL | undefined;
  /** Headers of every call, laid over the session's. A call's own headers are laid over them. */
  readonly headers?: HeadersInput | undefined;
  /** The style of query parameters whose endpoint gives no style. @default 'form' */
  readonly queryStyle?: QueryStyle | undefined;
  /**
   * Whether schemas check responses. With `trust` the data is taken as the server sends it, which costs nothing. Its type is
   * then the input of the schema rather than the output. Schemas check requests either way.
   *
   * @default 'check'
   */
  readonly responses?: Responses | undefined;
}

/**
 * A client: a method for each endpoint, in the groups of the endpoints. `Options` are the options that policies of the
 * session's user add to calls.
 */
export type Client<Tree, Responses extends 'check' | 'trust' = 'check', Options = unknown> = {
  readonly [Name in keyof Tree]: Tree[Name] extends {
    readonly [methods]?: infer Methods;
  } & AnyEndpoint
    ? WithOptions<NonNullable<Methods>[Responses & keyof NonNullable<Methods>], Options>
    : Client<Tree[Name], Responses, Options>;
};

/** A method whose calls take more options. */
type WithOptions<Method, Options> = [keyof Options] extends [never]
  ? Method
  : Method extends EndpointMethod<infer Input, infer Data, infer Failure>
    ? EndpointMethod<Input & Options, Data, Failure>
    : Method extends PagedMethod<infer Input, infer Item, infer Data, infer Failure>
      ? PagedMethod<Input & Options, Item, Data, Failure>
      : Method;

/** The options that a session's `fetch` takes beside those that every typed call has. */
type AddedOptions<Of extends ClientSession> = Parameters<Of['fetch']>[1] extends infer Init
  ? Omit<NonNullable<Init>, keyof FetchInit>
  : never;

const optionNames = [
  'baseUrl',
  'headers',
  'queryStyle',
  'responses',
  'timeout',
  'retry',
  'idempotencyKey',
] as const;

/**
 * Defines a client of endpoints, in groups if they are nested. Returns a function that makes the client on a session.
 *
 * @throws InvalidOptionError when an option is not valid, or a value in the tree is not an endpoint; UnsupportedOptionError
 * for an unknown option. The returned function throws UnsupportedOptionError when the client or an endpoint has a setting that
 * the session has no policy for
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, type} from 'aiofetch';
 *
 * const listIssues = endpoint('GET /repos/{owner}/{repo}/issues', {
 *   query: type<{state?: 'open' | 'closed'}>(),
 *   response: type<unknown>(),
 * });
 * const github = defineClient({issues: {list: listIssues}}, {headers: {accept: 'application/vnd.github+json'}});
 *
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const path = {owner: 'nodejs', repo: 'node'};
 * await github(session).issues.list({path, query: {state: 'open'}, timeout: 10_000});
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineClient<
  const Tree extends EndpointTree,
  const Responses extends 'check' | 'trust' = 'check',
>(
  endpoints: Tree,
  options: ClientOptions<Responses> = {},
): <Of extends ClientSession>(session: Of) => Client<Tree, Responses, AddedOptions<Of>> {
  checkKnown('client', options, optionNames);
  const {baseUrl, headers, queryStyle, responses = 'check'} = options;
  assertOption(responses === 'check' || responses === 'trust', 'responses', responses, '"check" or "trust"');
  const bindAll = binderOf(endpoints, 'endpoints');
  const shared: Omit<ClientContext, 'known' | 'session'> = {
    base: baseUrl === undefined ? '' : baseOf(checkBaseUrl(baseUrl)),
    headers: mergeHeaders(undefined, headers),
    settings: mergeSettings({}, options),
    writeParameter: parameterWriter(queryStyle),
    trust: responses === 'trust',
  };
  return (session) => {
    assertOption(isObject(session) && typeof session.fetch === 'function', 'session', session, 'a session');
    return bindAll({...shared, session, known: knownOptionsOf(session)}) as never;
  };
}

/** The function that makes the methods of a tree of endpoints, or of one endpoint. */
function binderOf(tree: AnyEndpoint | EndpointTree, where: string): AnyEndpoint[typeof bind] {
  assertOption(isObject(tree), where, tree, 'an endpoint, or an object of endpoints, and groups of them');
  if (isEndpoint(tree)) return tree[bind];
  const binders = Object.entries(tree).map(
    ([name, value]) => [name, binderOf(value, `${where}.${name}`)] as const,
  );
  // An assignment to a member called `__proto__` would set the prototype.
  return (context) => Object.fromEntries(binders.map(([name, make]) => [name, make(context)]));
}

function isEndpoint(value: AnyEndpoint | EndpointTree): value is AnyEndpoint {
  return bind in value;
}
