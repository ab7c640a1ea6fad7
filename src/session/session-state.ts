import {Calls} from '#calls';
import {Lifetime} from '../core/call-lifetime.ts';
import type {Connector} from '../core/connector.ts';
import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {Platform} from '../core/platform.ts';
import type {CallOptionCheck, Handler, Policy, PolicyContext, PolicyDefinition} from '../core/policy.ts';
import {bindPolicy} from '../core/policy.ts';
import type {ConnectorRequest} from '../core/request.ts';
import {lifetimeOf} from '../core/request.ts';
import {checkBaseUrl, mergeHeaders} from './check-parts.ts';
import type {Timeout, Timeouts} from './timeouts.ts';
import {defaultTimeouts, mergeTimeouts} from './timeouts.ts';

/** The parts that a session is made of. */
export interface SessionParts {
  readonly baseUrl?: string | URL | undefined;
  readonly headers?: HeadersInput | undefined;
  readonly connector: Connector;
  /** Whether the connector was made for this session. Such a connector is closed with the session. */
  readonly ownsConnector: boolean;
  readonly timeout?: Timeout | undefined;
  readonly policies: readonly Policy[];
  readonly platform: Platform;
  readonly parent?: SessionState | undefined;
  /** Whether `fetch` uses the session's retries only for calls that ask for them, by `retry: true` or their own settings. */
  readonly retriesWhenAsked?: boolean | undefined;
}

/** The settled options of a session, which are made once, and its running calls and totals. */
export interface SessionState {
  readonly baseUrl: URL | undefined;
  readonly headers: HeaderList;
  readonly connector: Connector;
  readonly ownsConnector: boolean;
  readonly platform: Platform;
  readonly timeouts: Timeouts;
  /** Bound to this session, so that a child which inherits them sends credentials to the same origin. */
  readonly policies: readonly PolicyDefinition[];
  readonly context: PolicyContext;
  /** Sends a request through all policies to the connector. */
  readonly handler: Handler;
  /** The checks of the options of a call, with the option's name. Several policies may check the same option. */
  readonly checks: ReadonlyArray<readonly [name: string, check: CallOptionCheck<never>]>;
  /** The `onCall` functions of the policies. */
  readonly starters: ReadonlyArray<(request: ConnectorRequest, context: PolicyContext) => void>;
  /** Whether a policy may ignore an abort, so that the session has to reject the call itself. */
  readonly mustRejectAborted: boolean;
  readonly calls: Calls;
  readonly totals: {requests: number; attempts: number; retries: number; errors: number};
  /** Called when a call has ended. All calls share one function, which saves a closure for each. */
  readonly endCall: (lifetime: Lifetime) => void;
}

/**
 * Checks the parts and settles the options of a session.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an option that the connector can't
 * honour
 */
export function createState(parts: SessionParts): SessionState {
  const {connector, parent} = parts;
  const baseUrl = checkBaseUrl(parts.baseUrl);
  const calls = new Calls(parent?.calls);
  const totals = {requests: 0, attempts: 0, retries: 0, errors: 0};
  const context: PolicyContext = {
    baseUrl,
    connector,
    begin() {
      const lifetime = new Lifetime();
      lifetime.atEnd = () => calls.checkIdle();
      calls.add(lifetime);
      return lifetime;
    },
  };
  const policies = parts.policies.map((policy) => bindPolicy(policy, context));
  const attempt = attemptOn(connector, totals);
  return {
    baseUrl,
    headers: mergeHeaders(parts.platform.headersFrom(undefined), parts.headers),
    connector,
    ownsConnector: parts.ownsConnector,
    platform: parts.platform,
    timeouts: mergeTimeouts(parent?.timeouts ?? defaultTimeouts, parts.timeout, connector),
    policies,
    context,
    handler: policies.reduceRight(
      (next, policy, index) => policy.wrap(next, context, policies.slice(index + 1)),
      attempt,
    ),
    checks: policies.flatMap(({callOptions}) => Object.entries({...callOptions})),
    starters: policies.flatMap(({onCall}) => onCall ?? []),
    mustRejectAborted: policies.some(({rejectsOnAbort}) => !rejectsOnAbort),
    calls,
    totals,
    endCall(lifetime) {
      if (lifetime.failed) totals.errors++;
      lifetime.trace?.ended(lifetime.failed, lifetime.reason);
      calls.checkIdle();
    },
  };
}

/** The innermost handler, which counts an attempt and passes it to the connector. */
function attemptOn(connector: Connector, totals: SessionState['totals']): Handler {
  return (request) => {
    const lifetime = lifetimeOf(request);
    if (lifetime.isAborted) return Promise.reject(lifetime.reason);
    totals.attempts++;
    request.attempt = ++lifetime.attempts;
    if (request.attempt > 1) totals.retries++;
    const {trace, sender = connector} = lifetime;
    return trace ? trace.send(request, sender) : sender.fetch(request);
  };
}
