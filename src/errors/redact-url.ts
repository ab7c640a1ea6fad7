/**
 * Returns a URL that is safe to log, without userinfo and fragment and with each query value replaced:
 * `https://u:p@example.com/v1?key=secret#top` becomes `https://example.com/v1?key=…`. The URL may be relative.
 *
 * @param mask - replaces each query value
 */
export function redactUrl(url: string, mask = '…'): string {
  return (
    url
      .replace(/#.*/s, '')
      .replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)[^/?]*@/i, '$1')
      // A part without "=" may be a value too.
      .replace(/\?.*/s, (query) => query.replace(/([^?&=]*=)[^&]*|[^?&]+/g, `$1${mask}`))
  );
}

/** A text with the URLs in it redacted. Some runtimes put the URL of a request into the message of its error. */
export function redactUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s"'()<>]+/gi, (url) => redactUrl(url));
}
