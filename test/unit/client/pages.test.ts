import {describe, expect, it} from 'vitest';
import type {MockCall} from '../../../src/connectors/mock.ts';
import type {PageStrategy} from '../../../src/index.ts';
import {
  apiKey,
  asJson,
  cursorPages,
  defineClient,
  endpoint,
  linkPages,
  numberedPages,
  offsetPages,
  paginate,
  tokenSource,
  type,
  urlPages,
} from '../../../src/index.ts';
import {mockSession, rejection, thrown} from '../../support/mock-session.ts';
import {collect, mockMethod, origin, pathOf} from './support.ts';

const list = endpoint('GET /items', {
  query: type<{page?: number; size?: number; offset?: number; cursor?: string}>(),
  response: type<number[]>(),
});

interface Wrapped {
  readonly items: number[];
  readonly next?: string | null;
  readonly total?: number;
}

const listWrapped = endpoint('GET /items', {query: type<{size?: number}>(), response: type<Wrapped>()});
const itemsOf = ({items}: Wrapped) => items;

function param({url}: MockCall, name: string): number {
  return Number(new URL(url).searchParams.get(name) ?? 0);
}

/** Three pages of two items, linked by the Link header as in GitHub's API. */
function linked(call: MockCall): Response {
  const page = param(call, 'page') || 1;
  const link =
    page < 3 ? `<${origin}/v1/items?page=${page + 1}&state=x>; rel="next"` : `</v1/items>; rel="first"`;
  return Response.json([page * 10, page * 10 + 1], {headers: {link}});
}

const linkedList = paginate(list, linkPages());

