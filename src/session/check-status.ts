import {isRedirectStatus} from '../core/redirect.ts';
import type {Redirect} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {HTTPError} from '../errors/index.ts';
import type {KyOptions} from './call-options.ts';
import {readErrorData} from './error-data.ts';
import type {JsonParser} from './response-promise.ts';

/** Decides whether a status is an error, and how the body of such a response is read. */
export interface StatusCheck {
  readonly throwHttpErrors: KyOptions['throwHttpErrors'] | undefined;
  readonly parse: JsonParser | undefined;
  readonly redirect: Redirect;
  readonly signal: AbortSignal | null | undefined;
  /** The number of attempts of the call. */
  readonly attempts: number;
}

/**
 * Returns the response if its status is not an error.
 *
 * @throws HTTPError for a status that is an error; the reason of `signal` if it was aborted meanwhile
 */
export async function throwOnHttpError(
  response: Response,
  request: RedactedRequest,
  {redirect, throwHttpErrors = true, parse, signal, attempts}: StatusCheck,
): Promise<Response> {
  const {status, type} = response;
  const isFine =
    response.ok ||
    type === 'opaque' ||
    type === 'opaqueredirect' ||
    (redirect === 'manual' && isRedirectStatus(status)) ||
    !(typeof throwHttpErrors === 'function' ? throwHttpErrors(status) : throwHttpErrors);
  if (isFine) return response;
  const data = await readErrorData(response, parse && ((text) => parse(text, response)));
  if (signal?.aborted) throw signal.reason;
  throw new HTTPError(response, data, {request, attempts: Math.max(attempts, 1)});
}
