import {rootOptions} from '#root-options';
import type {HeaderList} from '../core/header-list.ts';
import type {Platform} from '../core/platform.ts';
import type {Policy, PolicyDefinition} from '../core/policy.ts';
import {lifetimeOf} from '../core/request.ts';
import {UnsupportedOptionError} from '../errors/index.ts';
import {authPolicy} from '../policies/auth/index.ts';
import {idempotencyKeyPolicy} from '../policies/idempotency-key.ts';
import {rateLimitPolicy} from '../policies/rate-limit/index.ts';
import {retryWith} from '../policies/retry/index.ts';
import type {RetrySettings} from '../policies/retry/options.ts';
import {defaultRetry, mergeRetry} from '../policies/retry/options.ts';
import {tracePolicy} from '../policies/trace.ts';
import {transferPolicy} from '../policies/transfer.ts';
import {buildSession} from './build-session.ts';
import {checkPolicies, isConnector, mergeHeaders} from './check-parts.ts';
import {mergeHooks} from './hooks.ts';
import {kyHooks} from './ky.ts';
import type {ExtendOptions, SessionOptions} from './options.ts';
import {checkSessionOptions} from './options.ts';
import type {Session} from './session.ts';
import type {SessionHost} from './session-host.ts';
import type {SessionParts} from './session-state.ts';
import {createVerbs} from './verbs.ts';
import type {VerbsSettings} from './verbs-settings.ts';

/** The settled options of a session, in the form in which its children inherit them. */
interface Settings {
  readonly options: SessionOptions;
  readonly headers: HeaderList;
  readonly retry: RetrySettings;
  /** Whether this session or a parent was given the `retry` option, which then holds for `session.fetch` too. */
  readonly asksForRetry: boolean;
  /** A child without its own rate limit shares the limit of its parent. */
  readonly rateLimit: Policy | undefined;
  /** Bound to the session that was given the credentials, because they are for the origin of that session. */
  readonly auth: Policy | undefined;
  readonly policies: readonly Policy[];
  readonly searchParams: VerbsSettings['searchParams'];
}

/** Makes the session of `createSession` on a platform. */
export function createSessionOn(given: SessionOptions, platform: Platform): Session {
  const options = rootOptions(given);
  checkSessionOptions(options);
  const {connector: own} = options;
  const ownsConnector = !isConnector(own);
  const settings: Settings = {
    options,
    headers: mergeHeaders(platform.headersFrom(undefined), options.headers),
    retry: mergeRetry(defaultRetry(), options.retry),
    asksForRetry: options.retry !== undefined,
    rateLimit: options.rateLimit === undefined ? undefined : rateLimitPolicy(options.rateLimit),
    auth: options.auth === undefined ? undefined : authPolicy(options.auth),
    policies: checkPolicies(options.policies ?? []),
    searchParams: mergeSearchParams([], options),
  };
  const connector = ownsConnector ? platform.defaultConnector(own) : own;
  return build(settings, options, {connector, ownsConnector, platform});
}

/**
 * Turns options into a list of policies, and makes the session.
 *
 * @param changes - the options of this session itself, without those of its parents
 */
function build(
  settings: Settings,
  changes: ExtendOptions,
  shared: Pick<SessionParts, 'connector' | 'ownsConnector' | 'platform' | 'parent'>,
): Session {
  const {options, retry, asksForRetry, rateLimit, auth, policies} = settings;
  const replaced = isReplaced(options.retry, policies);
  const before: Policy[] = [
    tracePolicy(options.trace),
    transferPolicy({maxResponseSize: options.maxResponseSize}),
    idempotencyKeyPolicy(options.idempotencyKey),
    ...(replaced ? [] : [retryWith(retry, !asksForRetry)]),
    ...(rateLimit ? [rateLimit] : []),
  ];
  const {session, host, state} = buildSession({
    baseUrl: options.baseUrl,
    headers: settings.headers,
    timeout: changes.timeout,
    policies: [...before, ...policies, ...(auth ? [auth] : [])],
    retriesWhenAsked: !asksForRetry && !replaced,
    ...shared,
  });
  const bound = state.policies.slice(before.length);
  const inherited: Settings = {
    ...settings,
    policies: bound.slice(0, policies.length),
    auth: bound[policies.length],
  };

  function extend(given: ExtendOptions): Session {
    const changes = rootOptions(given);
    checkSessionOptions(changes);
    if ('connector' in changes) {
      throw new UnsupportedOptionError('connector', 'extend', "a child session has its parent's");
    }
    const {connector, platform} = state;
    return build(mergeSettings(inherited, changes), changes, {
      connector,
      ownsConnector: false,
      platform,
      parent: state,
    });
  }

  const hostOfVerbs: SessionHost = {
    ...host,
    begin(request, signal, cameFrom) {
      lifetimeOf(request).isOfVerb = true;
      host.begin(request, signal, cameFrom);
    },
  };
  const verbs = createVerbs(hostOfVerbs, {...options, searchParams: settings.searchParams}, kyHooks);
  // `session` has getters, which a spread would read.
  return Object.assign(session, verbs, {extend}) as Session;
}

/** The settings of a child session. */
function mergeSettings(parent: Settings, changes: ExtendOptions): Settings {
  const {options} = parent;
  const {retry, rateLimit, auth, policies = []} = changes;
  return {
    options: {
      ...options,
      ...changes,
      hooks: mergeHooks(options.hooks, changes.hooks),
      trace: [...(options.trace ?? []), ...(changes.trace ?? [])],
      context: {...options.context, ...changes.context},
    },
    headers: mergeHeaders(parent.headers, changes.headers),
    retry: mergeRetry(parent.retry, retry),
    asksForRetry: parent.asksForRetry || retry !== undefined,
    rateLimit: 'rateLimit' in changes ? rateLimit && rateLimitPolicy(rateLimit) : parent.rateLimit,
    auth: 'auth' in changes ? auth && authPolicy(auth) : parent.auth,
    policies: [...parent.policies, ...checkPolicies(policies)],
    searchParams: mergeSearchParams(parent.searchParams, changes),
  };
}

/** Whether a retry policy among `policies` replaces the default one. If `retry` is set, both are used. */
function isReplaced(retry: SessionOptions['retry'], policies: readonly Policy[]): boolean {
  // A function has no `callOptions` either.
  return (
    (retry ?? false) === false &&
    (policies as ReadonlyArray<PolicyDefinition<{retry: never}>>).some(({callOptions}) => callOptions?.retry)
  );
}

function mergeSearchParams(
  parents: Settings['searchParams'],
  changes: ExtendOptions,
): Settings['searchParams'] {
  const {searchParams} = changes;
  if (searchParams !== undefined) return [...parents, searchParams];
  return 'searchParams' in changes ? [] : parents;
}