describe('pages', () => {
  it('awaiting pages gives the first page', async () => {
    const {call, calls} = mockMethod(linkedList, linked);
    const page = await call({query: {size: 2}});
    expect(page).toMatchObject({items: [10, 11], data: [10, 11], index: 0, hasNext: true});
    expect(page.response.headers.get('link')).toContain('next');
    expect(calls.map(({url}) => pathOf(url))).toEqual(['/items?size=2']);
  });

  it('next() of each page leads to the next page, up to the last', async () => {
    const {call, calls} = mockMethod(linkedList, linked);
    const seen = [];
    for (
      let page = await call().then((first) => first as typeof first | undefined);
      page;
      page = await page.next()
    )
      seen.push([page.index, page.items, page.hasNext]);
    expect(seen).toEqual([
      [0, [10, 11], true],
      [1, [20, 21], true],
      [2, [30, 31], false],
    ]);
    expect(calls.map(({url}) => pathOf(url))).toEqual([
      '/items',
      '/items?page=2&state=x',
      '/items?page=3&state=x',
    ]);
  });

  it('next() of a page requests the next page anew with each call', async () => {
    const {call, calls} = mockMethod(linkedList, linked);
    const page = await call();
    expect((await page.next())?.items).toEqual([20, 21]);
    expect((await page.next())?.items).toEqual([20, 21]);
    expect(calls).toHaveLength(3);
  });

  it('iterating over pages gives the items of all pages', async () => {
    const {call} = mockMethod(linkedList, linked);
    expect(await collect(call())).toEqual([10, 11, 20, 21, 30, 31]);
  });

  it('each iteration requests the pages anew', async () => {
    let from = 2;
    const {call} = mockMethod(
      paginate(listWrapped, cursorPages({items: itemsOf, cursor: (data) => data.next})),
      (request) => {
        const cursor = param(request, 'cursor') || from;
        return {items: [cursor], next: cursor < 4 ? String(cursor + 1) : null};
      },
    );
    const pages = call();
    expect(await collect(pages)).toEqual([2, 3, 4]);
    from = 1;
    expect(await collect(pages)).toEqual([1, 2, 3, 4]);
  });

  it('pages() iterates over the pages', async () => {
    const {call} = mockMethod(linkedList, linked);
    expect((await collect(call().pages())).map(({index}) => index)).toEqual([0, 1, 2]);
  });

  it('a page is requested when the iteration reaches it, and not before', async () => {
    const {call, calls} = mockMethod(linkedList, linked);
    const pages = call();
    expect(calls).toHaveLength(0);
    const iterator = pages[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    expect(calls).toHaveLength(1);
    await iterator.next();
    expect(calls).toHaveLength(2);
    await iterator.return?.();
    expect(calls).toHaveLength(2);
  });

  it('prefetch requests as many pages ahead as it says, and no more', async () => {
    const {call, calls} = mockMethod(linkedList, linked);
    const iterator = call({prefetch: 1})[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({done: false, value: 10});
    await new Promise((resolve) => setTimeout(resolve));
    expect(calls).toHaveLength(2);
    await iterator.next();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve));
    expect(calls).toHaveLength(3);
    const rest = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) rest.push(next.value);
    expect(rest).toEqual([21, 30, 31]);
    expect(calls).toHaveLength(3);
  });

  it('leaving the loop aborts the pages that were requested ahead', async () => {
    const {call, session} = mockMethod(linkedList, (request) =>
      param(request, 'page') === 2 ? new Promise(() => undefined) : linked(request),
    );
    for await (const item of call({prefetch: 2, signal: new AbortController().signal})) {
      expect(item).toBe(10);
      await new Promise((resolve) => setTimeout(resolve));
      expect(session.stats().active).toBe(1);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve));
    expect(session.stats()).toMatchObject({active: 0, queued: 0});
  });

  it('a page that fails ends the iteration after the items of the pages before it', async () => {
    const {call} = mockMethod(linkedList, (request) =>
      param(request, 'page') === 2 ? new Response('no', {status: 500}) : linked(request),
    );
    for (const prefetch of [0, 3]) {
      const seen: number[] = [];
      const read = async () => {
        for await (const item of call({prefetch})) seen.push(item);
      };
      expect(await rejection(read())).toMatchObject({name: 'HTTPError', status: 500});
      expect(seen).toEqual([10, 11]);
    }
  });

  it('pages reject, and run catch and finally, as a promise does', async () => {
    const declared = paginate(
      endpoint('GET /items', {response: type<number[]>(), errors: {404: type<string>()}}),
      linkPages(),
    );
    const {call} = mockMethod(declared, () => Response.json('none', {status: 404}));
    const error = await call().catch((reason: unknown) => reason);
    expect([call.isError(error), declared.isError(error)]).toEqual([true, true]);
    let ended = false;
    await rejection(
      call().finally(() => {
        ended = true;
      }),
    );
    expect(ended).toBe(true);
  });

  it('raw resolves to the response of the first page', async () => {
    const {call} = mockMethod(linkedList, linked);
    expect((await call.raw()).headers.get('link')).toContain('page=2');
  });

  it('aborting the signal of the call ends the iteration', async () => {
    const {call} = mockMethod(linkedList, (request) =>
      param(request, 'page') === 2 ? new Promise(() => undefined) : linked(request),
    );
    const controller = new AbortController();
    const reason = new Error('enough');
    const read = async () => {
      for await (const item of call({signal: controller.signal})) if (item === 11) controller.abort(reason);
    };
    expect(await rejection(read())).toBe(reason);
  });

  it.each([
    ['linkPages', linkedList],
    ['cursorPages', paginate(listWrapped, cursorPages({items: itemsOf, cursor: ({next}) => next}))],
  ])('a page of status 204 has no items, with %s', async (_what, of) => {
    const {call} = mockMethod(of as typeof linkedList, () => new Response(null, {status: 204}));
    expect(await call()).toMatchObject({items: [], hasNext: false});
    expect(await collect(call())).toEqual([]);
  });

  it.each([0, 3])(
    'a list without an end is refused after maxPages pages (prefetch: %d)',
    async (prefetch) => {
      const endless = paginate(list, numberedPages());
      const {call, calls} = mockMethod(endless, (request) => [param(request, 'page')]);
      const seen: number[] = [];
      const read = async () => {
        for await (const item of call({maxPages: 4, prefetch})) seen.push(item);
      };
      const error = await rejection(read());
      expect(error).toMatchObject({name: 'AiofetchError', code: 'ERR_PAGE_LIMIT'});
      expect(error.message).toContain('more than 4 pages');
      expect(seen).toHaveLength(4);
      expect(calls).toHaveLength(4);
    },
  );

  it('pages that lead back by several cursors too long to keep end at maxPages', async () => {
    const long = (letter: string) => letter.repeat(20_000);
    const paged = paginate(
      endpoint('GET /items', {
        query: type<{cursor?: string}>(),
        response: type<{items: number[]; next: string}>(),
      }),
      cursorPages({items: ({items}) => items, cursor: ({next}) => next}),
    );
    const {call, calls} = mockMethod(paged, ({url}) => ({
      items: [1],
      next: long(url.endsWith('a') ? 'b' : 'a'),
    }));
    expect(await rejection(collect(call({maxPages: 5})))).toMatchObject({code: 'ERR_PAGE_LIMIT'});
    expect(calls).toHaveLength(5);
  });

  it('a list has 10,000 pages at most by default', async () => {
    const endless = paginate(list, numberedPages());
    const {call, calls} = mockMethod(endless, (request) => [param(request, 'page')]);
    expect(await rejection(collect(call()))).toMatchObject({code: 'ERR_PAGE_LIMIT'});
    expect(calls).toHaveLength(10_000);
  });

  it('a list of exactly maxPages pages is read to its end', async () => {
    const {call} = mockMethod(linkedList, linked);
    expect(await collect(call({maxPages: 3}))).toEqual([10, 11, 20, 21, 30, 31]);
  });

  it('a page whose data is not a list rejects with an error that tells what to do', async () => {
    const {call} = mockMethod(paginate(listWrapped, linkPages()), () => ({items: [1]}));
    const error = await rejection(Promise.resolve(call()));
    expect(error.message).toBe(
      'A page of GET /items is not a list: let the option "items" of its page strategy return the list',
    );
  });

  it.each([
    ['a negative prefetch', () => mockMethod(linkedList).call({prefetch: -1}), 'prefetch'],
    ['no pages', () => mockMethod(linkedList).call({maxPages: 0}), 'maxPages'],
    ['an endless prefetch', () => mockMethod(linkedList).call({prefetch: Infinity}), 'prefetch'],
    ['no endpoint', () => paginate({} as never, linkPages()), 'endpoint'],
    ['no strategy', () => paginate(list, {} as never), 'strategy.next'],
    ['an unknown option', () => linkPages({page: 1} as never), 'linkPages.page', 'UnsupportedOptionError'],
    ['no cursor', () => cursorPages({} as never), 'cursor'],
    ['an unknown place', () => cursorPages({cursor: () => '', in: 'path' as never}), 'cursorPages.in'],
    ['no URL', () => urlPages({} as never), 'url'],
    ['half a first page', () => numberedPages({first: 0.5}), 'first'],
    ['a total that is not a function', () => numberedPages({total: 3 as never}), 'total'],
    [
      'URLs by another name',
      () => urlPages({url: () => '', uri: 1} as never),
      'urlPages.uri',
      'UnsupportedOptionError',
    ],
    [
      'cursors by another name',
      () => cursorPages({cursor: () => '', id: 1} as never),
      'cursorPages.id',
      'UnsupportedOptionError',
    ],
    [
      'numbers by another name',
      () => numberedPages({last: 1} as never),
      'numberedPages.last',
      'UnsupportedOptionError',
    ],
    [
      'offsets by another name',
      () => offsetPages({last: 1} as never),
      'offsetPages.last',
      'UnsupportedOptionError',
    ],
  ])('pages with %s are refused', (_what, make, option, name = 'InvalidOptionError') => {
    expect(thrown(make)).toMatchObject({name, option});
  });
});

