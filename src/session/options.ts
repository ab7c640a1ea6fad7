import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {Policy} from '../core/policy.ts';
import type {TraceListener} from '../core/trace.ts';
import {checkTrace} from '../core/trace.ts';
import {InvalidOptionError} from '../errors/index.ts';
import type {Auth} from '../policies/auth/index.ts';
import type {IdempotencyKey} from '../policies/idempotency-key.ts';
import type {RateLimit} from '../policies/rate-limit/index.ts';
import type {Retry} from '../policies/retry.ts';
import {assertOption, checkKnown, isObject} from '../utils/check-options.ts';
import type {KyOptions} from './call-options.ts';
import {checkKyOptions} from './call-options.ts';
import type {Timeout} from './timeouts.ts';
import type {TransferOptions} from './transfer.ts';

/** Options of `createSession`. ky's own are taken too: `hooks`, `searchParams`, `throwHttpErrors`, `parseJson`, `stringifyJson`, `context`. */
export interface SessionOptions extends KyOptions, Pick<TransferOptions, 'maxResponseSize'> {
  /** What relative URLs are resolved on, as a browser does: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Sent with every request; a call's own go before them, and `undefined` there takes one away. */
  readonly headers?: HeadersInput | undefined;
  /** Sent to the origin of `baseUrl` only, and never where a redirect leads elsewhere. A call's own `Authorization` goes before it. */
  readonly auth?: Auth | undefined;
  /** Options of this runtime's default connector, or a connector. One that is given is not closed with the session. */
  readonly connector?: Connector | ConnectorOptions | undefined;
  /**
   * A number is `total`.
   *
   * @default {read: 30_000}
   */
  readonly timeout?: Timeout | undefined;
  /**
   * When a failed attempt is followed by another; a number is how many may be, `false`: none.
   *
   * @default {retries: 2}
   */
  readonly retry?: Retry | undefined;
  /**
   * What is sent as `Idempotency-Key`, the same over all attempts at a call, which makes a POST one that can be
   * retried: `true` for a random one, or a function that makes one.
   *
   * @default false
   */
  readonly idempotencyKey?: Exclude<IdempotencyKey, string> | undefined;
  /** How many requests may be sent in which time; several limits hold together. */
  readonly rateLimit?: RateLimit | readonly RateLimit[] | undefined;
  /** Wrapped around every attempt; the first is the outermost. */
  readonly policies?: readonly Policy[] | undefined;
  /** Told what becomes of every call. Without any, nothing of that is made. */
  readonly trace?: readonly TraceListener[] | undefined;
}

/** What a child session may set of its own; the rest is its parent's. */
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
 * Checks what is not checked where it is used.
 *
 * @throws InvalidOptionError, UnsupportedOptionError
 */
export function checkOptions(options: SessionOptions): void {
  assertOption(isObject(options), 'options', options, 'an object');
  checkKnown('createSession', options, knownOptions, '');
  checkKyOptions(options);
  checkTrace(options.trace);
  const {policies} = options;
  if (policies === undefined) return;
  assertOption(Array.isArray(policies), 'policies', policies, 'a list of functions');
  for (const policy of policies) {
    assertOption(typeof policy === 'function', 'policies', policy, 'functions of the next handler');
  }
}

const connectorMethods = ['fetch', 'stats', 'close', 'destroy'] as const;

/** Whether it is a connector, and not the options of one. */
export function isConnector(value: Connector | ConnectorOptions | undefined): value is Connector {
  if (value === undefined) return false;
  assertOption(isObject(value), 'connector', value, 'a connector, or options of one');
  if (!('fetch' in value)) return false;
  const {name, capabilities} = value;
  const isComplete =
    typeof name === 'string' &&
    isObject(capabilities) &&
    connectorMethods.every((method) => typeof value[method] === 'function');
  assertOption(
    isComplete,
    'connector',
    value,
    `options, or an object with name, capabilities, ${connectorMethods.join(', ')}`,
  );
  return true;
}

const allowedBase =
  'an absolute http: or https: URL without credentials, or in a browser one relative to the page';

export function checkBaseUrl(baseUrl: string | URL | undefined): URL | undefined {
  if (baseUrl === undefined) return undefined;
  let url: URL | undefined;
  try {
    url = new URL(baseUrl, globalThis.location?.href);
  } catch {
    // Told below.
  }
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  const text = String(baseUrl);
  // It may be a password that is in the way.
  throw new InvalidOptionError(
    'baseUrl',
    text.includes('@') ? new Error('it has an "@"') : text,
    allowedBase,
  );
}

/** Headers over those there are. */
export function mergeHeaders(base: HeaderList, headers: HeadersInput | undefined): HeaderList {
  const list = base.copy();
  if (headers === undefined) return list;
  try {
    list.merge(headers);
  } catch (error) {
    throw new InvalidOptionError('headers', error, 'names and values that HTTP can carry');
  }
  return list;
}
