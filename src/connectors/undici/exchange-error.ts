import type {ConnectorRequest} from '../../core/request.ts';
import {codeOf} from '../../errors/error-code.ts';
import type {ErrorDetails, Phase} from '../../errors/index.ts';
import {ConnectionError, TimeoutError} from '../../errors/index.ts';
import {describeFailure, isUndiciRefusal} from './describe-failure.ts';
import {HeadTooLargeError} from './head-size.ts';

/** Makes the error of a call whose connection failed in `phase`. */
export function connectionError(
  request: ConnectorRequest,
  cause: Error,
  phase: Phase,
  what?: string,
): ConnectionError {
  const code = codeOf(cause);
  // undici's parser attaches the bytes that it could not parse, which are part of the response.
  delete (cause as {data?: string}).data;
  return new ConnectionError(describeFailure(cause, phase, what), phase, {
    ...detailsOf(request),
    code,
    cause,
  });
}

/**
 * Makes the error of a call for which a time limit ran out.
 *
 * @param limit - the time limit, in ms
 * @param cause - the failure that happened before the time ran out, if there was one
 */
export function timeoutError(
  request: ConnectorRequest,
  phase: 'pool' | 'connect' | 'read' | 'unread' | 'attempt',
  limit: number,
  cause?: Error,
): TimeoutError {
  return new TimeoutError(phase, limit, {...detailsOf(request), cause});
}

/**
 * Makes the error of a call that failed for a reason on this side of the connection: undici refused the request, or the
 * source of the request body failed.
 *
 * @param sourceFailure - what the source of the request body failed with
 * @returns `undefined` when the connection or the server failed instead
 */
export function requestError(
  request: ConnectorRequest,
  error: Error,
  sourceFailure: unknown,
): Error | undefined {
  if (isUndiciRefusal(error)) {
    return new TypeError(`Request could not be sent: ${error.message}`, {cause: error});
  }
  if (sourceFailure === error) return connectionError(request, error, 'send', 'Request body failed');
  return error instanceof TypeError ? error : undefined;
}

/**
 * Makes the error of a call whose connection failed after the request was dispatched.
 *
 * @param isSent - whether the whole request had been handed to the socket
 */
export function exchangeError(request: ConnectorRequest, cause: Error, isSent: boolean): ConnectionError {
  // A TLS alert may arrive after the handshake: with TLS 1.3, the server checks a client certificate only then.
  if (codeOf(cause)?.startsWith('ERR_SSL_')) return connectionError(request, cause, 'tls');
  return connectionError(request, cause, isSent || cause instanceof HeadTooLargeError ? 'receive' : 'send');
}

function detailsOf(request: ConnectorRequest): ErrorDetails {
  return {request, attempts: request.attempt};
}
