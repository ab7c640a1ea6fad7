import type {BegunLifetime} from './call-lifetime.ts';
import type {Connector} from './connector.ts';
import type {ConnectorRequest} from './request.ts';

/** Sends a request. The handler that a policy gets sends it through the inner policies to the connector. */
export type Handler = (request: ConnectorRequest) => Promise<Response>;

/** The parts of a session that its policies may use. A policy that a child session inherits keeps the context of the parent. */
export interface PolicyContext {
  /** The session's `baseUrl`, without credentials. */
  readonly baseUrl: URL | undefined;
  readonly connector: Connector;
  /**
   * Begins work of the policy itself, for example the refresh of a token. `session.close()` waits for this work and
   * `session.destroy()` aborts it. The policy ends it with `end()`.
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
 * A step that every request takes between the session and its connector. `Options` are the options that calls may give to
 * this policy. Every call of `fetch`, of a verb and of a typed client accepts them, and no other file has to know them.
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
   * Whether the handler of {@link wrap} rejects at once when the call is aborted. If all policies do, the session needs no
   * promise of its own for that.
   *
   * @default false
   */
  readonly rejectsOnAbort?: boolean | undefined;
  /**
   * Whether requests that are the same before this policy are the same after it, credentials included. Not so for a policy
   * that signs for the user of each call. `singleFlightPolicy` shares no requests when a policy further in, in a list of
   * policies after it, doesn't say so.
   *
   * @default false
   */
  readonly isShareable?: boolean | undefined;
  /** Called synchronously when a call begins. If it throws, the call rejects with that error. */
  onCall?(request: ConnectorRequest, context: PolicyContext): void;
  /**
   * Called once by each session. Returns the handler for every request of the session.
   *
   * @param inner - the policies further in, which `next` leads through, the outermost first
   */
  wrap(next: Handler, context: PolicyContext, inner?: readonly PolicyDefinition[]): Handler;
}

/**
 * A policy: a {@link PolicyDefinition}, or, for a policy without options, a function of the next handler. In a list of
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

/** The same policy as a definition, which keeps `context` when a child session passes its own. */
export function bindPolicy(policy: Policy, context: PolicyContext): PolicyDefinition {
  const own: PolicyDefinition = typeof policy === 'function' ? {name: '', wrap: policy} : policy;
  // Member by member: a spread would lose those that a policy's class has on its prototype.
  const {name, callOptions, rejectsOnAbort, isShareable} = own;
  return {
    name,
    callOptions,
    rejectsOnAbort,
    isShareable,
    wrap: (next, _context, inner) => own.wrap(next, context, inner),
    ...(own.onCall && {onCall: (request) => own.onCall?.(request, context)}),
  };
}
