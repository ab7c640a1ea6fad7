/**
 * A URL that is safe to log: userinfo and fragment dropped, each query value replaced, so that
 * `https://u:p@example.com/v1?key=secret#top` becomes `https://example.com/v1?key=…`. It may be a relative one.
 *
 * @param mask - what stands for a value
 */
export function redactUrl(url: string, mask = '…'): string {
  const [, path = '', mark = '', query = ''] = /^([^?#]*)(\??)([^#]*)/.exec(url) ?? [];
  const bare = path.replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)[^/]*@/i, '$1');
  // What stands alone may as well be a value.
  return bare + mark + query.replace(/([^&=]*=)[^&]*|[^&]+/g, `$1${mask}`);
}
