/**
 * A URL that is safe to log: userinfo and fragment dropped, each query value replaced, so that
 * `https://u:p@example.com/v1?key=secret#top` becomes `https://example.com/v1?key=…`. It may be a relative one.
 *
 * @param mask - what stands for a value
 */
export function redactUrl(url: string, mask = '…'): string {
  const [bare = ''] = url.split('#', 1);
  const mark = bare.indexOf('?');
  const path = (mark === -1 ? bare : bare.slice(0, mark)).replace(
    /^((?:[a-z][a-z\d+.-]*:)?\/\/)[^/]*@/i,
    '$1',
  );
  if (mark === -1) return path;
  const pairs = bare.slice(mark + 1).split('&');
  return `${path}?${pairs.map((pair) => redactPair(pair, mask)).join('&')}`;
}

function redactPair(pair: string, mask: string): string {
  const equals = pair.indexOf('=');
  if (equals !== -1) return `${pair.slice(0, equals)}=${mask}`;
  // What stands alone may as well be a value.
  return pair && mask;
}
