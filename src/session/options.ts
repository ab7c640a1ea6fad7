import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {Policy} from '../core/policy.ts';
import type {TraceListener} from '../core/trace.ts';
import type {Auth} from '../policies/auth/index.ts';
import type {CookieJar} from '../policies/cookies/types.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {RateLimit} from '../policies/rate-limit/index.ts';
import type {Retry} from '../policies/retry/options.ts';
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
  /** Relative URLs are resolved on this URL, as in a browser: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Headers of every request. A header of a call replaces one of the session, and `undefined` removes it. */
  readonly headers?: HeadersInput | undefined;
  /**
   * The credentials that requests are signed with. They are sent only to the origin of `baseUrl`, never to another origin
   * that a redirect leads to. An `Authorization` header of a call replaces them.
   */
  readonly auth?: Auth | undefined;
  /**
   * Sends and stores cookies: `true` for a jar of the session's own, or a jar that `cookieJar()` of `aiofetch/cookies` made.
   * A child session has the jar of its parent; `false` gives it none. `true` needs Node, Deno or Bun and loads
   * `aiofetch/cookies` when the first request is made. In pages the option is refused: the browser has a jar of its own, and
   * the `credentials` of a call decide on it.
   *
   * @default false
   */
  readonly cookies?: boolean | CookieJar | undefined;
  /**
   * Options of this runtime's default connector, or a connector. The session doesn't close a connector that it was given.
   */
  readonly connector?: Connector | ConnectorOptions | undefined;
  /**
   * Timeouts of every call, in ms. A number means `total`.
   *
   * @default {read: 300_000}
   */
  readonly timeout?: Timeout | undefined;
  /**
   * Decides which failed attempts are retried. A number is the most retries, `false` means none, and `true` means the
   * default. A retry policy among `policies` replaces the default. If the option is not given, the default holds for verbs,
   * typed clients and downloads, and for calls of `session.fetch` that give `retry`.
   *
   * @default {retries: 2}
   */
  readonly retry?: Retry | undefined;
  /**
   * Sets the `Idempotency-Key` header, the same in all attempts of a call, so that a POST can be retried. `true` means a
   * random key. A function makes the key of each call.
   *
   * @default false
   */
  readonly idempotencyKey?: Exclude<IdempotencyKey, string> | undefined;
  /** The most requests in a time. All limits of a list apply together. */
  readonly rateLimit?: RateLimit | readonly RateLimit[] | undefined;
  /** Policies that every attempt goes through. The first is the outermost. */
  readonly policies?: readonly Policy[] | undefined;
  /** Listeners that are notified of the events of every call. Without listeners, no events are made. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** The options of a child session. It has no `connector` option, because it shares its parent's connector. */
export type ExtendOptions = Omit<SessionOptions, 'connector'>;

const knownOptions = [
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
];

/**
 * Checks the names of all options, and the values that no policy, no connector and no other part checks.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
 */
export function checkSessionOptions(options: SessionOptions): void {
  assertOption(isObject(options), 'options', options, 'an object');
  checkKnown('createSession', options, knownOptions, '');
  checkResponseOptions(options);
  checkHookOptions(options);
}
