import type {Hooks as KyHooks, Options as KyInit} from 'ky';
import type {RequestBody} from '../core/body.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {ForeignInit, NativeInit} from '../core/native-init.ts';
import {foreignMembers, nativeMembers} from '../core/native-init.ts';
import type {Redirect} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {Retry} from '../policies/retry/options.ts';
import type {TransferOptions} from '../policies/transfer.ts';
import {assertOption, checkFunction, checkKnown, isObject} from '../utils/check-options.ts';
import {fetchMetadataOf} from './fetch-metadata.ts';
import type {Timeout} from './timeouts.ts';

/** ky's hooks. `beforeRetry` is missing, because ky's own retry is off. */
export type Hooks = Omit<KyHooks, 'beforeRetry'>;

/** ky's options about the query and about the handling of responses, for all calls by verb or for one. */
export interface ResponseOptions
  extends Pick<KyInit, 'searchParams' | 'throwHttpErrors' | 'parseJson' | 'stringifyJson'> {}

/** ky's options that a session takes, for all calls by verb or for one. `session.fetch` takes none of them, as in the standard. */
export interface KyOptions extends ResponseOptions, Pick<KyInit, 'context'> {
  /** ky's hooks. Only calls with hooks go through ky. */
  hooks?: Hooks | undefined;
}

/** Options of a call by verb, in every session with verbs. */
export interface VerbOptions extends ResponseOptions, NativeInit, ForeignInit, Pick<KyInit, 'json'> {
  /** Merged into the session's. `undefined` removes a header. */
  readonly headers?: HeadersInput | undefined;
  /** The body to send. Give `json` instead to send JSON. */
  readonly body?: RequestBody | null | undefined;
  /**
   * What happens to redirects (Fetch, "redirect mode").
   *
   * @default 'follow'
   */
  readonly redirect?: Redirect | undefined;
  /** Aborts the call, and the reading of its response. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal | null | undefined;
  /** Merged into the session's. A number means `total`. */
  readonly timeout?: Timeout | undefined;
}

/** Options of calls that the policies of every session of `createSession` take. */
export interface PolicyCallOptions extends TransferOptions {
  /** Merged into the session's. With `true` or settings, `session.fetch` retries as verbs do. */
  readonly retry?: Retry | undefined;
  /** Replaces the session's. A string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** Listeners in addition to the session's. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** Options of one call by verb: ky's, and the session's own. */
export interface CallOptions extends VerbOptions, PolicyCallOptions, KyOptions {}

// The list is a call without side effects rather than a spread, because bundlers don't leave out an unused spread.
/** Names of the options that every verb takes. The session adds those of its policies. */
export const verbOptionNames: readonly string[] = /* @__PURE__ */ (nativeMembers as readonly string[]).concat(
  [
    'body',
    // Runtimes that send streams demand this member. Its only value is 'half'.
    'duplex',
    'headers',
    'json',
    'parseJson',
    'redirect',
    'searchParams',
    'signal',
    'stringifyJson',
    'throwHttpErrors',
    'timeout',
  ],
);

/** Names of the options that verbs with hooks take in addition. */
export const hookOptionNames: readonly string[] = ['context', 'hooks'];

const notOfReads = [
  'body',
  'duplex',
  'expectContinue',
  'idempotencyKey',
  'json',
  'onDownloadProgress',
  'onUploadProgress',
  'parseJson',
  'stringifyJson',
  'throwHttpErrors',
] as const;

/** Options of a verb, for functions that send a GET and read the response for the caller. */
export type ReadOptions = Omit<CallOptions, (typeof notOfReads)[number]>;

/**
 * Refuses options that are neither a reader's own nor {@link ReadOptions}.
 *
 * @param session - the session whose calls the options are for
 * @param own - names of the reader's own options
 * @param without - names of {@link ReadOptions} that the reader doesn't take
 * @throws UnsupportedOptionError
 */
export function checkReadOptions(
  where: string,
  options: object,
  session: {readonly fetch: object},
  own: readonly string[],
  without: readonly string[] = [],
): void {
  const refused: readonly string[] = [...notOfReads, ...without];
  const ofPolicies = fetchMetadataOf(session.fetch)?.callOptions ?? [];
  const ofCalls = [...verbOptionNames, ...foreignMembers, ...hookOptionNames, ...ofPolicies];
  const known = new Set([...own, ...ofCalls.filter((name) => !refused.includes(name))]);
  checkKnown(where, options, known);
}

/**
 * @throws InvalidOptionError for a value that is not allowed
 */
export function checkResponseOptions(options: ResponseOptions): void {
  const {searchParams, throwHttpErrors, parseJson, stringifyJson} = options;
  assertOption(
    searchParams === undefined || typeof searchParams === 'string' || isObject(searchParams),
    'searchParams',
    searchParams,
    'a string, an object or pairs',
  );
  assertOption(
    throwHttpErrors === undefined ||
      typeof throwHttpErrors === 'boolean' ||
      typeof throwHttpErrors === 'function',
    'throwHttpErrors',
    throwHttpErrors,
    'a boolean or a function',
  );
  checkFunction('parseJson', parseJson);
  checkFunction('stringifyJson', stringifyJson);
}
