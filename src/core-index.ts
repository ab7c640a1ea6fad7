/**
 * The core of the package: a session that has only the parts that it is given. For programs whose bundle must be small.
 *
 * @module
 */
import {corePlatform} from '#connector';
import type {Policy} from './core/policy.ts';
import type {CoreSessionOf, CoreSessionOptions} from './session/create-core-session.ts';
import {createCoreSessionOn} from './session/create-core-session.ts';
import type {VerbsFactory} from './session/verbs.ts';

export {createConnector} from './connectors/base/create-connector.ts';
export type {ConnectorDefinition, UploadProgress} from './connectors/base/definition.ts';
export {adaptiveLimit} from './connectors/limits/adaptive-limit.ts';
export type {AbortListener, BegunLifetime, CallLifetime} from './core/call-lifetime.ts';
export type {Connector, ConnectorCapabilities, ConnectorOptions, ConnectorStats} from './core/connector.ts';
export type {
  CallOptionCheck,
  CallOptionsOf,
  Handler,
  Policy,
  PolicyContext,
  PolicyDefinition,
} from './core/policy.ts';
export type {ConnectorRequest} from './core/request.ts';
export {
  AiofetchError,
  CircuitOpenError,
  ConnectionError,
  HTTPError,
  InvalidOptionError,
  JsonError,
  RateLimitError,
  RedirectError,
  ResponseTooLargeError,
  SchemaError,
  SessionClosedError,
  TimeoutError,
  UnsupportedOptionError,
} from './errors/index.ts';
export {asCompleted, gather} from './gather/index.ts';
export {authPolicy} from './policies/auth/index.ts';
export {circuitBreakerPolicy} from './policies/circuit-breaker.ts';
export {hedgePolicy} from './policies/hedge/index.ts';
export {idempotencyKeyPolicy} from './policies/idempotency-key.ts';
export {rateLimitPolicy} from './policies/rate-limit/index.ts';
export {retryPolicy} from './policies/retry/index.ts';
export {singleFlightPolicy} from './policies/single-flight/index.ts';
export {tracePolicy} from './policies/trace.ts';
export {transferPolicy} from './policies/transfer.ts';
export type {CoreSession, CoreSessionOf, CoreSessionOptions} from './session/create-core-session.ts';
export type {SessionStats} from './session/session.ts';
export {verbs} from './session/verbs.ts';
export {verbsWithHooks} from './session/verbs-with-hooks.ts';

/**
 * Makes a session of the parts that it is given. Verbs, retries, rate limits, auth and trace are missing unless they are
 * listed, and a bundle then contains no code of them. `createSession` of `aiofetch` makes the same session of options.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option, and for an option
 * that the connector or the runtime can't honour
 *
 * @example
 * ```ts
 * import {authPolicy, createSession, retryPolicy, verbs} from 'aiofetch/core';
 *
 * await using session = createSession({
 *   baseUrl: 'https://api.example.com/v1/',
 *   verbs: verbs(),
 *   policies: [retryPolicy(), authPolicy({bearer: 'token'})],
 * });
 * const user = await session.get('users/1', {retry: 1}).json<{name: string}>();
 * ```
 */
export function createSession<
  const Policies extends readonly Policy[] = [],
  Factory extends VerbsFactory<never> | undefined = undefined,
>(options: CoreSessionOptions<Policies> & {readonly verbs?: Factory} = {}): CoreSessionOf<Policies, Factory> {
  return createCoreSessionOn(options, corePlatform) as CoreSessionOf<Policies, Factory>;
}
