import type {ConnectorStats} from '../core/connector.ts';
import type {CallOptions} from './call-options.ts';
import type {BaseFetchInit, FetchInit} from './fetch-call.ts';
import type {ExtendOptions} from './options.ts';
import type {Verbs} from './verbs.ts';

/** The state of a session at one moment, and its totals so far. The connector's part covers all sessions that share it. */
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
     * Calls that failed before their response or while its body arrived. Aborted calls count. A status of 400 or more is
     * no failure here.
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
   * @throws ConnectionError, TimeoutError, RedirectError, SessionClosedError; the reason of `signal` when that is aborted
   */
  fetch(input: string | URL | Request, init?: BaseFetchInit & Options): Promise<Response>;
  /** The state now, and the totals so far. A child session shows its parent's connector and its own calls. */
  stats(): SessionStats;
  /** `true` when the session, or the session that it was extended from, takes no new calls. */
  readonly closed: boolean;
  /**
   * Refuses new calls, lets running and queued ones finish, and closes the connector if it is the session's own. Sessions
   * that were extended from this one are closed too; the session that this one was extended from is not.
   *
   * @param options - `timeout`, in ms: when it ends, calls that still run are aborted with a {@link SessionClosedError}.
   * A response that nobody has begun to read within a second doesn't delay the end.
   */
  close(options?: {readonly timeout?: number | undefined}): Promise<void>;
  /** Aborts everything at once: running and queued calls reject with a {@link SessionClosedError} whose cause is `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A client with a lifetime: shared settings over a connector, which owns the connections. `Options` are the options of
 * calls that its policies add.
 */
export interface Session<Options = unknown> extends BareSession<Options>, Verbs<CallOptions & Options> {
  fetch(input: string | URL | Request, init?: FetchInit & Options): Promise<Response>;
  /**
   * A child session on the same connector, which this session still owns. Headers, timeouts, context, search parameters
   * and retry settings are merged into those of this session; hooks and policies follow its own; other options replace
   * them, and `undefined` removes one. The credentials of `auth` stay with the origin that they were given for, even if
   * the child has another `baseUrl`.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  extend(options: ExtendOptions): Session<Options>;
}
