import {AiofetchError} from '../errors/index.ts';
import {fetchMetadataOf} from '../session/fetch-metadata.ts';
import {checkNumber, isObject} from '../utils/check-options.ts';
import type {Caller, ClientContext, EndpointCall, Following, LooseInput} from './call.ts';
import {createCaller} from './call.ts';
import type {Definition} from './definition.ts';
import type {NextPage, PageStrategy} from './page-strategies.ts';
import type {Arguments} from './types.ts';

/** One page of what there is. */
export interface Page<Item, Data = unknown> {
  readonly items: readonly Item[];
  /** All that came back. */
  readonly data: Data;
  /** The response, whose body has been read. */
  readonly response: Response;
  /** Which page it is, from 0. */
  readonly index: number;
  readonly hasNext: boolean;
  /**
   * Asks for the next page, each time it's called; `undefined` when this is the last.
   *
   * @throws AiofetchError `ERR_PAGE_LOOP` when it was there before; and what a call throws
   */
  next(): Promise<Page<Item, Data> | undefined>;
}

/** What a call of an endpoint with pages may be given. */
export interface PageOptions {
  /**
   * How many pages are asked for ahead of the one whose items are being read. Without any, the next one is asked for when
   * the items of the one before are all read. At most 100.
   *
   * @default 0
   */
  readonly prefetch?: number | undefined;
}

/**
 * The pages of a call, which are asked for by who wants them: awaited, it's the first page; iterated, the items of all
 * pages. Nothing is sent before that.
 */
export interface Pages<Item, Data = unknown>
  extends Pick<Promise<Page<Item, Data>>, 'catch' | 'finally' | 'then'> {
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, undefined, undefined>;
  /** The pages, one by one. */
  pages(): AsyncIterableIterator<Page<Item, Data>, undefined, undefined>;
}

/** An endpoint of a client whose answers come in pages. */
export interface PagedMethod<Input, Item, Data, Failure> {
  /**
   * The pages: `await` it for the first, iterate it for the items of all.
   *
   * @throws InvalidOptionError at once, for a `prefetch` that is none. From what is awaited or iterated: what the method of any endpoint throws; AiofetchError `ERR_PAGE_LOOP` when a
   * page leads back to one before it
   */
  (...input: Arguments<Input & PageOptions>): Pages<Item, Data>;
  /** The response of the first page as it is, whatever its status; read its body, or cancel it. */
  raw(...input: Arguments<Input>): Promise<Response>;
  /** Whether it is an error that the endpoint declares, with data that fits: `status` then tells which. */
  isError(error: unknown): error is Failure;
}

type AnyStrategy = PageStrategy<unknown, unknown>;

/** Where a page is, and what it's asked for with. */
interface Place extends Following {
  readonly input: LooseInput;
  /** Over the input's body. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly index: number;
}

type Load = (signal?: AbortSignal) => Promise<Loaded>;

/** A page, and what loads the next one, or fails for where that is; nothing when there is none. */
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
    const {prefetch, ...rest} = input;
    const ahead = checkNumber('prefetch', prefetch, 0, {whole: true, max: 100});
    return createPages(() => createChain(definition, context, strategy, caller, rest), ahead, rest.signal);
  };
  return Object.assign(method, {
    raw: async (input?: LooseInput) => (await caller.send(input)).response,
    isError: caller.isError,
  });
}

