import type {PreparedBody, RequestBody} from '../../core/body.ts';
import {isStreamLike, madeBody} from '../../core/body.ts';
import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {pageError} from '../base/page-error.ts';
import {pageResponse} from '../base/page-response.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {fetchCapabilities} from './fetch-capabilities.ts';

/**
 * Makes the default connector of pages and their workers. It is `fetchConnector` without the code for redirects and for the
 * reasons of failures, because browsers show neither to a page, and without the code for encoding bodies, because the browser
 * encodes them. That saves 2.5 kB of a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function pageConnector(options: ConnectorOptions = {}): Connector {
  return createNativeConnector(
    {
      name: 'fetch',
      capabilities: fetchCapabilities,
      prepareBody: preparePageBody,
      toError: pageError,
      toResponse: pageResponse,
    },
    options,
  );
}

/** Lets the browser encode the body: at once if its progress is reported, because it is then sent as a stream. */
async function preparePageBody(body: RequestBody, {transfer}: ConnectorRequest): Promise<PreparedBody> {
  const made = madeBody(body) as NonNullable<ReturnType<typeof madeBody>>;
  if (!transfer?.onUploadProgress || isStreamLike(made)) {
    return {source: made as PreparedBody['source'], contentType: undefined};
  }
  const encoded = new Response(made);
  return {source: await encoded.blob(), contentType: encoded.headers.get('content-type') ?? undefined};
}
