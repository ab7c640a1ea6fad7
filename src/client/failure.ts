import type {RedactedRequest} from '../errors/index.ts';
import {HTTPError} from '../errors/index.ts';
import {readErrorData} from '../session/error-data.ts';
import {attemptsOf} from '../session/fetch-metadata.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {InputOf, OutputOf} from './schema.ts';
import {checkValue} from './schema.ts';

/** The registered statuses of client errors (IANA, "HTTP Status Code Registry"). */
export type ClientErrorStatus =
  | 400
  | 401
  | 402
  | 403
  | 404
  | 405
  | 406
  | 407
  | 408
  | 409
  | 410
  | 411
  | 412
  | 413
  | 414
  | 415
  | 416
  | 417
  | 418
  | 421
  | 422
  | 423
  | 424
  | 425
  | 426
  | 428
  | 429
  | 431
  | 451;

/** The registered statuses of server errors. */
export type ServerErrorStatus = 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 510 | 511;

/** The keys of declared errors: a status, a class of statuses, or `default` for all that are not declared otherwise. */
export type ErrorKey = number | '4XX' | '5XX' | 'default';

/** Schemas of an endpoint's error bodies, by status. */
export type ErrorSchemas = {readonly [Key in ErrorKey]?: StandardSchema | undefined};

/** An error that an endpoint declares. */
export interface EndpointError<Status extends number = number, Data = unknown> extends HTTPError<Data> {
  readonly status: Status;
}

type StatusOf<Key, Declared> = Key extends number
  ? Key
  : Key extends '4XX'
    ? Exclude<ClientErrorStatus, Declared>
    : Key extends '5XX'
      ? Exclude<ServerErrorStatus, Declared>
      :
          | ('4XX' extends Declared ? never : Exclude<ClientErrorStatus, Declared>)
          | ('5XX' extends Declared ? never : Exclude<ServerErrorStatus, Declared>);

/** The union of the errors that an endpoint declares. Their `status` discriminates it. */
export type FailureOf<Errors> = {
  [Key in keyof Errors]: EndpointError<StatusOf<Key, keyof Errors>, OutputOf<Errors[Key]>>;
}[keyof Errors];

/** The same union for a client that trusts the server. */
export type TrustedFailureOf<Errors> = {
  [Key in keyof Errors]: EndpointError<StatusOf<Key, keyof Errors>, InputOf<Errors[Key]>>;
}[keyof Errors];

/** The declared errors of each error whose data fits its schema. */
const declared = new WeakMap<object, object>();

/** Whether an endpoint with these declared errors rejected with this error, with data that fits. */
export function isDeclared(error: unknown, errors: ErrorSchemas): boolean {
  return typeof error === 'object' && error !== null && declared.get(error) === errors;
}

/** Makes the error for a response without a status of success. */
export async function toHttpError(
  response: Response,
  errors: ErrorSchemas,
  trust: boolean,
  endpoint: string,
  request: RedactedRequest,
): Promise<HTTPError> {
  const {status} = response;
  const attempts = attemptsOf(response);
  let data = await readErrorData(response);
  const range = status >= 500 ? '5XX' : status >= 400 ? '4XX' : 'default';
  const schema = errors[status] ?? errors[range] ?? errors.default;
  if (!schema) return new HTTPError(response, data, {request, attempts});
  try {
    if (!trust) data = await checkValue(schema, data, {part: 'response', endpoint, request});
  } catch (cause) {
    // The status matters most: an error body that doesn't fit must not hide it.
    return new HTTPError(response, data, {request, attempts, cause});
  }
  const error = new HTTPError(response, data, {request, attempts});
  declared.set(error, errors);
  return error;
}
