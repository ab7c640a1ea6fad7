import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {Policy} from '../core/policy.ts';
import type {TraceListener} from '../core/trace.ts';
import type {Auth} from '../policies/auth/index.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {RateLimit} from '../policies/rate-limit/index.ts';
import type {Retry} from '../policies/retry.ts';
import type {TransferOptions} from '../policies/transfer.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {KyOptions} from './call-options.ts';
import {checkResponseOptions} from './call-options.ts';
import {checkHookOptions} from './hooks.ts';
import type {Timeout} from './timeouts.ts';

/**
 * Options of `createSession`. It also takes ky's `hooks`, `searchParams`, `throwHttpErrors`, `parseJson`,
 * `stringifyJson` and `context`.
 */
export interface SessionOptions extends KyOptions, Pick<TransferOptions, 'maxResponseSize'> {
  /** The URL that relative URLs are resolved on, as in a browser: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Sent with every request. The headers of a call replace them, and `undefined` there removes one. */
  readonly headers?: HeadersInput | undefined;
  /**
   * The credentials that requests are signed with. They are sent to the origin of `baseUrl` only, and to no other origin
   * that a redirect leads to. An `Authorization` header of a call replaces them.
   */
  readonly auth?: Auth | undefined;
  /**
   * Options of this runtime's default connector, or a connector. A connector that is given is not closed with the
   * session.
   */
  readonly connector?: Connector | ConnectorOptions | undefined;
  /**
   * A number means `total`.
   *
   * @default {read: 30_000}
   */
  readonly timeout?: Timeout | undefined;
  /**
   * When a failed attempt is followed by another. A number is the most retries; `false` means none. A retry policy among
   * `policies` replaces the default.
   *
   * @default {retries: 2}
   */
  readonly retry?: Retry | undefined;
  /**
   * The `Idempotency-Key` header, the same over all attempts of a call, which allows a POST to be retried: `true` for a
   * random key, or a function that makes one.
   *
   * @default false
   */
  readonly idempotencyKey?: Exclude<IdempotencyKey, string> | undefined;
  /** How many requests may be sent in how much time. Several limits hold together. */
  readonly rateLimit?: RateLimit | readonly RateLimit[] | undefined;
  /** Wrapped around every attempt. The first is the outermost. */
  readonly policies?: readonly Policy[] | undefined;
  /** Notified of everything that happens to every call. Without listeners, no events are made. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** The options that a child session may set. It has its parent's connector. */
export type ExtendOptions = Omit<SessionOptions, 'connector'>;

const knownOptions = new Set([
  'baseUrl',
  'headers',
  'auth',
  'connector',
  'timeout',
  'retry',
  'idempotencyKey',
  'maxResponseSize',
  'rateLimit',
  'policies',
  'trace',
  'hooks',
  'searchParams',
  'throwHttpErrors',
  'parseJson',
  'stringifyJson',
  'context',
]);

/**
 * Checks the options that no policy, no connector and no other part checks.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function checkSessionOptions(options: SessionOptions): void {
  assertOption(isObject(options), 'options', options, 'an object');
  checkKnown('createSession', options, knownOptions, '');
  checkResponseOptions(options);
  checkHookOptions(options);
}
