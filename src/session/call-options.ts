import type {Hooks as KyHooks, Options as KyInit} from 'ky';
import type {RequestBody} from '../core/body.ts';
import type {Lifetime} from '../core/call-lifetime.ts';
import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {NativeInit} from '../core/native-init.ts';
import {nativeMembers} from '../core/native-init.ts';
import type {Redirect, Transfer} from '../core/request.ts';
import type {TraceListener} from '../core/trace.ts';
import type {RedactedRequest} from '../errors/index.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {Retry} from '../policies/retry.ts';
import {assertOption, checkFunction, checkKnown, isObject} from '../utils/check-options.ts';
import type {Timeout} from './timeouts.ts';
import type {TransferOptions} from './transfer.ts';

/** ky's hooks. There is no `beforeRetry`: ky doesn't retry here. */
export type Hooks = Omit<KyHooks, 'beforeRetry'>;

/** ky's options that a session takes as they are, for all calls or for one. They are the verbs': `fetch` is the standard's. */
export interface KyOptions
  extends Pick<KyInit, 'searchParams' | 'throwHttpErrors' | 'parseJson' | 'stringifyJson' | 'context'> {
  hooks?: Hooks | undefined;
}

/** Options of one call by verb: ky's, and the session's own. */
export interface CallOptions extends KyOptions, NativeInit, TransferOptions, Pick<KyInit, 'json'> {
  /** Laid over the session's. */
  readonly headers?: HeadersInput | undefined;
  /** What is sent; `json` instead of it writes JSON. */
  readonly body?: RequestBody | null | undefined;
  /**
   * Whether a redirect is followed (Fetch, "redirect mode").
   *
   * @default 'follow'
   */
  readonly redirect?: Redirect | undefined;
  /** Ends the call, the reading of its response included; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | null | undefined;
  /** A number is `total`; laid over the session's. */
  readonly timeout?: Timeout | undefined;
  /** Laid over the session's. */
  readonly retry?: Retry | undefined;
  /** Instead of the session's; a string is the key itself. */
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** Listeners beside the session's. */
  readonly trace?: readonly TraceListener[] | undefined;
}

const knownCallOptions = new Set<string>([
  ...nativeMembers,
  'body',
  'context',
  // What sends streams wants it said; there is one value only.
  'duplex',
  'expectContinue',
  'headers',
  'hooks',
  'idempotencyKey',
  'json',
  'maxResponseSize',
  'onDownloadProgress',
  'onUploadProgress',
  'parseJson',
  'redirect',
  'retry',
  'searchParams',
  'signal',
  'stringifyJson',
  'throwHttpErrors',
  'timeout',
  'trace',
]);

type NotOfReads =
  | 'body'
  | 'json'
  | 'idempotencyKey'
  | 'onDownloadProgress'
  | 'onUploadProgress'
  | 'parseJson'
  | 'stringifyJson'
  | 'throwHttpErrors';

/** Options of a verb, for GETs whose responses are read for the caller. */
export type ReadOptions = Omit<CallOptions, NotOfReads>;

/**
 * Refuses what is neither one of a reader's own options nor one of {@link ReadOptions}.
 *
 * @param without - those of {@link ReadOptions} that it doesn't take
 */
export function checkReadOptions(
  where: string,
  options: object,
  own: readonly string[],
  without: readonly string[] = [],
): void {
  const notOfReads: ReadonlyArray<NotOfReads | 'duplex' | 'expectContinue'> = [
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
  ];
  const refused: readonly string[] = [...notOfReads, ...without];
  checkKnown(where, options, [...own, ...[...knownCallOptions].filter((name) => !refused.includes(name))]);
}

/** What is known of a call when it begins. */
export interface CallStart extends RedactedRequest {
  readonly signal: AbortSignal | null | undefined;
  readonly timeout: Timeout | undefined;
  readonly retry: Retry | undefined;
  readonly idempotencyKey: IdempotencyKey | undefined;
  readonly trace: readonly TraceListener[] | undefined;
}

/** One call as the session sends it. */
export interface OutgoingCall extends CallStart {
  /** Complete: the session's defaults are in it. */
  readonly headers: HeaderList;
  readonly body: RequestBody | null;
  readonly redirect: Redirect;
  readonly native: NativeInit | undefined;
  readonly transfer: Transfer | undefined;
}

/** What the verbs need of their session. */
export interface VerbsHost {
  readonly options: KyOptions;
  /** Those of the session and of the ones it descends from. */
  readonly searchParams: ReadonlyArray<KyOptions['searchParams']>;
  resolveUrl(input: string | URL): string;
  /** The session's default headers with those of a call over them. */
  headersOf(headers: HeadersInput | undefined): HeaderList;
  /** What a call has of these over the session's, checked. */
  transferOf(options: TransferOptions): Transfer | undefined;
  begin(call: CallStart): Lifetime;
  send(call: OutgoingCall, lifetime: Lifetime): Promise<Response>;
}

/** The hooks of both, those of `first` first; `undefined` when there is none. */
export function mergeHooks(first: Hooks | undefined, second: Hooks | undefined): Hooks | undefined {
  if (!first || !second) return first ?? second;
  const merged: Record<string, unknown[]> = {};
  for (const hooks of [first, second]) {
    for (const [name, list] of Object.entries(hooks))
      merged[name] = [...(merged[name] ?? []), ...(list ?? [])];
  }
  return merged as unknown as Hooks;
}

/**
 * @throws InvalidOptionError, UnsupportedOptionError when an option of a call is unknown, or not what it may be
 */
export function checkCallOptions(options: CallOptions): void {
  checkKnown('a call', options, knownCallOptions, '');
  checkKyOptions(options);
}

const knownHooks = new Set(['init', 'beforeRequest', 'beforeError', 'afterResponse']);

/**
 * @throws InvalidOptionError, UnsupportedOptionError when one of ky's options is not what it may be
 */
export function checkKyOptions(options: KyOptions): void {
  const {hooks, searchParams, throwHttpErrors, parseJson, stringifyJson, context} = options;
  if (hooks !== undefined) checkHooks(hooks);
  assertOption(
    searchParams === undefined || typeof searchParams === 'string' || isObject(searchParams),
    'searchParams',
    searchParams,
    'a string, an object, pairs, or URLSearchParams',
  );
  assertOption(
    throwHttpErrors === undefined ||
      typeof throwHttpErrors === 'boolean' ||
      typeof throwHttpErrors === 'function',
    'throwHttpErrors',
    throwHttpErrors,
    'true, false, or a function of the status',
  );
  checkFunction('parseJson', parseJson);
  checkFunction('stringifyJson', stringifyJson);
  assertOption(context === undefined || isRecord(context), 'context', context, 'an object');
}

function isRecord(value: unknown): boolean {
  return isObject(value) && !Array.isArray(value);
}

function checkHooks(hooks: Hooks): void {
  assertOption(isRecord(hooks), 'hooks', hooks, 'an object of lists of functions');
  const given = withoutUndefined(hooks);
  checkKnown('hooks', given, knownHooks);
  for (const [name, list] of Object.entries(given)) {
    const option = `hooks.${name}`;
    assertOption(Array.isArray(list), option, list, 'a list of functions');
    for (const hook of list) assertOption(typeof hook === 'function', option, hook, 'a function');
  }
}

function withoutUndefined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
