import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {Platform} from '../core/platform.ts';
import type {CallOptionValues, ConnectorRequest} from '../core/request.ts';
import type {Timeout, Timeouts} from './timeouts.ts';

/** The parts of a session that its `fetch` and its verbs use. */
export interface SessionHost extends Platform {
  /** Names of the options of calls that the session's policies take. */
  readonly callOptions: readonly string[];
  /** Names of the options of `fetch` and verbs that the session itself reads. All others are for the runtime's `fetch`. */
  readonly ownMembers: ReadonlySet<string>;
  /** @throws TypeError for a URL that can't be resolved, or that contains credentials */
  resolveUrl(input: string | URL): string;
  /** The session's headers with those of a call merged into them. */
  headersOf(headers: HeadersInput | undefined): HeaderList;
  /**
   * The session's timeouts with those of a call merged into them.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  timeoutsOf(timeout: Timeout | undefined): Timeouts;
  /**
   * Checks the options that a call gives to policies, and returns the checked values. It reads them one by one, because a
   * `Request` is a valid init, and its members are getters.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  settle(options: object): CallOptionValues;
  /** Begins a call. From now on `session.close()` waits for it and `session.destroy()` aborts it. */
  begin(request: ConnectorRequest, signal: AbortSignal | null | undefined, cameFrom: unknown): void;
  /** Sends a request whose call has begun. */
  send(request: ConnectorRequest): Promise<Response>;
}
