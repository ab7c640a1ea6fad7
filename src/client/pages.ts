import {AiofetchError} from '../errors/index.ts';
import {fetchMetadataOf} from '../session/fetch-metadata.ts';
import {checkNumber, isObject} from '../utils/check-options.ts';
import type {Caller, ClientContext, EndpointCall, PageRequest} from './call.ts';
import {createCaller} from './call.ts';
import type {Definition} from './definition.ts';
import {isErrorOf} from './failure.ts';
import type {NextPage, PageStrategy} from './page-strategies.ts';
import type {HeaderRecord} from './settings.ts';
import type {Arguments, LooseInput} from './types.ts';

/** One page of a list. */
export interface Page<Item, Data = unknown> {
  readonly items: readonly Item[];
  /** The whole body, decoded. */
  readonly data: Data;
  /** The response, whose body has been read. */
  readonly response: Response;
  /** The number of the page, from 0. */
  readonly index: number;
  readonly hasNext: boolean;
  /**
   * Requests the next page, anew with each call. Returns `undefined` when this page is the last.
   *
   * @throws AiofetchError `ERR_PAGE_LOOP` when the next page is one that was there before, `ERR_PAGE_URL` when its URL is not
   * valid, `ERR_PAGE_LIMIT` when there would be more than `maxPages`; and everything that a call throws
   */
  next(): Promise<Page<Item, Data> | undefined>;
}

/** Options of a call of an endpoint with pages, beside those of any call. */
export interface PageOptions {
  /**
   * How many pages are requested ahead of the page whose items are being read. With 0, the next page is requested when all
   * items of the page before have been read. At most 100.
   *
   * @default 0
   */
  readonly prefetch?: number | undefined;
  /**
   * How many pages are requested at most. The page after them rejects with the code `ERR_PAGE_LIMIT`: a server decides whether
   * there is a next page, and its list may have no end.
   *
   * @default 10_000
   */
  readonly maxPages?: number | undefined;
}

const defaultMaxPages = 10_000;

/**
 * The pages of a call. `await` gives the first page, `for await` the items of all pages. Nothing is sent before that.
 */
export interface Pages<Item, Data = unknown>
  extends Pick<Promise<Page<Item, Data>>, 'catch' | 'finally' | 'then'> {
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined, undefined>;
  /** Iterates over the pages rather than their items. */
  pages(): AsyncIterableIterator<Page<Item, Data>, undefined, undefined>;
}

/** The method of an endpoint whose responses come in pages. */
export interface PagedMethod<Input, Item, Data, Failure> {
  /**
   * Returns the pages: `await` them for the first page, iterate over them for the items of all pages.
   *
   * @throws InvalidOptionError at once, for an invalid `prefetch` or `maxPages`. While awaiting or iterating: everything that the method
   * of an endpoint without pages throws; AiofetchError `ERR_PAGE_LOOP` when a page leads back to an earlier page,
   * `ERR_PAGE_LIMIT` when there are more than `maxPages`
   */
  (...input: Arguments<Input & PageOptions>): Pages<Item, Data>;
  /** Returns the response of the first page, with any status, undecoded. Read its body, or cancel it. */
  raw(...input: Arguments<Input>): Promise<Response>;
  /** Whether an error is one that the endpoint declares, with data that fits. Its `status` then tells the type of `data`. */
  isError(error: unknown): error is Failure;
}

type AnyStrategy = PageStrategy<unknown, unknown>;

