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

function madeBody(body: RequestBody): unknown {
  return typeof body === 'function' ? madeBody(body()) : body;
}

/**
 * The default connector of pages and their workers: `fetchConnector` without the code for what pages are not shown, as
 * redirects and the reasons of failures. That saves 2 kB of a bundle.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function pageConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({...pageFetch, name: 'fetch', capabilities: fetchCapabilities}, options);
}