describe('the next page', () => {
  const all = async (
    of: Parameters<typeof mockMethod>[0],
    handler: (call: MockCall) => unknown,
    input: object = {},
  ) => {
    const {call, calls} = mockMethod(of, handler);
    const items = await collect((call as unknown as (given: object) => AsyncIterable<number>)(input));
    return {items, urls: calls.map(({url}) => pathOf(url)), calls};
  };

  it('urlPages follows absolute and relative URLs in the body', async () => {
    const next = [`${origin}/v1/items?after=1`, '?after=2', '/v1/other', null];
    let index = 0;
    const {items, urls} = await all(
      paginate(listWrapped, urlPages({items: itemsOf, url: (data) => data.next})),
      () => ({items: [index], next: next[index++]}),
      {query: {size: 1}},
    );
    expect(items).toEqual([0, 1, 2, 3]);
    expect(urls).toEqual(['/items?size=1', '/items?after=1', '/items?after=2', '/other']);
  });

  it('cursorPages sends the cursor in the query', async () => {
    const cursors = ['a b', 'c', ''];
    let index = 0;
    const {urls} = await all(
      paginate(listWrapped, cursorPages({items: itemsOf, cursor: (data) => data.next})),
      () => ({items: [index], next: cursors[index++]}),
      {query: {size: 1}},
    );
    expect(urls).toEqual(['/items?size=1', '/items?size=1&cursor=a%20b', '/items?size=1&cursor=c']);
  });

  it('cursorPages may take the cursor from the last item', async () => {
    const {urls} = await all(
      paginate(list, cursorPages({cursor: (_data, items) => items.at(-1), parameter: 'starting_after'})),
      (call) => (param(call, 'starting_after') < 4 ? [param(call, 'starting_after') + 2] : []),
    );
    expect(urls).toEqual(['/items', '/items?starting_after=2', '/items?starting_after=4']);
  });

  it('cursorPages may send the cursor in the body', async () => {
    const search = paginate(
      endpoint('POST /search', {body: type<{q: string}>(), response: type<Wrapped>()}),
      cursorPages({items: itemsOf, cursor: (data) => data.next, in: 'body', parameter: 'after'}),
    );
    const {calls} = await all(
      search,
      async (call) => ({items: [1], next: ((await call.json()) as {after?: string}).after ? null : 'x'}),
      {body: {q: 'a'}},
    );
    expect(await Promise.all(calls.map((call) => call.json()))).toEqual([{q: 'a'}, {q: 'a', after: 'x'}]);
  });

  it('numberedPages counts up until a page is empty or the total is reached', async () => {
    const untilEmpty = await all(
      paginate(list, numberedPages()),
      (call) => (param(call, 'page') < 3 ? [1] : []),
      {query: {size: 5}},
    );
    expect(untilEmpty.urls).toEqual(['/items?size=5', '/items?size=5&page=2', '/items?size=5&page=3']);
    const byTotal = numberedPages({
      items: itemsOf,
      total: ({total}: Wrapped) => total,
      first: 0,
      parameter: 'p',
    });
    const {urls} = await all(paginate(listWrapped, byTotal), () => ({items: [1], total: 3}));
    expect(urls).toEqual(['/items', '/items?p=1', '/items?p=2']);
    const fromThree = await all(paginate(list, numberedPages({total: () => 4})), () => [1], {
      query: {page: 3},
    });
    expect(fromThree.urls).toEqual(['/items?page=3', '/items?page=4']);
  });

  it('offsetPages counts items until a page is empty or the total is reached', async () => {
    const untilEmpty = await all(paginate(list, offsetPages()), (call) =>
      param(call, 'offset') < 4 ? [1, 2] : [],
    );
    expect(untilEmpty.urls).toEqual(['/items', '/items?offset=2', '/items?offset=4']);
    const byTotal = offsetPages({items: itemsOf, total: ({total}: Wrapped) => total, parameter: 'skip'});
    const {urls} = await all(paginate(listWrapped, byTotal), () => ({items: [1, 2], total: 4}));
    expect(urls).toEqual(['/items', '/items?skip=2']);
  });

  it('an async strategy of the user’s own finds the next page', async () => {
    const own: PageStrategy<number[], number> = {
      async next({index, query, response}) {
        expect(response.status).toBe(200);
        return index < 2 ? {query: {size: (query['size'] as number) + 1}} : undefined;
      },
    };
    const {urls} = await all(paginate(list, own), () => [1], {query: {size: 1}});
    expect(urls).toEqual(['/items?size=1', '/items?size=2', '/items?size=3']);
  });
});

