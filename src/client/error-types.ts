import type {HTTPError} from '../errors/index.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {InputOf, OutputOf} from './schema.ts';

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
