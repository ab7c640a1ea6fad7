import {platform} from '#connector';
import type {CallOptionsOf, Policy} from './core/policy.ts';
import {createSessionOn} from './session/create-session.ts';
import type {SessionOptions} from './session/options.ts';
import type {Session} from './session/session.ts';

export * from './client/index.ts';
export {createConnector} from './connectors/base/create-connector.ts';
export type {ConnectorDefinition, UploadProgress} from './connectors/base/definition.ts';
export type {AdaptiveLimitOptions} from './connectors/limits/adaptive-limit.ts';
export {adaptiveLimit} from './connectors/limits/adaptive-limit.ts';
export type {RequestBody} from './core/body.ts';
export type {AbortListener, BegunLifetime, CallLifetime} from './core/call-lifetime.ts';
export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from './core/connector.ts';
export type {HeaderList, HeadersInput} from './core/header-list.ts';
export type {AdaptiveLimit, HostLimit, HostLimits, KnownHost, LimitSample} from './core/host-limit.ts';
export type {NativeInit} from './core/native-init.ts';
export type {
  CallOptionCheck,
  CallOptionsOf,
  Handler,
  Policy,
  PolicyContext,
  PolicyDefinition,
} from './core/policy.ts';
export type {ProgressListener} from './core/progress.ts';
export type {ConnectorRequest, RequestChanges, RequestTimeouts, Transfer} from './core/request.ts';
export type {
  ConnectionDetail,
  Trace,
  TraceCall,
  TracedRequest,
  TraceEvent,
  TraceEventBase,
  TraceListener,
  TraceSignals,
  TraceSubject,
} from './core/trace.ts';
export * from './download/index.ts';
export type {ErrorDetails, Phase, RedactedRequest} from './errors/index.ts';
export {
  AiofetchError,
  CircuitOpenError,
  ConnectionError,
  HTTPError,
  InvalidOptionError,
  JsonError,
  LineError,
  RateLimitError,
  RedirectError,
  ResponseTooLargeError,
  SchemaError,
  SessionClosedError,
  TimeoutError,
  UnsupportedOptionError,
} from './errors/index.ts';
export * from './event-source/index.ts';
export * from './gather/index.ts';
export type {ApiKeyOptions} from './policies/auth/api-key.ts';
export {apiKey} from './policies/auth/api-key.ts';
export {AuthError} from './policies/auth/error.ts';
export type {Auth, AuthContext, AuthScheme, Credential} from './policies/auth/index.ts';
export type {OAuth2ClientCredentialsOptions} from './policies/auth/oauth2.ts';
export {oauth2ClientCredentials} from './policies/auth/oauth2.ts';
export type {Token, TokenRequest, TokenSource, TokenSourceOptions} from './policies/auth/token-source.ts';
export {tokenSource} from './policies/auth/token-source.ts';
export type {BudgetOptions} from './policies/budget.ts';
export type {
  CircuitBreakerOptions,
  CircuitChange,
  CircuitOutcome,
  CircuitState,
} from './policies/circuit-breaker.ts';
export {circuitBreakerPolicy} from './policies/circuit-breaker.ts';
export type {HedgeOptions} from './policies/hedge/index.ts';
export {hedgePolicy} from './policies/hedge/index.ts';
export type {IdempotencyKey} from './policies/idempotency-key.ts';
export type {RateLimit, RateLimitQuota, RateLimitStore} from './policies/rate-limit/index.ts';
export {rateLimitPolicy} from './policies/rate-limit/index.ts';
export {retryPolicy} from './policies/retry/index.ts';
export type {Retry, RetryContext, RetryOptions} from './policies/retry/options.ts';
export type {SingleFlightOptions} from './policies/single-flight/index.ts';
export {singleFlightPolicy} from './policies/single-flight/index.ts';
export type {TransferOptions} from './policies/transfer.ts';
export type {CallOptions, Hooks, KyOptions} from './session/call-options.ts';
export type {FetchInit} from './session/fetch-call.ts';
export type {ExtendOptions, SessionOptions} from './session/options.ts';
export type {Session, SessionStats} from './session/session.ts';
export type {Timeout, TimeoutOptions} from './session/timeouts.ts';
export type {ResponsePromise, Verbs} from './session/verbs.ts';
export * from './streams/index.ts';
export type {CallLog, CallLogger, LogCallsOptions} from './tracing/log-calls.ts';
export {logCalls} from './tracing/log-calls.ts';
export type {AttemptTimings, CallTimings, PhaseTimings} from './tracing/timings.ts';
export {recordTimings, timings} from './tracing/timings.ts';

/**
 * Makes a session: a client with a lifetime, over a connector that owns the connections.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option, and for an option
 * that the connector or the runtime can't honour
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/v1/',
 *   connector: {limit: 100, limitPerHost: 20},
 *   timeout: {total: 60_000},
 * });
 * const user = await session.get('users/1').json<{name: string}>();
 * ```
 */
export function createSession<const Policies extends readonly Policy[] = []>(
  options: SessionOptions & {readonly policies?: Policies | undefined} = {},
): Session<CallOptionsOf<Policies>> {
  return createSessionOn(options, platform) as Session<CallOptionsOf<Policies>>;
}