describe('pages that lead back', () => {
  let fragments = 0;

  it.each<
    [what: string, of: Parameters<typeof mockMethod>[0], answer: (call: MockCall) => unknown, pages: number]
  >([
    [
      'to themselves',
      linkedList,
      () => Response.json([1], {headers: {link: '</v1/items?page=2>; rel="next"'}}),
      2,
    ],
    [
      'to the first',
      linkedList,
      (call) =>
        Response.json([1], {
          headers: {link: call.url.includes('page') ? '</v1/items>; rel="next"' : '<?page=2>; rel="next"'},
        }),
      2,
    ],
    [
      'to other fragments of themselves',
      paginate(listWrapped, urlPages({items: itemsOf, url: () => `?page=2#${fragments++}`})),
      () => ({items: [1]}),
      2,
    ],
    [
      'by the same cursor',
      paginate(listWrapped, cursorPages({items: itemsOf, cursor: (data) => data.next})),
      () => ({items: [1], next: 'same'}),
      2,
    ],
    [
      'by the same long cursor',
      paginate(listWrapped, cursorPages({items: itemsOf, cursor: (data) => data.next})),
      () => ({items: [1], next: 'x'.repeat(20_000)}),
      2,
    ],
  ])('pages that lead back %s end the iteration with an error', async (what, of, answer, pages) => {
    const {call, calls} = mockMethod(of, answer);
    const items: number[] = [];
    const read = async () => {
      for await (const item of (call as unknown as () => AsyncIterable<number>)()) items.push(item);
    };
    const error = await rejection(read());
    expect(items).toHaveLength(pages);
    expect(error).toMatchObject({name: 'AiofetchError', code: 'ERR_PAGE_LOOP'});
    const start = `Page 1 of GET /items leads back to page ${what === 'to the first' ? 0 : 1} (GET https://`;
    expect(error.message.slice(0, start.length)).toBe(start);
    expect(calls).toHaveLength(pages);
  });

  it.each(['?page=2', true, {querry: {page: 2}}])(
    'a strategy that returns %j rejects with an error that says what it may return',
    async (next) => {
      const strategy = {next: () => next as never};
      const page = await mockMethod(paginate(list, strategy), () => [1]).call();
      const error = await rejection(page.next());
      expect(error.message).toBe(
        'The page strategy of GET /items has to return an object with query, body or url, or undefined',
      );
    },
  );

  it('an invalid URL of a next page rejects with an error that does not show the URL', async () => {
    const {call} = mockMethod(linkedList, () =>
      Response.json([1], {headers: {link: '<http://s3cret:x>; rel="next"'}}),
    );
    const page = await call();
    expect([page.items, page.hasNext]).toEqual([[1], true]);
    const error = await rejection(page.next());
    expect(error).toMatchObject({code: 'ERR_PAGE_URL'});
    expect(String(error)).not.toContain('s3cret');
  });
});

