/**
 * The server did not process the request: it was closing the connection, or had too many streams. The request may be sent
 * again, whatever its method (RFC 9113, section 8.7).
 */
export class UnprocessedError extends Error {
  readonly code = 'ERR_HTTP2_UNPROCESSED';

  constructor() {
    super('The server did not process the request');
    this.name = 'UnprocessedError';
  }
}

/** The server reset one stream. The connection and its other streams go on. */
export class StreamResetError extends Error {
  readonly code = 'ERR_HTTP2_STREAM_RESET';

  constructor(reason: string) {
    super(`The server reset the stream: ${reason}`);
    this.name = 'StreamResetError';
  }
}