/** @param start - Begins anew: what was there before is known for one iteration only. */
function createPages(start: () => Load, prefetch: number, signal: LooseInput['signal']): Pages<unknown> {
  const firstPage = async () => (await start()()).page;
  const pages = () => iteratePages(start(), prefetch, signal);
  return {
    // biome-ignore lint/suspicious/noThenProperty: it is awaited for the first page
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
  // What is ahead when the loop is left is wanted by nobody.
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
        // Whoever gets there gets the error.
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

/** What loads the first page of a call; pages know which were there before them. */
function createChain(
  definition: Definition,
  context: ClientContext,
  strategy: AnyStrategy,
  {send, read}: Caller,
  firstInput: LooseInput,
): Load {
  const {name} = definition;
  /** Where pages were found, by what they were asked for with. */
  const seen = new Map<string, number>();

  async function load(place: Place, signal?: AbortSignal): Promise<Loaded> {
    const {input, index} = place;
    const body = place.body ? {...(input.body as object | undefined), ...place.body} : input.body;
    const endpointCall = await send({...input, body, ...(signal && {signal})}, place);
    const data = await read(endpointCall);
    const {response} = endpointCall;
    // As GitHub answers where there is nothing to list.
    const isEmpty = response.status === 204;
    const items = isEmpty ? [] : itemsOf(data);
    const query = {...input.query, ...place.query};
    const found = isEmpty ? undefined : await strategy.next({data, items, response, index, query, body});
    const next = found && loadFollowing(found, place, endpointCall);
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

  // Its items are here: that there is no next page as it should be is for who asks for that.
  function loadFollowing(found: NonNullable<NextPage>, place: Place, endpointCall: EndpointCall): Load {
    try {
      const following = placeOf(found, place, endpointCall);
      return (signal) => load(following, signal);
    } catch (error) {
      return () => Promise.reject(error);
    }
  }

  function itemsOf(data: unknown): readonly unknown[] {
    const items = strategy.items ? strategy.items(data) : data;
    if (Array.isArray(items)) return items;
    throw new TypeError(`A page of ${name} has no list of items: its "items" says where they are`);
  }

  function placeOf(next: NonNullable<NextPage>, place: Place, endpointCall: EndpointCall): Place {
    const {input} = place;
    const index = place.index + 1;
    let following: Place;
    if (!isObject(next) || !('url' in next || 'body' in next || 'query' in next))
      throw new TypeError(`The next page of ${name} is an object with query, body or url, or undefined`);
    if ('url' in next) following = {...atUrl(next.url, place, endpointCall), input, index};
    else if ('body' in next) following = {...place, body: {...place.body, ...next.body}, index};
    else following = {...place, query: {...place.query, ...next.query}, index};
    checkLoop(following, place, endpointCall);
    return following;
  }

  function atUrl(next: string | URL, place: Place, {request, response}: EndpointCall): Following {
    const here = response.url || request.url;
    let url: URL;
    try {
      url = new URL(next, here);
    } catch {
      // The runtime's own error would show it.
      throw new AiofetchError(`What ${name} gives as the next page is no URL`, 'ERR_PAGE_URL', undefined, {
        request,
      });
    }
    // It isn't sent: the same page with another one is the same.
    url.hash = '';
    const home = context.base || fetchMetadataOf(context.session.fetch)?.baseUrl;
    // Without a base URL there is nothing that it could be compared with, but where the page before was.
    // From elsewhere there is no way back, as for redirects: what asks for that is not who the credentials are for.
    const isForeign = place.isForeign || url.origin !== new URL(home ?? here).origin;
    return {url: url.href, isForeign};
  }

  function checkLoop(following: Place, place: Place, {request}: EndpointCall): void {
    const here = keyOf(place);
    if (!seen.has(here)) seen.set(here, place.index);
    // A page's own address counts as well: a link may lead to what was asked for in parts.
    if (place.index === 0 && place.url === undefined) seen.set(request.url, 0);
    const key = keyOf(following);
    const before = seen.get(key);
    if (before !== undefined && before < following.index)
      throw new AiofetchError(
        `Page ${place.index} of ${name} leads back to page ${before}`,
        'ERR_PAGE_LOOP',
        undefined,
        {request},
      );
    seen.set(key, following.index);
  }

  return (signal) => load({input: firstInput, index: 0}, signal);
}

function keyOf({url, query, body}: Place): string {
  const toText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return url ?? JSON.stringify([query, body], toText);
}
