import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeadersInput} from '../core/header-list.ts';
import type {Platform} from '../core/platform.ts';
import type {CallOptionsOf, Policy} from '../core/policy.ts';
import {checkFunction, checkKnown} from '../utils/check-options.ts';
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
  /** Relative URLs are resolved on this URL, as in a browser: end it with a slash to keep its last segment. */
  readonly baseUrl?: string | URL | undefined;
  /** Headers of every request. A header of a call replaces one of the session, and `undefined` removes it. */
  readonly headers?: HeadersInput | undefined;
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
  /** The policies that every request goes through. The first is the outermost. */
  readonly policies?: Policies | undefined;
  /** `verbs()` or `verbsWithHooks()` adds `get`, `post` and so on. Without it the session has only `fetch`. */
  readonly verbs?: VerbsFactory<never> | undefined;
}

/** A session of `aiofetch/core`. `Options` are the options that its policies add to calls. */
export interface CoreSession<Options = unknown> extends BareSession<Options> {
  /**
   * Makes a child session on the same connector, which this session still owns. Headers and timeouts are merged into those
   * of this session. Policies follow those of this session. `verbs` replaces the verbs.
   *
   * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
   */
  extend(options: Omit<CoreSessionOptions, 'connector'>): this;
}

/** The type of session that `createSession` of `aiofetch/core` makes of its options. */
export type CoreSessionOf<Policies extends readonly Policy[], Factory> = CoreSession<
  CallOptionsOf<Policies>
> &
  (Factory extends VerbsFactory<infer More> ? Verbs<VerbOptions & More & CallOptionsOf<Policies>> : unknown);

function check(where: string, options: CoreSessionOptions, ...more: string[]): void {
  checkKnown(where, options, ['baseUrl', 'headers', 'timeout', 'policies', 'verbs', ...more], '');
  checkFunction('verbs', options.verbs);
}

/** Makes the session of `createSession` of `aiofetch/core` on a platform. */
export function createCoreSessionOn(options: CoreSessionOptions, platform: Platform): CoreSession {
  check('createSession', options, 'connector');
  const {connector: given, verbs, ...parts} = options;
  const ownsConnector = !isConnector(given);
  const connector = ownsConnector ? platform.defaultConnector(given) : given;
  const policies = checkPolicies(options.policies ?? []);
  return build({...parts, policies, connector, ownsConnector, platform}, verbs);
}

function build(parts: SessionParts, verbs: VerbsFactory<never> | undefined): CoreSession {
  const {session, host, state}: BuiltSession = buildSession(parts);

  function extend(changes: Omit<CoreSessionOptions, 'connector'>): CoreSession {
    check('extend', changes);
    const {baseUrl = state.baseUrl, timeout, policies = []} = changes;
    return build(
      {
        ...state,
        baseUrl,
        headers: mergeHeaders(state.headers, changes.headers),
        timeout,
        policies: [...state.policies, ...checkPolicies(policies)],
        ownsConnector: false,
        parent: state,
      },
      changes.verbs ?? verbs,
    );
  }

  // `session` has getters, which a spread would read.
  return Object.assign(session, verbs?.(host), {extend}) as unknown as CoreSession;
}
