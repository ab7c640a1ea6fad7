import {assertOption, checkFunction, checkKnown, checkNumber} from '../utils/check-options.ts';
import {findLink} from './link-header.ts';

/** What is known of a page when the next one is looked for. */
export interface PageState<Data, Item> {
  /** What came back. */
  readonly data: Data;
  readonly items: readonly Item[];
  /** The response, whose body has been read. */
  readonly response: Response;
  /** Which page it is, from 0. */
  readonly index: number;
  /** The query and the body that the page was asked for with. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Where the next page is: members of the query or the body to lay over those of the page, or a URL; `undefined`: nowhere. */
export type NextPage =
  | {readonly query: Readonly<Record<string, unknown>>}
  | {readonly body: Readonly<Record<string, unknown>>}
  | {readonly url: string | URL}
  | undefined;

/** How pages follow each other: one of your own, or one of the functions that end in `Pages`. */
export interface PageStrategy<Data, Item> {
  /**
   * A page's items.
   *
   * @default the data, which has to be a list then
   */
  readonly items?: ((data: Data) => readonly Item[]) | undefined;
  readonly next: (page: PageState<Data, Item>) => NextPage | Promise<NextPage>;
}

/** An item of data that is a list. */
export type ItemOf<Data> = Data extends ReadonlyArray<infer Item> ? Item : never;

/** What all strategies take. */
export interface ItemsOption<Data, Item> {
  /**
   * Where a page's items are.
   *
   * @default the data, which has to be a list then
   */
  readonly items?: ((data: Data) => readonly Item[]) | undefined;
}

/** Options of {@link linkPages}. */
export interface LinkPagesOptions<Data, Item> extends ItemsOption<Data, Item> {
  /** @default 'next' */
  readonly rel?: string | undefined;
}

/**
 * The next page is where the `Link` header says (RFC 8288), as with GitHub.
 *
 * @throws InvalidOptionError when an option is not what it may be
 *
 * @example
 * ```ts
 * import {createSession, defineClient, endpoint, linkPages, paginate, type} from 'aiofetch';
 *
 * const listTags = paginate(
 *   endpoint('GET /repos/{owner}/{repo}/tags', {response: type<{tags?: string[]}>()}),
 *   linkPages({items: ({tags}) => tags ?? []}), // which a response that is a list doesn't need
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
  /** The next page's URL, absolute or relative to this one's; nothing where there is none. */
  readonly url: (data: Data) => string | URL | null | undefined;
}

/**
 * The next page's URL is in the body.
 *
 * @throws InvalidOptionError when an option is not what it may be
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
  /** The cursor that the next page begins at; nothing where there is none. */
  readonly cursor: (data: Data, items: readonly Item[]) => string | number | null | undefined;
  /**
   * The parameter that takes it.
   *
   * @default 'cursor'
   */
  readonly parameter?: string | undefined;
  /**
   * Where that is.
   *
   * @default 'query'
   */
  readonly in?: 'body' | 'query' | undefined;
}

/**
 * The next page begins at a cursor: one that the body has, or the id of the last item.
 *
 * @throws InvalidOptionError when an option is not what it may be
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
   * The parameter of the query that takes the page's number.
   *
   * @default 'page'
   */
  readonly parameter?: string | undefined;
  /**
   * The first page's number, for a call that asks for none.
   *
   * @default 1
   */
  readonly first?: number | undefined;
  /**
   * How many pages there are; the last one's number, where the first is 1.
   *
   * @default not known: a page without items is the last
   */
  readonly total?: ((data: Data) => number | undefined) | undefined;
}

/**
 * Pages have numbers.
 *
 * @throws InvalidOptionError when an option is not what it may be
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
   * The parameter of the query that takes how many items are before the page.
   *
   * @default 'offset'
   */
  readonly parameter?: string | undefined;
  /**
   * How many items there are.
   *
   * @default not known: a page without items is the last
   */
  readonly total?: ((data: Data) => number | undefined) | undefined;
}

/**
 * The next page begins after so many items.
 *
 * @throws InvalidOptionError when an option is not what it may be
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
