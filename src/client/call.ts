import {keepErrors} from '../core/body.ts';
import {discard} from '../core/discard-response.ts';
import {foreignMembers, nativeMembers} from '../core/native-init.ts';
import type {RedactedRequest} from '../errors/index.ts';
import type {FetchInit} from '../session/fetch-call.ts';
import {fetchMetadataOf} from '../session/fetch-metadata.ts';
import type {Session} from '../session/session.ts';
import {checkKnown, isObject} from '../utils/check-options.ts';
import type {Definition} from './definition.ts';
import {isErrorOf, toHttpError} from './failure.ts';
import type {ParameterWriter} from './query.ts';
import {queryWriter} from './query.ts';
import type {HeaderRecord} from './settings.ts';
import {mergeHeaders, mergeSettings} from './settings.ts';
import type {CallSettings, LooseInput} from './types.ts';

/** The part of a session that a client needs. */
export type ClientSession = Pick<Session, 'fetch'>;

type MutableInit = {-readonly [Name in keyof FetchInit]: FetchInit[Name]} & {auth?: false};

/** The settings that all endpoints of a client share. */
export interface ClientContext {
  readonly session: ClientSession;
  /** The URL before each path; `''` for the session's base URL. */
  readonly base: string;
  readonly headers: HeaderRecord | undefined;
  readonly settings: CallSettings;
  /** Writes the parameters of queries whose endpoint gives no style. */
  readonly writeParameter: ParameterWriter;
  readonly trust: boolean;
  /** The options that calls take; `undefined` for a foreign session. */
  readonly known: ReadonlySet<string> | undefined;
}

/** A request that was sent, and its response. */
export interface EndpointCall {
  readonly request: RedactedRequest;
  readonly response: Response;
  readonly signal: AbortSignal | null | undefined;
}

/** The differences between the request for a page and the request for the first page, which the input describes. */
export interface PageRequest {
  /** Laid over the query after its schema has checked it. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** Replaces path and query. */
  readonly url?: string | undefined;
  /** Replaces all headers, and leaves out the body and the session's `auth`. */
  readonly headers?: HeaderRecord | undefined;
}

/** The steps of a call of one endpoint. Methods are made of them. */
export interface Caller {
  send(input?: LooseInput, page?: PageRequest): Promise<EndpointCall>;
  /** @throws HTTPError, SchemaError */
  read(endpointCall: EndpointCall): Promise<unknown>;
}

/** The options of a call that make the request. All other options go to the session. */
const parts: readonly string[] = ['path', 'query', 'headers', 'body'];

/**
 * The names of the options that calls on a session take: those of every session, and those of its policies. `undefined` for
 * a foreign session, whose options only it knows: it gets all of them unchecked.
 */
export function knownOptionsOf({fetch}: ClientSession): ReadonlySet<string> | undefined {
  const metadata = fetchMetadataOf(fetch);
  return (
    metadata &&
    new Set([
      ...parts,
      'timeout',
      'signal',
      'redirect',
      ...nativeMembers,
      ...foreignMembers,
      ...metadata.callOptions,
    ])
  );
}

/**
 * One closure for each endpoint of a client, longer than a screen: everything that doesn't change from call to call is
 * computed once, here, and the steps of a call read it.
 *
 * @param isPaged - Whether requests for further pages follow, which may have a query where the endpoint has none.
 */
export function createCaller(definition: Definition, context: ClientContext, isPaged = false): Caller {
  const {name, route, checks, body: bodyContent, response: responseContent} = definition;
  const {method} = route;
  const {session, trust, known} = context;
  const writeQuery =
    definition.query || isPaged ? queryWriter(definition.queryStyles, context.writeParameter) : undefined;
  const settings = mergeSettings(context.settings, definition);
  const accept = responseContent?.accept;
  const ownHeaders = accept === undefined ? context.headers : {accept, ...context.headers};
  const metadata = fetchMetadataOf(session.fetch);
  const base = context.base || baseOf(metadata?.baseUrl);
  if (known) checkKnown(name, settings, known, '');

  function urlOf({path, query = {}}: LooseInput, page: PageRequest): string {
    const url = base + route.expand(path);
    if (!writeQuery) return url;
    const text = writeQuery(page.query ? {...query, ...page.query} : query);
    return text === '' ? url : url + (route.hasQuery ? '&' : '?') + text;
  }

  async function send(input: LooseInput = {}, page: PageRequest = {}): Promise<EndpointCall> {
    if (!isObject(input))
      throw new TypeError(`The argument of ${name} has to be an object with path, query, body, …`);
    keepErrors(input.body);
    if (known) checkKnown(name, input, known, '');
    refuseUnlessDeclared('body', bodyContent, input.body, name);
    refuseUnlessDeclared('query', writeQuery, input.query, name);
    const checked = checks?.input ? await checks.input(input) : input;
    const url = page.url ?? urlOf(checked, page);
    const options: Array<[name: string, value: unknown]> = [];
    for (const option in input) if (!parts.includes(option)) options.push([option, input[option as never]]);
    // An assignment to `__proto__` would set the prototype instead.
    const init: MutableInit = {method, ...Object.fromEntries(options), ...mergeSettings(settings, input)};
    // A typed call retries as a verb does.
    if (metadata?.retriesWhenAsked) init.retry ??= true;
    let sent = page.headers;
    // Another origin chose the URL, and must not get a signed request of its choice.
    if (sent) init.auth = false;
    if (!sent) {
      sent = ownHeaders;
      if (bodyContent) {
        const {body, contentType} = await bodyContent.encode(checked.body, {part: 'body', endpoint: name});
        if (body !== undefined && body !== null) {
          init.body = body;
          if (contentType !== undefined) sent = {'content-type': contentType, ...sent};
        }
      }
      sent = mergeHeaders(sent, checked.headers);
    }
    if (sent) init.headers = sent;
    const response = await session.fetch(url, init);
    return {request: {method, url: response.url || url}, response, signal: input.signal};
  }

  async function read({request, response, signal}: EndpointCall): Promise<unknown> {
    if (!response.ok) {
      const error = await toHttpError(response, definition, trust, request);
      throw signal?.aborted ? signal.reason : error;
    }
    if (responseContent)
      return responseContent.decode(response, {trust, place: {part: 'response', endpoint: name, request}});
    discard(response);
    return undefined;
  }

  return {send, read};
}

/** The URL that routes are appended to: the base URL with its whole path, with or without a slash at the end. */
export function baseOf(baseUrl: URL | undefined): string {
  // A foreign fetch resolves the URL on a base of its own. "./" keeps a path with a colon from being read as a scheme.
  return baseUrl ? baseUrl.origin + baseUrl.pathname.replace(/\/$/, '') : '.';
}

/** Without this error, a part that the endpoint doesn't declare would be left out of the request silently. */
function refuseUnlessDeclared(part: 'body' | 'query', declared: unknown, given: unknown, name: string): void {
  if (!declared && given !== undefined)
    throw new TypeError(`${name} got a ${part}, but the endpoint declares none: add the option "${part}"`);
}

/** The method of an endpoint: a function that has further functions as members. */
export function createMethod(definition: Definition, context: ClientContext): unknown {
  const {send, read} = createCaller(definition, context);
  const method = async (input?: LooseInput) => read(await send(input));
  return Object.assign(method, {
    raw: async (input?: LooseInput) => (await send(input)).response,
    withResponse: async (input?: LooseInput) => {
      const endpointCall = await send(input);
      return {data: await read(endpointCall), response: endpointCall.response};
    },
    isError: isErrorOf(definition),
  });
}
