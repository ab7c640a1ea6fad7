import type {ConnectorRequest} from '../../../core/request.ts';
import {decodedBody} from './decoded-body.ts';
import type {BodySource} from './incoming-body.ts';
import {limitedBody} from './limited-body.ts';

/**
 * The body that the caller reads: decoded, and measured where the call has a size limit or a progress listener.
 *
 * @throws ConnectionError when Content-Encoding lists too many codings
 */
export function responseBody(
  body: BodySource,
  contentEncoding: string | undefined,
  request: ConnectorRequest,
  rawHeaders: readonly Buffer[],
): BodySource {
  const source = contentEncoding === undefined ? body : decodedBody(body, contentEncoding, request);
  return request.transfer ? limitedBody(source, contentEncoding !== undefined, request, rawHeaders) : source;
}
