import {assertOption, checkFunction, checkKnown, checkNumber} from '../utils/check-options.ts';
import {findLink} from './link-header.ts';

/** A page that was loaded, from which a strategy finds the next page. */
export interface PageState<Data, Item> {
  /** The decoded body. */
  readonly data: Data;
  readonly items: readonly Item[];
  /** The response, whose body has been read. */
  readonly response: Response;
  /** The number of the page, from 0. */
  readonly index: number;
  /** The query and the body of the request for this page. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** The next page: members to lay over the query or the body of the request for this page, or a URL; `undefined` after the last page. */
export type NextPage =
  | {readonly query: Readonly<Record<string, unknown>>}
  | {readonly body: Readonly<Record<string, unknown>>}
  | {readonly url: string | URL}
  | undefined;

/** Finds the items of a page, and the next page. The functions whose names end in `Pages` return one; you can write your own. */
export interface PageStrategy<Data, Item> {
  /**
   * Returns the items of a page.
   *
   * @default the data itself, which then has to be a list
   */
  readonly items?: ((data: Data) => readonly Item[]) | undefined;
  readonly next: (page: PageState<Data, Item>) => NextPage | Promise<NextPage>;
}

/** The type of the items where the data is a list. */
export type ItemOf<Data> = Data extends ReadonlyArray<infer Item> ? Item : never;

/** The option that all strategies have. */
export interface ItemsOption<Data, Item> {
  /**
   * Returns the items of a page.
   *
   * @default the data itself, which then has to be a list
   */
  readonly items?: ((data: Data) => readonly Item[]) | undefined;
}

/** Options of {@link linkPages}. */
export interface LinkPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /** The relation type of the link to the next page. @default 'next' */
  readonly rel?: string | undefined;
}

/**
 * Takes the next page's URL from the `Link` header (RFC 8288), as GitHub's API has it.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, linkPages, paginate, type} from 'aiofetch';
 *
 * const listTags = paginate(
 *   endpoint('GET /repos/{owner}/{repo}/tags', {response: type<{tags?: string[]}>()}),
 *   linkPages({items: ({tags}) => tags ?? []}), // a response that is a list doesn't need "items"
 * );
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * const path = {owner: 'nodejs', repo: 'node'};
 * for await (const tag of defineClient({listTags})(session).listTags({path})) console.log(tag);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function linkPages<Data, Item = ItemOf<Data>>(
  options: LinkPagesOptions<Data, Item> = {},
): PageStrategy<Data, Item> {
  checkKnown('linkPages', options, ['items', 'rel']);
  const {items, rel = 'next'} = options;
  return {
    items: checkFunction('items', items),
    next({response}) {
      const url = findLink(response.headers.get('link'), rel);
      return url === undefined ? undefined : {url};
    },
  };
}

/** Options of {@link urlPages}. */
export interface UrlPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /** Returns the next page's URL, absolute or relative to this page's; null or undefined after the last page. */
  readonly url: (data: Data) => string | URL | null | undefined;
}

/**
 * Takes the next page's URL from the body.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, paginate, type, urlPages} from 'aiofetch';
 *
 * const listUsers = paginate(
 *   endpoint('GET /users', {response: type<{users?: string[]; next?: string}>()}),
 *   urlPages({items: ({users}) => users ?? [], url: ({next}) => next}),
 * );
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * for await (const user of defineClient({listUsers})(session).listUsers()) console.log(user);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function urlPages<Data, Item = ItemOf<Data>>(
  options: UrlPagesOptions<Data, Item>,
): PageStrategy<Data, Item> {
  checkKnown('urlPages', options, ['items', 'url']);
  const {items, url} = options;
  assertOption(typeof url === 'function', 'url', url, 'a function');
  return {
    items: checkFunction('items', items),
    next({data}) {
      const next = url(data);
      return next ? {url: next} : undefined;
    },
  };
}

/** Options of {@link cursorPages}. */
export interface CursorPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /** Returns the cursor of the next page; null, undefined or `''` after the last page. */
  readonly cursor: (data: Data, items: readonly Item[]) => string | number | null | undefined;
  /**
   * The name of the parameter that takes the cursor.
   *
   * @default 'cursor'
   */
  readonly parameter?: string | undefined;
  /**
   * The place of this parameter.
   *
   * @default 'query'
   */
  readonly in?: 'body' | 'query' | undefined;
}

