import type {ResponseOptions} from './call-options.ts';

/**
 * Adds search parameters to the query of a URL. The original query is kept byte for byte. In a record, `undefined` removes
 * all earlier parameters of that name.
 *
 * @throws TypeError for a list that is not made of pairs
 */
export function withSearchParams(url: string, params: ResponseOptions['searchParams']): string {
  if (params === undefined) return url;
  const [path = url] = url.split('?', 1);
  const before = url.slice(path.length + 1);
  let query = before;
  let added = params as string | string[][];
  if (typeof params === 'object' && !(Symbol.iterator in params)) {
    const pairs = Object.entries(params);
    for (const [name, value] of pairs) if (value === undefined) query = without(query, name);
    added = pairs.filter(([, value]) => value !== undefined) as string[][];
  }
  // A string is sent as it is, except that a "#" is encoded, because it would begin a fragment.
  const text =
    typeof added === 'string'
      ? added.replace(/^\?/, '').replaceAll('#', '%23')
      : String(new URLSearchParams(added));
  query += query && text ? `&${text}` : text;
  // The URL parser percent-encodes the characters of strings that need it.
  return query === before ? url : new URL(path + (query && `?${query}`)).href;
}

/** Removes the parameters of a name from a query, in any encoding. */
function without(query: string, name: string): string {
  const pairs = query.split('&');
  return pairs.filter((pair) => new URLSearchParams(pair).keys().next().value !== name).join('&');
}
