import {isRedirectStatus} from '../core/redirect.ts';
import type {Redirect} from '../core/request.ts';
import type {RedactedRequest} from '../errors/index.ts';
import {HTTPError} from '../errors/index.ts';
import type {KyOptions} from './call-options.ts';
import {readErrorData} from './error-data.ts';

/** What decides whether a status is an error, and what is read of one that is. */
export interface StatusCheck {
  readonly throwHttpErrors: KyOptions['throwHttpErrors'] | undefined;
  readonly parseJson: KyOptions['parseJson'] | undefined;
  readonly redirect: Redirect;
  readonly signal: AbortSignal | null | undefined;
  /** How many were made. */
  readonly attempts: number;
}

/**
 * The response, when its status is none that rejects.
 *
 * @param request - what was asked for; a `Request` where `parseJson` is told about it
 * @throws HTTPError
 */
export async function throwOnHttpError(
  response: Response,
  request: RedactedRequest,
  {redirect, throwHttpErrors = true, parseJson, signal, attempts}: StatusCheck,
): Promise<Response> {
  const {status, type} = response;
  const isFine =
    response.ok ||
    type === 'opaque' ||
    type === 'opaqueredirect' ||
    (redirect === 'manual' && isRedirectStatus(status)) ||
    !(typeof throwHttpErrors === 'function' ? throwHttpErrors(status) : throwHttpErrors);
  if (isFine) return response;
  const data = await readErrorData(
    response,
    parseJson && ((text) => parseJson(text, {request: request as Request, response})),
  );
  if (signal?.aborted) throw signal.reason;
  throw new HTTPError(response, data, {request, attempts: Math.max(attempts, 1)});
}