/**
 * Requests the next page by a cursor, which the body has, or which is the id of the last item.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, cursorPages, paginate, type} from 'aiofetch';
 *
 * const listUsers = paginate(
 *   endpoint('GET /users', {
 *     query: type<{after?: string}>(),
 *     response: type<{users?: string[]; after?: string}>(),
 *   }),
 *   cursorPages({items: ({users}) => users ?? [], cursor: ({after}) => after, parameter: 'after'}),
 * );
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * for await (const user of defineClient({listUsers})(session).listUsers({query: {}})) console.log(user);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function cursorPages<Data, Item = ItemOf<Data>>(
  options: CursorPagesOptions<Data, Item>,
): PageStrategy<Data, Item> {
  checkKnown('cursorPages', options, ['items', 'cursor', 'parameter', 'in']);
  const {items, cursor, parameter = 'cursor', in: place = 'query'} = options;
  assertOption(typeof cursor === 'function', 'cursor', cursor, 'a function');
  assertOption(place === 'query' || place === 'body', 'cursorPages.in', place, '"query" or "body"');
  return {
    items: checkFunction('items', items),
    next(page) {
      const next = cursor(page.data, page.items);
      if (next === undefined || next === null || next === '') return undefined;
      return place === 'query' ? {query: {[parameter]: next}} : {body: {[parameter]: next}};
    },
  };
}

/** Options of {@link numberedPages}. */
export interface NumberedPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /**
   * The query parameter that takes the page's number.
   *
   * @default 'page'
   */
  readonly parameter?: string | undefined;
  /**
   * The number of the first page. A call that gives no number begins there.
   *
   * @default 1
   */
  readonly first?: number | undefined;
  /**
   * Returns the number of pages.
   *
   * @default unknown: the last page is the one without items
   */
  readonly total?: ((data: Data) => number | undefined) | undefined;
}

/**
 * Requests the next page by its number.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, numberedPages, paginate, type} from 'aiofetch';
 *
 * const listUsers = paginate(
 *   endpoint('GET /users', {
 *     query: type<{page?: number}>(),
 *     response: type<{users?: string[]; pages?: number}>(),
 *   }),
 *   numberedPages({items: ({users}) => users ?? [], total: ({pages}) => pages}),
 * );
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * for await (const user of defineClient({listUsers})(session).listUsers({query: {}})) console.log(user);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function numberedPages<Data, Item = ItemOf<Data>>(
  options: NumberedPagesOptions<Data, Item> = {},
): PageStrategy<Data, Item> {
  checkKnown('numberedPages', options, ['items', 'parameter', 'first', 'total']);
  const {items, parameter = 'page', total} = options;
  const first = checkNumber('first', options.first, 1, {whole: true});
  checkFunction('total', total);
  return {
    items: checkFunction('items', items),
    next({data, items: got, query}) {
      const next = numberOf(query[parameter], first) + 1;
      const count = total?.(data);
      const isThere = count === undefined ? got.length > 0 : next - first < count;
      return isThere ? {query: {[parameter]: next}} : undefined;
    },
  };
}

/** Options of {@link offsetPages}. */
export interface OffsetPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /**
   * The query parameter that takes the number of items before the page.
   *
   * @default 'offset'
   */
  readonly parameter?: string | undefined;
  /**
   * Returns the number of items of all pages.
   *
   * @default unknown: the last page is the one without items
   */
  readonly total?: ((data: Data) => number | undefined) | undefined;
}

/**
 * Requests the next page by the number of items before it.
 *
 * @throws InvalidOptionError when an option is not valid; UnsupportedOptionError for an unknown option
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, offsetPages, paginate, type} from 'aiofetch';
 *
 * const listUsers = paginate(
 *   endpoint('GET /users', {
 *     query: type<{skip?: number}>(),
 *     response: type<{users?: string[]; total?: number}>(),
 *   }),
 *   offsetPages({items: ({users}) => users ?? [], total: ({total}) => total, parameter: 'skip'}),
 * );
 * await using session = createSession({baseUrl: 'https://api.example.com/'});
 * for await (const user of defineClient({listUsers})(session).listUsers({query: {}})) console.log(user);
 * ```
 */
/* @__NO_SIDE_EFFECTS__ */
export function offsetPages<Data, Item = ItemOf<Data>>(
  options: OffsetPagesOptions<Data, Item> = {},
): PageStrategy<Data, Item> {
  checkKnown('offsetPages', options, ['items', 'parameter', 'total']);
  const {items, parameter = 'offset', total} = options;
  checkFunction('total', total);
  return {
    items: checkFunction('items', items),
    next({data, items: got, query}) {
      const next = numberOf(query[parameter], 0) + got.length;
      const isThere = got.length > 0 && next < (total?.(data) ?? Infinity);
      return isThere ? {query: {[parameter]: next}} : undefined;
    },
  };
}

function numberOf(value: unknown, fallback: number): number {
  const number = Number(value ?? fallback);
  return Number.isFinite(number) ? number : fallback;
}
