import {discard} from '../core/discard-response.ts';
import {nativeMembers} from '../core/native-init.ts';
import type {RedactedRequest} from '../errors/index.ts';
import type {FetchInit} from '../session/fetch-call.ts';
import {fetchMetadataOf} from '../session/fetch-metadata.ts';
import type {Session} from '../session/session.ts';
import {checkKnown, isObject} from '../utils/check-options.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {DecodeContext} from './content.ts';
import type {Definition} from './definition.ts';
import {isDeclared, toHttpError} from './failure.ts';
import type {QueryStyle} from './query.ts';
import {queryWriter} from './query.ts';
import type {CheckedPart} from './schema.ts';
import {checkValue} from './schema.ts';
import type {HeaderRecord} from './settings.ts';
import {mergeHeaders, mergeSettings} from './settings.ts';
import type {CallExtras, CallSettings} from './types.ts';

/** What a client needs of a session. */
export type ClientSession = Pick<Session, 'fetch'>;

type MutableInit = {-readonly [Name in keyof FetchInit]: FetchInit[Name]};

/** What a client's endpoints have in common. */
export interface ClientContext {
  readonly session: ClientSession;
  /** Before each path; `''` where the session's base URL is. */
  readonly base: string;
  readonly headers: HeaderRecord;
  readonly settings: CallSettings;
  readonly queryStyle: QueryStyle | undefined;
  readonly trust: boolean;
}

