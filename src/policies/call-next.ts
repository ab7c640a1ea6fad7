import type {Handler} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';

/** What a handler throws, its promise rejects with. */
export async function send(next: Handler, request: ConnectorRequest): Promise<Response> {
  return next(request);
}
