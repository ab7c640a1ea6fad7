import {isStreamLike, keepErrors, madeBody, sizeOf} from '../../core/body.ts';
import type {Connector, ConnectorOptions} from '../../core/connector.ts';
import {callFetch, foreignFetch} from '../../core/fetch-origin.ts';
import {lifetimeOf} from '../../core/request.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {buildConnector} from '../base/build-connector.ts';
import {pageError} from '../base/page-error.ts';
import {pageResponse} from '../base/page-response.ts';
import {fixedCapabilities} from './fetch-capabilities.ts';

/**
 * Makes the default connector of `aiofetch/core` in pages and their workers. It is `pageConnector` without the code for
 * sending streams, because only Chromium sends them, over HTTP/2, and without the code for encoding bodies, because the
 * browser encodes them. That saves 1.2 kB of a bundle.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function smallPageConnector(options: ConnectorOptions = {}): Connector {
  // Used when the global fetch is a session's `fetch` that leads back to this connector.
  const {fetch: before} = globalThis;
  const connector = buildConnector(
    {
      name: 'fetch',
      capabilities: fixedCapabilities,
      toError: pageError,
      async send(request, signal, progress) {
        const fetch = foreignFetch(connector, lifetimeOf(request).cameFrom) ?? before;
        const {url, method, native, redirect} = request;
        const body = madeBody(request.body);
        if (body && isStreamLike(body)) {
          keepErrors(body);
          throw new UnsupportedOptionError(
            'body',
            'the default connector',
            'use fetchConnector of aiofetch/fetch',
          );
        }
        progress.sent(sizeOf(body) ?? 0);
        const given = await callFetch(connector, fetch, url, {
          ...native,
          method,
          headers: [...request.headers],
          body: body as BodyInit | null,
          redirect,
          signal,
        });
        return pageResponse(given, request);
      },
    },
    options,
  );
  return connector;
}