/** What a call is given, as it is at run time. */
export interface LooseInput extends CallExtras {
  readonly path?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: object | undefined;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** A request, and the response to it. */
export interface EndpointCall {
  readonly request: RedactedRequest;
  readonly response: Response;
  readonly signal: AbortSignal | null | undefined;
}

/** What a request has that its input has not: it is for a page that follows another. */
export interface Following {
  /** Over the query, past its schema. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** Instead of path and query. */
  readonly url?: string | undefined;
  /** That is not where credentials are for: nothing goes there that may be one. */
  readonly isForeign?: boolean | undefined;
}

/** The steps of a call of one endpoint, for what makes methods of them. */
export interface Caller {
  send(input?: LooseInput, following?: Following): Promise<EndpointCall>;
  /** @throws HTTPError, SchemaError */
  read(endpointCall: EndpointCall): Promise<unknown>;
  isError(error: unknown): boolean;
}

// Lists of nothing but literals, so that bundlers leave them out where no client is made.
/** What a call gives, and the session gets, as it is; beside that what is a native fetch's. */
const passedOn: readonly string[] = [
  'signal',
  'redirect',
  'maxResponseSize',
  'onDownloadProgress',
  'onUploadProgress',
  'expectContinue',
  'trace',
] satisfies ReadonlyArray<keyof CallExtras>;

const own: readonly string[] = ['path', 'query', 'headers', 'body', 'timeout', 'retry', 'idempotencyKey'];

const native: readonly string[] = nativeMembers;

function isPassedOn(option: string): boolean {
  return passedOn.includes(option) || native.includes(option);
}

/** @param following - Whether there are requests that follow others. */
export function createCaller(definition: Definition, context: ClientContext, following = false): Caller {
  const {name, route, body: content, response: responseContent, errors} = definition;
  const {method} = route;
  const {session, trust} = context;
  const writeQuery =
    definition.query || following ? queryWriter(definition.queryStyles, context.queryStyle) : undefined;
  const settings = mergeSettings(context.settings, definition.settings);
  const accept = responseContent?.accept;
  const headers = accept === undefined ? context.headers : {accept, ...context.headers};
  const hasHeaders = Object.keys(headers).length > 0;
  const base = context.base || baseOf(fetchMetadataOf(session.fetch)?.baseUrl);

  function checked(schema: StandardSchema | undefined, value: unknown, part: CheckedPart): unknown {
    return schema ? checkValue(schema, value, {part, endpoint: name}) : value;
  }

  // A schema may leave out what it doesn't name, as Zod's do; parameters of the template need not all be named.
  async function pathOf({path}: LooseInput): Promise<LooseInput['path']> {
    if (!definition.path) return path;
    return {...path, ...((await checked(definition.path, path, 'path')) as LooseInput['path'])};
  }

  async function urlOf(input: LooseInput, overlay: Following['query']): Promise<string> {
    const url = base + route.expand(route.names.length > 0 ? await pathOf(input) : undefined);
    if (!writeQuery) return url;
    const query = (await checked(definition.query, input.query ?? {}, 'query')) as object;
    const text = writeQuery(overlay ? {...query, ...overlay} : query);
    return text === '' ? url : url + (route.hasQuery ? '&' : '?') + text;
  }

  /** Its `init` without what is set for the call; the body, where it has one, in its place. */
  async function initOf(input: LooseInput): Promise<MutableInit> {
    const init: MutableInit = {method};
    let sent = headers;
    if (content) {
      const {body, contentType} = await content.encode(input.body, {part: 'body', endpoint: name});
      if (body !== undefined && body !== null) {
        init.body = body;
        if (contentType !== undefined) sent = {'content-type': contentType, ...sent};
      }
    }
    if (input.headers !== undefined) sent = mergeHeaders(sent, input.headers);
    if (definition.headers)
      sent = mergeHeaders(sent, await checked(definition.headers, input.headers ?? {}, 'headers'));
    if (hasHeaders || sent !== headers) init.headers = sent;
    return init;
  }

  async function send(input: LooseInput = {}, following: Following = {}): Promise<EndpointCall> {
    checkInput(input, name);
    if (!content && input.body !== undefined) throw unasked(name, 'body');
    if (!writeQuery && input.query !== undefined) throw unasked(name, 'query');
    const url = following.url ?? (await urlOf(input, following.query));
    const init = following.isForeign ? {method, headers: withoutCredentials()} : await initOf(input);
    for (const option in input) if (isPassedOn(option)) init[option as never] = input[option as never];
    const {timeout, retry, idempotencyKey} = mergeSettings(settings, input);
    if (timeout !== undefined) init.timeout = timeout;
    if (retry !== undefined) init.retry = retry;
    if (idempotencyKey !== undefined) init.idempotencyKey = idempotencyKey;
    const response = await session.fetch(url, init);
    return {request: {method, url: response.url || url}, response, signal: input.signal};
  }

  function withoutCredentials(): HeaderRecord {
    const none: Record<string, string | undefined> = {};
    // Any header of the session's may be a key; what is known to be none stays.
    for (const [sessionHeader] of fetchMetadataOf(session.fetch)?.headers ?? []) {
      if (sessionHeader !== 'user-agent') none[sessionHeader] = undefined;
    }
    return accept === undefined ? none : {...none, accept};
  }

  async function read({request, response, signal}: EndpointCall): Promise<unknown> {
    if (!response.ok) {
      const error = await toHttpError(response, errors, trust, name, request);
      throw signal?.aborted ? signal.reason : error;
    }
    if (!responseContent) {
      discard(response);
      return undefined;
    }
    const decodeContext: DecodeContext = {trust, place: {part: 'response', endpoint: name, request}};
    return responseContent.decode(response, decodeContext);
  }

  return {send, read, isError: (error) => isDeclared(error, errors)};
}

/** What routes are put after: all of the base URL's path, whether it ends in a slash or not. */
export function baseOf(baseUrl: URL | undefined): string {
  // Of what is no session of ours, relative to its base; what has a colon would be read as a scheme.
  return baseUrl ? baseUrl.origin + baseUrl.pathname.replace(/\/$/, '') : '.';
}

// Not sent, it would be missed by nobody but the server.
function unasked(name: string, part: 'body' | 'query'): TypeError {
  return new TypeError(`A call of ${name} is given a ${part}, and the endpoint has none`);
}

function checkInput(input: LooseInput, name: string): void {
  if (!isObject(input)) throw new TypeError(`A call of ${name} is given an object with path, query, body, …`);
  for (const key in input) {
    if (!own.includes(key) && !isPassedOn(key)) {
      checkKnown(name, input, [...own, ...passedOn, ...native], '');
      return;
    }
  }
}

/** The method of an endpoint: a function, with others on it. */
export function createMethod(definition: Definition, context: ClientContext): unknown {
  const {send, read, isError} = createCaller(definition, context);
  const method = async (input?: LooseInput) => read(await send(input));
  return Object.assign(method, {
    raw: async (input?: LooseInput) => (await send(input)).response,
    withResponse: async (input?: LooseInput) => {
      const endpointCall = await send(input);
      return {data: await read(endpointCall), response: endpointCall.response};
    },
    isError,
  });
}
