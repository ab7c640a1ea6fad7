import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {Platform} from '../core/platform.ts';
import type {CallOptionsOf, Policy} from '../core/policy.ts';
import {assertOption, checkFunction, checkKnown, isObject} from '../utils/check-options.ts';
import type {BuiltSession} from './build-session.ts';
import {buildSession} from './build-session.ts';
import type {VerbOptions} from './call-options.ts';
import {checkPolicies, isConnector, mergeHeaders} from './check-parts.ts';
import type {BareSession} from './session.ts';
import type {SessionParts} from './session-state.ts';
import type {Timeout} from './timeouts.ts';
import type {Verbs, VerbsFactory} from './verbs.ts';

/** Options of `createSession` of `aiofetch/core`. */
export interface CoreSessionOptions<Policies extends readonly Policy[] = readonly Policy[]> {
  /** The URL that relative URLs are resolved on, as in a browser: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Sent with every request. The headers of a call replace them, and `undefined` there removes one. */
  readonly headers?: HeadersInput | undefined;
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
  /** Wrapped around every attempt. The first is the outermost. */
  readonly policies?: Policies | undefined;
  /** Adds `get`, `post` and so on: `verbs()`. Without it the session has `fetch` only. */
  readonly verbs?: VerbsFactory<never> | undefined;
}

/** A session of `aiofetch/core`. `Options` are the options of calls that its policies add. */
export interface CoreSession<Options = unknown> extends BareSession<Options> {
  /**
   * A child session on the same connector, which this session still owns. Headers and timeouts are merged into those of
   * this session; policies follow its own; `verbs` replace them.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  extend(options: Omit<CoreSessionOptions, 'connector'>): this;
}

/** The session that `createSession` of `aiofetch/core` makes of its options. */
export type CoreSessionOf<Policies extends readonly Policy[], Factory> = CoreSession<
  CallOptionsOf<Policies>
> &
  (Factory extends VerbsFactory<infer More> ? Verbs<VerbOptions & More & CallOptionsOf<Policies>> : unknown);

const known = new Set(['baseUrl', 'headers', 'connector', 'timeout', 'policies', 'verbs']);

function checkCoreOptions(options: CoreSessionOptions): void {
  assertOption(isObject(options), 'options', options, 'an object');
  checkKnown('createSession', options, known, '');
  checkFunction('verbs', options.verbs);
}

/** Makes the session of `createSession` of `aiofetch/core` on a platform. */
export function createCoreSessionOn(
  options: CoreSessionOptions,
  {defaultConnector, openBody}: Platform,
): CoreSession {
  checkCoreOptions(options);
  const {connector: given, verbs, ...parts} = options;
  const ownsConnector = !isConnector(given);
  const connector = ownsConnector ? defaultConnector(given) : given;
  const policies = checkPolicies(options.policies ?? []);
  return build({...parts, policies, connector, ownsConnector, openBody}, verbs);
}

function build(parts: SessionParts, verbs: VerbsFactory<never> | undefined): CoreSession {
  const {session, host, state}: BuiltSession = buildSession(parts);

  function extend(changes: Omit<CoreSessionOptions, 'connector'>): CoreSession {
    checkCoreOptions(changes);
    assertOption(!('connector' in changes), 'connector', 'set', 'none: a child session shares its parent’s');
    const {baseUrl = state.baseUrl, timeout, policies = []} = changes;
    return build(
      {
        baseUrl,
        headers: mergeHeaders(state.headers, changes.headers),
        timeout,
        policies: [...state.policies, ...checkPolicies(policies)],
        connector: state.connector,
        ownsConnector: false,
        openBody: state.openBody,
        parent: state,
      },
      changes.verbs ?? verbs,
    );
  }

  // `session` has getters, which a spread would read.
  return Object.assign(session, verbs?.(host), {extend}) as unknown as CoreSession;
}
