import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {pageError} from '../base/page-error.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {fetchCapabilities} from './fetch-capabilities.ts';

/**
 * Makes the default connector of pages and their workers. It is `fetchConnector` without the code for redirects and for the
 * reasons of failures, because browsers show neither to a page. That saves 2 kB of a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function pageConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({name: 'fetch', capabilities: fetchCapabilities, toError: pageError}, options);
}
