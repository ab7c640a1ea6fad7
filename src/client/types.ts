import type {HeadersInput} from '../core/header-list.ts';
import type {ForeignInit, NativeInit} from '../core/native-init.ts';
import type {Redirect} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {Retry} from '../policies/retry/options.ts';
import type {TransferOptions} from '../policies/transfer.ts';
import type {Timeout} from '../session/timeouts.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {BodyContent, ResponseContent} from './content.ts';
import type {ParameterNames, PathValue} from './route.ts';
import type {InputOf, OutputOf} from './schema.ts';

/** Settings of calls. A client, an endpoint and a single call may have them. */
export interface CallSettings {
  /** A number is `total`. Merged over the settings further out: the call's over the endpoint's, over the client's. */
  readonly timeout?: Timeout | undefined;
  /** Merged over the settings further out, as `timeout` is. */
  readonly retry?: Retry | undefined;
  /** Replaces the settings further out. A string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
}

/** Options of a call beside the endpoint's parameters. */
export interface CallExtras extends CallSettings, TransferOptions, NativeInit, ForeignInit {
  readonly signal?: AbortSignal | null | undefined;
  readonly redirect?: Redirect | undefined;
  /** Trace listeners, beside the session's. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** The same options for an endpoint without a schema of its headers. */
export interface CallExtrasAndHeaders extends CallExtras {
  /** Laid over the headers of the session and the client. `undefined` removes a header. */
  readonly headers?: HeadersInput | undefined;
}

// `unknown` adds nothing to an intersection.
type PathInput<Path extends string, Schema> = [ParameterNames<Path>] extends [never]
  ? unknown
  : {
      readonly path: {
        readonly [Name in ParameterNames<Path>]: Schema extends StandardSchema
          ? Name extends keyof InputOf<Schema>
            ? NonNullable<InputOf<Schema>[Name]>
            : PathValue
          : PathValue;
      };
    };

/** A member that is optional when all of its own members are optional. */
type Group<Name extends string, Value> =
  Partial<Value> extends Value
    ? {readonly [Key in Name]?: Value | undefined}
    : {readonly [Key in Name]: Value};

type QueryInput<Schema> = Schema extends StandardSchema ? Group<'query', InputOf<Schema>> : unknown;

type HeaderRecord = {readonly [name: string]: string | number | undefined};

type OwnHeaders<Schema> = Schema extends StandardSchema
  ? CallExtras & Group<'headers', InputOf<Schema> & HeaderRecord>
  : CallExtrasAndHeaders;

type BodyOf<Body> = Body extends BodyContent<infer Input> ? Input : InputOf<Body>;

type BodyInput<Body> = undefined extends Body
  ? unknown
  : undefined extends BodyOf<Body>
    ? {readonly body?: BodyOf<Body>}
    : {readonly body: BodyOf<Body>};

/** Makes editors show an intersection as one object. */
type Call<Parts> = {[Name in keyof Parts]: Parts[Name]};

/** The argument of a call. */
export type CallInput<Path extends string, PathSchema, Query, Headers, Body> = Call<
  PathInput<Path, PathSchema> & QueryInput<Query> & BodyInput<Body> & OwnHeaders<Headers>
>;

/** The argument of a call, whose parts schemas describe at compile time only. */
export interface LooseInput extends CallExtras {
  readonly path?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: object | undefined;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** The data that a call resolves to. */
export type DataOf<Response> =
  Response extends ResponseContent<infer Output, unknown>
    ? Output
    : Response extends StandardSchema
      ? OutputOf<Response>
      : undefined;

/** The data that a call resolves to where the client trusts the server. */
export type TrustedDataOf<Response> =
  Response extends ResponseContent<unknown, infer Trusted>
    ? Trusted
    : Response extends StandardSchema
      ? InputOf<Response>
      : undefined;

/** The argument list of a call. The argument is optional when all of its members are optional. */
export type Arguments<Input> = Partial<Input> extends Input ? [input?: Input] : [input: Input];

/** The data of a call, and its response, whose body has been read. */
export interface WithResponse<Data> {
  readonly data: Data;
  readonly response: Response;
}

/** The method of a client for one endpoint. */
export interface EndpointMethod<Input, Data, Failure> {
  /**
   * Sends the request, and reads the response.
   *
   * @throws HTTPError for a status other than success, see {@link EndpointMethod.isError}; SchemaError for a value that
   * doesn't fit its schema; TypeError for a parameter that can't be sent; and everything that `session.fetch` throws
   */
  (...input: Arguments<Input>): Promise<Data>;
  /** Returns the response beside the data, for its status and headers. */
  withResponse(...input: Arguments<Input>): Promise<WithResponse<Data>>;
  /** Returns the response with any status, undecoded. Read its body, or cancel it. */
  raw(...input: Arguments<Input>): Promise<Response>;
  /** Whether an error is one that the endpoint declares, with data that fits. Its `status` then tells the type of `data`. */
  isError(error: unknown): error is Failure;
}
