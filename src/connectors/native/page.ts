import type {RequestBody} from '../../core/body.ts';
import {prepareBody} from '../../core/body.ts';
import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {pageError} from '../base/page-error.ts';
import type {FetchTraits} from './create-native-connector.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {fetchCapabilities, fixedCapabilities} from './fetch-capabilities.ts';
import {sendStream} from './watch-upload.ts';

// To report the progress of an upload, the connector has to encode the body itself.
const pageFetch: FetchTraits = {prepareBody, sendStream, toError: pageError};

const smallPageFetch: FetchTraits = {
  // The browser encodes the body and sets its Content-Type.
  prepareBody: (body) => ({source: madeBody(body), contentType: undefined}),
  sendStream: refuseStream,
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

/**
 * Makes the default connector of `aiofetch/core` in pages and their workers. It is `pageConnector` without the code for
 * sending streams, because only Chromium sends them, over HTTP/2, and without the code for encoding bodies, because the
 * browser encodes them. That saves 0.9 kB of a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function smallPageConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector({...smallPageFetch, name: 'fetch', capabilities: fixedCapabilities}, options);
}

function refuseStream(): never {
  throw new UnsupportedOptionError(
    'body',
    'the default connector',
    'send bytes or a Blob, or use fetchConnector of aiofetch/fetch',
  );
}
