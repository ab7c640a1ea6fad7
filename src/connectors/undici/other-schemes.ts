import type {Connector, ConnectorCapabilities} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {createConnector} from '../base/create-connector.ts';

// Read when the module is loaded, because tests and tools replace the global later.
const nativeFetch = globalThis.fetch;

/**
 * The connector for the URLs that need no connection: `data:` and `blob:` (Fetch, "scheme fetch"). Node's own `fetch` reads
 * them. It takes no part in the limits of a pool.
 */
export function localConnector(name: string, pooled: ConnectorCapabilities): Connector {
  const capabilities: ConnectorCapabilities = {
    ...pooled,
    sockets: false,
    connectTimeout: false,
    uploadProgress: false,
    expectContinue: false,
  };
  const send = (request: ConnectorRequest, signal: AbortSignal): Promise<Response> => {
    const {url, method, native} = request;
    const {integrity} = native ?? {};
    return nativeFetch(url, {method, headers: [...request.headers], signal, ...(integrity && {integrity})});
  };
  return createConnector({name, capabilities, send}, {limit: 0});
}

/** Whether a pool of connections can send a request to the URL. */
export function isHttp(url: string): boolean {
  return url.startsWith('http:') || url.startsWith('https:');
}

/** Whether {@link localConnector} can fetch the URL. */
export function isLocal(url: string): boolean {
  return url.startsWith('data:') || url.startsWith('blob:');
}
