/**
 * The server did not look at a request: it was saying goodbye, or had too many. It may be sent again, whatever its method
 * (RFC 9113, section 8.7).
 */
export class UnprocessedError extends Error {
  readonly code = 'ERR_HTTP2_UNPROCESSED';

  constructor() {
    super('The server did not take the request');
    this.name = 'UnprocessedError';
  }
}

/** The server reset one request, and the connection goes on. */
export class StreamResetError extends Error {
  readonly code = 'ERR_HTTP2_STREAM_RESET';

  constructor(reason: string) {
    super(`The server reset the stream: ${reason}`);
    this.name = 'StreamResetError';
  }
}
