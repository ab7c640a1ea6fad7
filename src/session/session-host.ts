import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {CallOptionValues, ConnectorRequest} from '../core/request.ts';
import type {Timeout, Timeouts} from './timeouts.ts';

/** What `fetch` and the verbs use of their session. */
export interface SessionHost {
  /** Names of the options of calls that the session's policies take. */
  readonly callOptions: readonly string[];
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
   * Checks the options of a call that policies take. Reads them one by one, because a `Request` is a valid init, and its
   * members are getters.
   *
   * @throws InvalidOptionError, UnsupportedOptionError
   */
  settle(options: object): CallOptionValues;
  /** Begins a call: from now on the session waits for it, and can abort it. */
  begin(request: ConnectorRequest, signal: AbortSignal | null | undefined, cameFrom: unknown): void;
  /** Sends a request whose call has begun. */
  send(request: ConnectorRequest): Promise<Response>;
}