describe('a next page on another origin', () => {
  const secured = endpoint('GET /items', {response: asJson(type<number[]>())});

  it.each([
    ['another host', 'https://evil.example/v1/items'],
    ['another scheme', 'http://api.example.com/v1/items'],
    ['another port', 'https://api.example.com:8443/v1/items'],
    ['a host that begins the same way', 'https://api.example.com.evil.example/'],
  ])('a next page on %s gets no header that may be a credential', async (_what, url) => {
    const {session, calls} = mockSession(
      (call) =>
        Response.json([1], {
          headers: call.url.startsWith(`${origin}/`)
            ? {link: call.url.includes('last') ? '' : `<${url}>; rel="next"`}
            : {link: `<${origin}/v1/items?last>; rel="next"`},
        }),
      {
        baseUrl: `${origin}/v1/`,
        auth: {bearer: 's3cret'},
        headers: {'x-api-key': 's3cret', cookie: 's3cret', 'user-agent': 'demo'},
      },
    );
    const client = defineClient(
      {list: paginate(secured, linkPages())},
      {headers: {'x-client-key': 's3cret'}},
    );
    await collect(client(session).list({headers: {'private-token': 's3cret'}}));
    expect(calls).toHaveLength(3);
    const headersOf = (index: number) => Object.fromEntries(calls[index]?.headers ?? []);
    expect(headersOf(0)).toMatchObject({authorization: 'Bearer s3cret', 'x-client-key': 's3cret'});
    expect(headersOf(1)).toEqual({accept: 'application/json', 'user-agent': 'demo'});
    // The page that this page leads back to gets none either, because the other origin chose its URL.
    expect(headersOf(2)).toEqual({accept: 'application/json', 'user-agent': 'demo'});
  });

  it.each([
    ['a bearer token', {bearer: 's3cret'}],
    ['an API key in a header', apiKey({header: 'x-api-key', value: 's3cret'})],
    ['an API key in the query', apiKey({query: 'key', value: 's3cret'})],
    ['a token source', tokenSource(() => 's3cret')],
  ])('no page after one on another origin is signed with %s, also at home', async (_what, auth) => {
    const links = ['https://other.example/b', `${origin}/c`, '/d', '?e'];
    const {session, calls} = mockSession(
      () => Response.json([1], {headers: {link: `<${links[calls.length - 1]}>; rel="next"`}}),
      {baseUrl: `${origin}/`, auth},
    );
    const pages = defineClient({list: paginate(secured, linkPages())})(session)
      .list()
      .pages();
    for (let page = 0; page < 5; page++) await pages.next();
    const isSigned = calls.map(({url, headers}) => `${url} ${[...headers]}`.includes('s3cret'));
    expect(calls.map(({url}) => new URL(url).origin === origin)).toEqual([true, false, true, true, true]);
    expect(isSigned).toEqual([true, false, false, false, false]);
    // The next call is signed as before.
    await defineClient({list: paginate(secured, linkPages())})(session).list();
    expect(`${calls.at(-1)?.url} ${[...(calls.at(-1)?.headers ?? [])]}`).toContain('s3cret');
  });

  it('a page that was redirected to another origin does not lead back to a signed one', async () => {
    const {session, calls} = mockSession(
      ({url}) => {
        if (url === `${origin}/items`) return Response.redirect('https://other.example/items', 302);
        const isOther = url.startsWith('https://other.example');
        return Response.json([1], {headers: isOther ? {link: `<${origin}/delete>; rel="next"`} : {}});
      },
      {baseUrl: origin, auth: {bearer: 's3cret'}},
    );
    await collect(defineClient({list: linkedList})(session).list());
    expect(calls.map(({url, headers}) => [url, headers.get('authorization')])).toEqual([
      [`${origin}/items`, 'Bearer s3cret'],
      ['https://other.example/items', null],
      [`${origin}/delete`, null],
    ]);
  });

  it('the origin of a next page is compared with the base URL, and not with the target of a redirect', async () => {
    const {session, calls} = mockSession(
      ({url}) => {
        if (url === `${origin}/items`)
          return new Response(null, {status: 302, headers: {location: 'https://cdn.example/items'}});
        return Response.json([1], {headers: url.includes('page') ? {} : {link: '<?page=2>; rel="next"'}});
      },
      {baseUrl: origin},
    );
    await collect(defineClient({list: linkedList})(session).list({headers: {'x-api-key': 's3cret'}}));
    expect(calls.map(({url}) => url)).toEqual([
      `${origin}/items`,
      'https://cdn.example/items',
      'https://cdn.example/items?page=2',
    ]);
    expect(calls[2]?.headers.get('x-api-key')).toBeNull();
  });

  it('a client with a base URL of its own keeps its headers on that origin', async () => {
    const {session, calls} = mockSession(linked);
    await collect(
      defineClient(
        {list: linkedList},
        {baseUrl: `${origin}/v1`, headers: {'x-api-key': 'key'}},
      )(session).list(),
    );
    expect(calls.map(({headers}) => headers.get('x-api-key'))).toEqual(['key', 'key', 'key']);
  });
});
