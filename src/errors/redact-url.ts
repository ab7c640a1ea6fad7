import {printable} from './printable.ts';

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

/**
 * The message of a runtime's error, with the URLs in it redacted: some runtimes put the URL of a request there, and text of
 * the server.
 */
export function redactUrls(text: string): string {
  return printable(text, 1_000).replace(/\bhttps?:\/\/[^\s"'()<>]+/gi, (url) => redactUrl(url));
}
