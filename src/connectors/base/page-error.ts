import type {ConnectorRequest} from '../../core/request.ts';
import {AiofetchError, ConnectionError} from '../../errors/index.ts';
import {redactUrls} from '../../errors/redact-url.ts';
import {isPageFetchFailure} from '../../utils/is-fetch-failure.ts';

/** Turns the error that a page's `fetch` rejected with into a typed error. Browsers don't tell a page why a request failed. */
export function pageError(given: unknown, request: ConnectorRequest, phase: 'send' | 'receive'): unknown {
  if (given instanceof AiofetchError) return given;
  const error = given as Error;
  const message = redactUrls(error.message);
  // The message of a `fetch` that replaces the browser's may show the URL.
  const cause = message === error.message ? error : new TypeError(message);
  const reason = isPageFetchFailure(error) ? 'no reason given' : message;
  const {attempt: attempts} = request;
  return new ConnectionError(reason, phase, {request, attempts, cause});
}
