import type {HeadersInput} from '../core/header-list.ts';
import type {NativeInit} from '../core/native-init.ts';
import type {Redirect} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {Retry} from '../policies/retry.ts';
import type {Timeout} from '../session/timeouts.ts';
import type {TransferOptions} from '../session/transfer.ts';
import type {StandardSchema} from '../utils/standard-schema.ts';
import type {BodyContent, ResponseContent} from './content.ts';
import type {ParameterNames, PathValue} from './route.ts';
import type {InputOf, OutputOf} from './schema.ts';

/** What calls have of their own, wherever it's set: on the client, on an endpoint, on one call. */
export interface CallSettings {
  /** A number is `total`; laid over what is set further out. */
  readonly timeout?: Timeout | undefined;
  /** Laid over what is set further out. */
  readonly retry?: Retry | undefined;
  /** Instead of what is set further out; a string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
}

/** What any call of an endpoint may be given beside its parameters. */
export interface CallExtras extends CallSettings, TransferOptions, NativeInit {
  readonly signal?: AbortSignal | null | undefined;
  readonly redirect?: Redirect | undefined;
  /** Listeners beside the session's. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** The same, of an endpoint that has no schema of its headers. */
export interface CallExtrasAndHeaders extends CallExtras {
  /** Over those of the session and the client; `undefined` takes one away. */
  readonly headers?: HeadersInput | undefined;
}

/** `unknown` is the one that adds nothing to an intersection. */
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

/** Optional when all in it is. */
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

/** Shown as one object. */
type Call<Parts> = {[Name in keyof Parts]: Parts[Name]};

/** What a call of an endpoint is given. */
export type CallInput<Path extends string, PathSchema, Query, Headers, Body> = Call<
  PathInput<Path, PathSchema> & QueryInput<Query> & BodyInput<Body> & OwnHeaders<Headers>
>;

/** What a call comes to. */
export type DataOf<Response> =
  Response extends ResponseContent<infer Output, unknown>
    ? Output
    : Response extends StandardSchema
      ? OutputOf<Response>
      : undefined;

/** What a call comes to where the client trusts the server. */
export type TrustedDataOf<Response> =
  Response extends ResponseContent<unknown, infer Trusted>
    ? Trusted
    : Response extends StandardSchema
      ? InputOf<Response>
      : undefined;

/** The argument of a call, which may be left out when nothing in it has to be there. */
export type Arguments<Input> = Partial<Input> extends Input ? [input?: Input] : [input: Input];

/** What came back, and the response that it came in, whose body has been read. */
export interface WithResponse<Data> {
  readonly data: Data;
  readonly response: Response;
}

/** An endpoint of a client, to be called. */
export interface EndpointMethod<Input, Data, Failure> {
  /**
   * Sends the request, and reads the response.
   *
   * @throws HTTPError on a status that is no success, see {@link EndpointMethod.isError}; SchemaError when something does
   * not fit its schema; TypeError when a parameter can't be sent; and what `session.fetch` throws
   */
  (...input: Arguments<Input>): Promise<Data>;
  /** The same, with the response beside the data: for its status and headers. */
  withResponse(...input: Arguments<Input>): Promise<WithResponse<Data>>;
  /** The response as it is, whatever its status; read its body, or cancel it. */
  raw(...input: Arguments<Input>): Promise<Response>;
  /** Whether it is an error that the endpoint declares, with data that fits: `status` then tells which. */
  isError(error: unknown): error is Failure;
}
