import type {BegunLifetime} from './call-lifetime.ts';
import type {Connector} from './connector.ts';
import type {ConnectorRequest} from './request.ts';

/** Sends a request: the rest of the way to the connector, from the point of view of one policy. */
export type Handler = (request: ConnectorRequest) => Promise<Response>;

/** What a policy may use of the session that it is given to. A session made by `extend` hands on its parent's. */
export interface PolicyContext {
  /** The session's `baseUrl`, without credentials. */
  readonly baseUrl: URL | undefined;
  readonly connector: Connector;
  /**
   * Begins work of the policy's own, as the refresh of a token. `session.close()` waits for it and `session.destroy()`
   * aborts it. The policy ends it with `end()`.
   */
  begin(): BegunLifetime;
}

/**
 * Checks the value that a call gives for an option. The policy finds the returned value in `request.options`.
 *
 * @throws InvalidOptionError, UnsupportedOptionError; the call then rejects before anything is sent
 */
export type CallOptionCheck<Value> = (value: Value, context: PolicyContext) => unknown;

/**
 * A step on the way of every request, between the session and its connector. `Options` are the options that calls may
 * give to it: every call of `fetch`, of a verb or of a typed client accepts them, and no other file has to know them.
 *
 * @example
 * ```ts
 * import type {Policy} from 'aiofetch';
 * import {createSession} from 'aiofetch';
 *
 * const tenantPolicy: Policy<{tenant?: string}> = {
 *   name: 'tenant',
 *   callOptions: {tenant: (value) => String(value).toLowerCase()},
 *   wrap: (next) => (request) => {
 *     const {tenant} = request.options;
 *     if (typeof tenant === 'string') request.headers.set('x-tenant', tenant);
 *     return next(request);
 *   },
 * };
 * await using session = createSession({policies: [tenantPolicy]});
 * await session.get('https://api.example.com/users', {tenant: 'ACME'}).json();
 * ```
 */
export interface PolicyDefinition<Options extends object = object> {
  /** Shown in error messages. */
  readonly name: string;
  /** A check for each option that a call may give to this policy. */
  readonly callOptions?:
    | {readonly [Name in keyof Options]-?: CallOptionCheck<Exclude<Options[Name], undefined>>}
    | undefined;
  /**
   * The handler of {@link wrap} rejects at once when the call is aborted. The session then needs no promise of its own
   * that does.
   *
   * @default false
   */
  readonly rejectsOnAbort?: boolean | undefined;
  /** Called when a call begins, before anything of it is waited for. What it throws, the call rejects with. */
  onCall?(request: ConnectorRequest, context: PolicyContext): void;
  /** Called once by each session. Returns the handler that every attempt of a call goes through. */
  wrap(next: Handler, context: PolicyContext): Handler;
}

/**
 * A policy: a {@link PolicyDefinition}, or a function of the next handler for one without options. In a list of
 * policies, the first is the outermost.
 */
export type Policy<Options extends object = object> =
  | PolicyDefinition<Options>
  | ((next: Handler) => Handler);

type OptionsOf<One> =
  Extract<One, {wrap: unknown}> extends PolicyDefinition<infer Options> ? Options : unknown;

/** The options of calls that a list of policies adds. */
export type CallOptionsOf<Policies extends readonly unknown[]> = Policies extends readonly [
  infer First,
  ...infer Rest,
]
  ? OptionsOf<First> & CallOptionsOf<Rest>
  : unknown;

/** Wraps a handler in a policy. */
export function applyPolicy(policy: Policy, next: Handler, context: PolicyContext): Handler {
  return typeof policy === 'function' ? policy(next) : policy.wrap(next, context);
}

/** The same policy, which keeps `context` when a child session passes its own. */
export function bindPolicy(policy: Policy, context: PolicyContext): Policy {
  if (typeof policy === 'function') return policy;
  const bound: PolicyDefinition = {...policy, wrap: (next) => policy.wrap(next, context)};
  if (policy.onCall) bound.onCall = (request) => policy.onCall?.(request, context);
  return bound;
}
