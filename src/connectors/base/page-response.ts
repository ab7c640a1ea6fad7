import {NativeResponse} from '../../core/native-response.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {AiofetchError} from '../../errors/index.ts';

/**
 * Returns what `fetch` returned, if it is a `Response` of the browser. A test may have replaced `fetch`. `toResponse` would
 * convert what it returns, but takes 0.3 kB of a bundle.
 *
 * @throws AiofetchError with the code `ERR_NOT_A_RESPONSE` for anything else. Retries don't repeat it.
 */
export function pageResponse(given: unknown, request: ConnectorRequest): Response {
  if (given instanceof NativeResponse) return given;
  throw notAResponse(request, '; use fetchConnector of aiofetch/fetch');
}

/** The error of a request for which `fetch` returned something else. The value is not shown. */
export function notAResponse(request: ConnectorRequest, hint = ''): AiofetchError {
  return new AiofetchError(`fetch returned no Response${hint}`, 'ERR_NOT_A_RESPONSE', 'receive', {request});
}
