import type {DialRequest, PoolHost} from './pool-host.ts';

/**
 * The requests that wait until their server allows streams on its HTTP/2 connection (RFC 9113, section 6.5.2). Another
 * connection to the server would have no room either.
 */
export class StalledRequests {
  /** The timers of the requests' connect timeouts. */
  readonly #timers = new Map<DialRequest, NodeJS.Timeout | undefined>();

  [Symbol.iterator](): Iterator<DialRequest> {
    return this.#timers.keys();
  }

  /** @param limit - the request's connect timeout, in ms */
  add(request: DialRequest, limit: number | undefined): void {
    const isLimited = limit !== undefined && limit !== Infinity;
    this.#timers.set(request, isLimited ? setTimeout(() => this.#timeOut(request, limit), limit) : undefined);
  }

  /** Removes a request. Returns false if it isn't one of these. */
  remove(request: DialRequest): boolean {
    clearTimeout(this.#timers.get(request));
    return this.#timers.delete(request);
  }

  /** Removes and returns the requests of a host whose server allows streams again, or whose connection is over. */
  take(host: PoolHost): DialRequest[] {
    if (this.#timers.size === 0 || host.isStalled) return [];
    const requests = [...this].filter((request) => request.host === host);
    for (const request of requests) this.remove(request);
    return requests;
  }

  #timeOut(request: DialRequest, limit: number): void {
    this.remove(request);
    request.dialTimedOut(limit, new NoStreamsError());
  }
}

/** The server of a connection allows no streams. */
class NoStreamsError extends Error {
  readonly code = 'ERR_HTTP2_NO_STREAMS';

  constructor() {
    super('The server allows no streams on its HTTP/2 connection (SETTINGS_MAX_CONCURRENT_STREAMS is 0)');
    this.name = 'NoStreamsError';
  }
}
