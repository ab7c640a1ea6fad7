import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {isBrowserPage} from '../../utils/is-browser-page.ts';
import type {StreamingInit} from './create-native-connector.ts';
import {createNativeConnector} from './create-native-connector.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';

const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: detectRequestStreams(),
  // Of the others only Node checks it; most say nothing.
  integrity: isBrowserPage,
  manualRedirect: !isBrowserPage,
};

/**
 * The connector of browsers and workers, and of any runtime without one of its own: the global `fetch`, looked up at
 * each request, so that one that a test or a framework puts in its place is used; unless that is a session's, and leads
 * back here. The runtime owns the sockets; `limit` and `limitPerHost` bound the requests in flight, each to the end of
 * its body.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {fetchConnector} from 'aiofetch/fetch';
 *
 * await using session = createSession({connector: fetchConnector({limit: 20, limitPerHost: 6})});
 * ```
 */
export function fetchConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({name: 'fetch', capabilities}, options);
}

// A runtime that doesn't send streams turns one into text, and says so in the Content-Type it makes. Pages that don't
// may have Requests that do, and then don't ask for `duplex`; elsewhere some that do don't ask for it either.
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