/** How a page is requested. */
interface Place extends PageRequest {
  readonly input: LooseInput;
  /** Laid over the input's body. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly index: number;
}

type Load = (signal?: AbortSignal) => Promise<Loaded>;

/** A page, and the function that loads the next page or rejects because there is no valid one; none after the last page. */
interface Loaded {
  readonly page: Page<unknown>;
  readonly next: Load | undefined;
}

/** The method of an endpoint with pages. */
export function createPagedMethod(
  definition: Definition,
  context: ClientContext,
  strategy: AnyStrategy,
): unknown {
  const caller = createCaller(definition, context, true);
  const method = (input: LooseInput & PageOptions = {}) => {
    const {prefetch, maxPages: most, ...rest} = input;
    const ahead = checkNumber('prefetch', prefetch, 0, {whole: true, max: 100});
    const maxPages = checkNumber('maxPages', most, defaultMaxPages, {whole: true, min: 1});
    const pages = {definition, context, strategy, caller, maxPages};
    return createPages(() => createChain(pages, rest), ahead, rest.signal);
  };
  return Object.assign(method, {
    raw: async (input?: LooseInput) => (await caller.send(input)).response,
    isError: isErrorOf(definition),
  });
}

/** @param start - Starts at the first page. Each iteration detects loops on its own. */
function createPages(start: () => Load, prefetch: number, signal: LooseInput['signal']): Pages<unknown> {
  const firstPage = async () => (await start()()).page;
  const pages = () => iteratePages(start(), prefetch, signal);
  return {
    // biome-ignore lint/suspicious/noThenProperty: pages are a promise too, so that `await` gives the first page
    then: (onPage, onError) => firstPage().then(onPage, onError),
    catch: (onError) => firstPage().catch(onError),
    finally: (onEnd) => firstPage().finally(onEnd),
    pages,
    [Symbol.asyncIterator]: () => iterateItems(pages()),
  };
}

async function* iterateItems(
  pages: AsyncIterable<Page<unknown>>,
): AsyncGenerator<unknown, undefined, undefined> {
  for await (const {items} of pages) yield* items;
}

async function* iteratePages(
  first: Load,
  prefetch: number,
  given: LooseInput['signal'],
): AsyncGenerator<Page<unknown>, undefined, undefined> {
  // Aborts the pages that were requested ahead when the caller leaves the loop.
  const controller = prefetch > 0 ? new AbortController() : undefined;
  const signal = controller && (given ? AbortSignal.any([given, controller.signal]) : controller.signal);
  let ahead: Array<Promise<Loaded | undefined>> = [first(signal)];
  try {
    while (ahead.length > 0) {
      const loaded = await (ahead[0] as Promise<Loaded | undefined>);
      if (!loaded) return undefined;
      while (ahead.length <= prefetch) {
        const last = ahead.at(-1) as Promise<Loaded | undefined>;
        const following = last.then((before) => before?.next?.(signal));
        // The loop gets the error when it reaches this page. Until then the rejection counts as handled.
        following.catch(() => undefined);
        ahead.push(following);
      }
      yield loaded.page;
      ahead = ahead.slice(1);
      if (ahead.length === 0 && loaded.next) ahead.push(loaded.next(signal));
    }
  } finally {
    controller?.abort();
  }
  return undefined;
}

/** An endpoint with pages on a client. */
interface PagedEndpointOfClient {
  readonly definition: Definition;
  readonly context: ClientContext;
  readonly strategy: AnyStrategy;
  readonly caller: Caller;
  readonly maxPages: number;
}

/** The function that loads the first page of a call. The pages that follow share a record of the pages before them. */
function createChain(paged: PagedEndpointOfClient, firstInput: LooseInput): Load {
  const {definition, strategy, caller, maxPages} = paged;
  const checkLoop = createLoopCheck(definition.name);

  async function load(place: Place, signal?: AbortSignal): Promise<Loaded> {
    const {input, index} = place;
    const body = place.body ? {...(input.body as object | undefined), ...place.body} : input.body;
    const endpointCall = await caller.send({...input, body, ...(signal && {signal})}, place);
    const data = await caller.read(endpointCall);
    const {response} = endpointCall;
    // GitHub answers with 204 where a list has no items.
    const isEmpty = response.status === 204;
    const items = isEmpty ? [] : itemsOf(data, paged);
    const query = {...input.query, ...place.query};
    const found = isEmpty ? undefined : await strategy.next({data, items, response, index, query, body});
    const next = found && loadNext(found, place, endpointCall);
    const page: Page<unknown> = {
      items,
      data,
      response,
      index,
      hasNext: next !== undefined,
      next: async () => next && (await next()).page,
    };
    return {page, next};
  }

  // An invalid next page doesn't take the items of this page from the caller: the error comes with the next page.
  function loadNext(found: NonNullable<NextPage>, place: Place, endpointCall: EndpointCall): Load {
    try {
      const {request} = endpointCall;
      if (place.index + 1 >= maxPages) {
        const message = `${definition.name} has more than ${maxPages} pages (option \`maxPages\`)`;
        throw new AiofetchError(message, 'ERR_PAGE_LIMIT', undefined, {request});
      }
      const next = placeOf(found, place, endpointCall, paged);
      checkLoop(next, place, request);
      return (signal) => load(next, signal);
    } catch (error) {
      return () => Promise.reject(error);
    }
  }

  return (signal) => load({input: firstInput, index: 0}, signal);
}

function itemsOf(data: unknown, {strategy, definition}: PagedEndpointOfClient): readonly unknown[] {
  const items = strategy.items ? strategy.items(data) : data;
  if (Array.isArray(items)) return items;
  throw new TypeError(
    `A page of ${definition.name} is not a list: let the option "items" of its page strategy return the list`,
  );
}

function placeOf(
  next: NonNullable<NextPage>,
  place: Place,
  endpointCall: EndpointCall,
  paged: PagedEndpointOfClient,
): Place {
  const index = place.index + 1;
  if (isObject(next)) {
    if ('url' in next) return {...atUrl(next.url, place, endpointCall, paged), input: place.input, index};
    if ('body' in next) return {...place, body: {...place.body, ...next.body}, index};
    if ('query' in next) return {...place, query: {...place.query, ...next.query}, index};
  }
  throw new TypeError(
    `The page strategy of ${paged.definition.name} has to return an object with query, body or url, or undefined`,
  );
}

function atUrl(
  next: string | URL,
  place: Place,
  {request, response}: EndpointCall,
  {definition, context}: PagedEndpointOfClient,
): PageRequest {
  const here = response.url || request.url;
  let url: URL;
  try {
    url = new URL(next, here);
  } catch {
    // The runtime's own error would show the URL, which may have credentials in it.
    const message = `The URL of the next page of ${definition.name} is not valid`;
    throw new AiofetchError(message, 'ERR_PAGE_URL', undefined, {request});
  }
  // A fragment isn't sent, so URLs that differ in it alone are the same page.
  url.hash = '';
  // Without a base URL, the page before is all that the origin can be compared with.
  const home = context.base || fetchMetadataOf(context.session.fetch)?.baseUrl || here;
  // As with redirects, the credentials don't come back either once a page was on another origin, or came from one by a
  // redirect: that origin chose the URL.
  const {origin} = new URL(home);
  const isForeign = place.headers || url.origin !== origin || new URL(here).origin !== origin;
  return {url: url.href, headers: isForeign ? withoutCredentials(definition, context) : undefined};
}

/** Headers for another origin: any header of the session, the client or the call may be a credential, except `User-Agent`. */
function withoutCredentials({response}: Definition, {session}: ClientContext): HeaderRecord {
  const headers: Record<string, string | undefined> = {};
  for (const [name] of fetchMetadataOf(session.fetch)?.headers ?? []) {
    if (name !== 'user-agent') headers[name] = undefined;
  }
  return response?.accept === undefined ? headers : {...headers, accept: response.accept};
}

/** How many characters the address, or the query and body, of a page may have to be kept. */
const longestKey = 10_000;

/** Records the pages of an iteration, and refuses a next page that was there before. */
function createLoopCheck(name: string) {
  /** The index of each page, by what it was requested with. */
  const seen = new Map<string, number>();
  // The server chooses the cursors, and they are kept for up to `maxPages` pages. A loop of several long ones ends there.
  const remember = (key: string, index: number) => {
    if (key.length <= longestKey) seen.set(key, index);
  };
  return (next: Place, place: Place, request: EndpointCall['request']): void => {
    const here = keyOf(place);
    if (!seen.has(here)) remember(here, place.index);
    // The first page's address counts too: a link may lead back to it, though it was requested by path and query.
    if (place.index === 0 && place.url === undefined) seen.set(request.url, 0);
    const key = keyOf(next);
    const before = key === here ? place.index : seen.get(key);
    if (before !== undefined && before < next.index) {
      const message = `Page ${place.index} of ${name} leads back to page ${before}`;
      throw new AiofetchError(message, 'ERR_PAGE_LOOP', undefined, {request});
    }
    remember(key, next.index);
  };
}

function keyOf({url, query, body}: Place): string {
  const toText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return url ?? JSON.stringify([query, body], toText);
}
