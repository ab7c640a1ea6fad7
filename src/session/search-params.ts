import type {ResponseOptions} from './call-options.ts';

type SearchParams = ResponseOptions['searchParams'];

/**
 * Adds search parameters to the query of a URL, list by list. The original query is kept byte for byte. In a record,
 * `undefined` removes all earlier parameters of that name.
 *
 * @throws TypeError for a list that is not made of pairs
 */
export function withSearchParams(url: string, lists: readonly SearchParams[]): string {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const before = mark === -1 ? '' : url.slice(mark + 1);
  let query = before;
  const append = (text: string) => {
    if (text !== '') query += query === '' ? text : `&${text}`;
  };
  for (const params of lists) {
    if (params === undefined || params === null) continue;
    // A string is sent as it is, except that a "#" is encoded, because it would begin a fragment.
    if (typeof params === 'string') append(params.replace(/^\?/, '').replaceAll('#', '%23'));
    else if (Symbol.iterator in params) append(new URLSearchParams(params as string[][]).toString());
    else {
      for (const [name, value] of Object.entries(params)) {
        if (value === undefined) query = without(query, name);
        else append(new URLSearchParams([[name, String(value)]]).toString());
      }
    }
  }
  // The URL parser percent-encodes the characters of strings that need it.
  return query === before ? url : new URL(query === '' ? path : `${path}?${query}`).href;
}

/** Removes the parameters of a name from a query, in any encoding. */
function without(query: string, name: string): string {
  const pairs = query.split('&');
  return pairs.filter((pair) => new URLSearchParams(pair).keys().next().value !== name).join('&');
}
