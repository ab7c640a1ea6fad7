import type {ConnectorRequest} from './request.ts';

/** One step of a request's way: takes the record, gives the response. */
export type Handler = (request: ConnectorRequest) => Promise<Response>;

/** Wraps a handler in another; in a list, the first is the outermost. */
export type Policy = (next: Handler) => Handler;
