import type {RequestBody} from '../../core/body.ts';
import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {pageError} from '../base/page-error.ts';
import type {FetchTraits} from './create-native-connector.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {fetchCapabilities} from './fetch-capabilities.ts';

const pageFetch: FetchTraits = {
  // The browser encodes the body and sets its Content-Type.
  prepareBody: (body) => ({source: madeBody(body), contentType: undefined}),
  toError: pageError,
};

/** The body itself, or the body that the function makes. */
function madeBody(body: RequestBody): unknown {
  return typeof body === 'function' ? madeBody(body()) : body;
}

/**
 * Makes the default connector of pages and their workers. It is `fetchConnector` without the code for redirects and for the
 * reasons of failures, because browsers show neither to a page. That saves 2 kB of a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function pageConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({...pageFetch, name: 'fetch', capabilities: fetchCapabilities}, options);
}
