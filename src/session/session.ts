import type {ConnectorStats} from '../core/connector.ts';
import type {CallOptions} from './call-options.ts';
import type {BaseFetchInit, FetchInit} from './fetch-call.ts';
import type {ExtendOptions} from './options.ts';
import type {Verbs} from './verbs.ts';

/** The state of a session at one moment, and its totals so far. The numbers of the connector cover all sessions that share it. */
export interface SessionStats extends Omit<ConnectorStats, 'totals'> {
  /** The connector's name. */
  readonly connector: string;
  readonly totals: ConnectorStats['totals'] & {
    /** Calls made by this session, without those of its children. */
    readonly requests: number;
    /** Attempts made for these calls. */
    readonly attempts: number;
    /** Attempts after the first. */
    readonly retries: number;
    /**
     * Calls that failed before their response or while its body arrived. Aborted calls count. A status of 400 or more
     * doesn't count.
     */
    readonly errors: number;
  };
}

/** The members that every session has, with or without verbs. */
export interface BareSession<Options = unknown> {
  /**
   * The Fetch standard's `fetch`, with relative URLs resolved on `baseUrl`. Anything that takes a `fetch` can be given
   * this one.
   *
   * @throws ConnectionError, TimeoutError, RedirectError, SessionClosedError; the reason of `signal` when it is aborted
   */
  fetch(input: string | URL | Request, init?: BaseFetchInit & Options): Promise<Response>;
  /** The state at this moment, and the totals so far. A child session shows the connector of its parent and its own calls. */
  stats(): SessionStats;
  /** Whether the session, or a session that it was extended from, refuses new calls. */
  readonly closed: boolean;
  /**
   * Refuses new calls, lets running and queued ones finish, and closes the connector if it is the session's own. Sessions
   * that were extended from this one are closed too; the session that this one was extended from is not.
   *
   * @param options - `timeout`, in ms: after this time, calls that still run are aborted with a {@link SessionClosedError}.
   * A call whose response is unread for a second is aborted even before.
   */
  close(options?: {readonly timeout?: number | undefined}): Promise<void>;
  /** Aborts everything at once. Running and queued calls reject with a {@link SessionClosedError} whose cause is `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A client with a lifetime. It has shared settings, and a connector that owns the connections. `Options` are the options
 * that its policies add to calls.
 */
export interface Session<Options = unknown> extends BareSession<Options>, Verbs<CallOptions & Options> {
  fetch(input: string | URL | Request, init?: FetchInit & Options): Promise<Response>;
  /**
   * Makes a child session on the same connector, which this session still owns. Headers, timeouts, context, search
   * parameters and retry settings are merged into those of this session. Hooks, trace listeners and policies follow those
   * of this session. Any other option replaces that of this session, and `undefined` removes it. Inherited credentials
   * of `auth` are sent only to the origin that they were given for, even if the child has another `baseUrl`.
   *
   * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option
   */
  extend(options: ExtendOptions): Session<Options>;
}
