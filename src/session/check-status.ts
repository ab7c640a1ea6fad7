import {isRedirectStatus} from '../core/redirect.ts';
import {lifetimeOf} from '../core/request.ts';
import {HTTPError} from '../errors/index.ts';
import type {KyOptions} from './call-options.ts';
import {readErrorData} from './error-data.ts';
import type {OutgoingCall} from './fetch-call.ts';
import type {JsonParser} from './response-promise.ts';

/**
 * Checks the status of a response that is not `ok`.
 *
 * @param parse - reads the body of the error if it is JSON
 * @throws HTTPError for a status that is an error; the reason of the caller's signal if it was aborted meanwhile
 */
export async function throwOnHttpError(
  response: Response,
  {request, signal}: OutgoingCall,
  throwHttpErrors: KyOptions['throwHttpErrors'] = true,
  parse?: JsonParser,
): Promise<void> {
  const {status, type} = response;
  const isFine =
    /^opaque/.test(type) ||
    (request.redirect === 'manual' && isRedirectStatus(status)) ||
    !(typeof throwHttpErrors === 'function' ? throwHttpErrors(status) : throwHttpErrors);
  if (isFine) return;
  const data = await readErrorData(response, parse);
  if (signal?.aborted) throw signal.reason;
  throw new HTTPError(response, data, {request, attempts: lifetimeOf(request).attempts || 1});
}
