import type {ConnectorStats} from '../core/connector.ts';
import type {FetchInit} from './fetch-call.ts';
import type {ExtendOptions} from './options.ts';
import type {Verbs} from './verbs.ts';

/** What a session has at this moment, and what it did so far. What is the connector's covers all that use it. */
export interface SessionStats extends Omit<ConnectorStats, 'totals'> {
  /** The connector's name. */
  readonly connector: string;
  readonly totals: ConnectorStats['totals'] & {
    /** Calls made by this session, those of its children not counted. */
    readonly requests: number;
    /** Attempts made at them. */
    readonly attempts: number;
    /** Attempts after the first. */
    readonly retries: number;
    /** Calls that failed, before their response or in its body, aborted ones included. A status is no failure. */
    readonly errors: number;
  };
}

/** A client with a lifetime: shared settings over a connector, which owns the connections. */
export interface Session extends Verbs {
  /**
   * The Fetch standard's `fetch`, with relative URLs resolved on `baseUrl`. It can be handed to whatever takes a `fetch`.
   *
   * @throws ConnectionError, TimeoutError, RedirectError, SessionClosedError; the reason of `signal` when that is aborted
   */
  fetch(input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /**
   * A session with these settings over its own, on the same connector, which stays with its owner. Headers, timeouts,
   * context and search parameters are laid over; hooks and policies come after its own; the rest is replaced, and
   * `undefined` takes it away. Its auth stays with the origin it was given for, whatever the child's `baseUrl` is.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  extend(options: ExtendOptions): Session;
  /** What is under way now, and what there has been; a child session tells of its parent's connector and of its own calls. */
  stats(): SessionStats;
  /** No new calls are taken, here or by the session it was extended from. */
  readonly closed: boolean;
  /**
   * Refuses new calls, lets those under way and queued finish, and closes the connector if it is the session's own. With
   * it go the sessions that were extended from it, but not the one that it was extended from.
   *
   * @param options - `timeout`, in ms: after that, what still runs is aborted with a {@link SessionClosedError}. A
   * response that nobody has begun to read within a second doesn't hold it up.
   */
  close(options?: {readonly timeout?: number | undefined}): Promise<void>;
  /** Aborts everything at once: calls queued and running reject with a {@link SessionClosedError} whose cause is `reason`. */
  destroy(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
