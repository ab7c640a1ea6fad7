import type {Handler} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';

/** Calls the next handler. An error that the handler throws becomes a rejection. */
export async function callNext(next: Handler, request: ConnectorRequest): Promise<Response> {
  return next(request);
}
