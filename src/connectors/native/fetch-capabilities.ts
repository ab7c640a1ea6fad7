import type {ConnectorCapabilities} from '../../core/connector.ts';
import {isBrowserPage} from '../../utils/is-browser-page.ts';
import type {StreamingInit} from './watch-upload.ts';

/** The abilities that the global `fetch` has in every page and worker. */
export const fixedCapabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: false,
  // Outside pages only Node checks it. Most other runtimes ignore it silently.
  integrity: isBrowserPage,
  manualRedirect: !isBrowserPage,
};

/** The abilities of the global `fetch` in runtimes without a connector of their own. */
export const fetchCapabilities: ConnectorCapabilities = /* @__PURE__ */ detectCapabilities();

function detectCapabilities(): ConnectorCapabilities {
  return {...fixedCapabilities, requestStreams: detectRequestStreams()};
}

// A runtime that can't send streams turns one into text and sets a Content-Type for text. In a page a `Request` may accept
// a stream that `fetch` then refuses. Such a page doesn't read `duplex`. Outside pages, some runtimes that send streams
// don't read it either.
function detectRequestStreams(): boolean {
  let asksForDuplex = false;
  try {
    const init: StreamingInit = {
      method: 'POST',
      body: new ReadableStream(),
      get duplex() {
        asksForDuplex = true;
        return 'half' as const;
      },
    };
    const hasType = new Request('https://example.invalid/', init).headers.has('content-type');
    return !hasType && (asksForDuplex || !isBrowserPage);
  } catch {
    return false;
  }
}
