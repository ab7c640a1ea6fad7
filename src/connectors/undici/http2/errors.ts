/**
 * The server did not process the request: it was closing the connection, or had too many streams. The request may be sent
 * again, whatever its method (RFC 9113, section 8.7).
 */
export class UnprocessedError extends Error {
  readonly code: string = 'ERR_HTTP2_UNPROCESSED';

  constructor(message = 'The server did not process the request') {
    super(message);
    this.name = 'UnprocessedError';
  }
}

/**
 * The server wants the request over HTTP/1.1 (RFC 9113, section 7, HTTP_1_1_REQUIRED), and so did not process it. It is sent
 * again over a connection of HTTP/1.1.
 */
export class Http1RequiredError extends UnprocessedError {
  override readonly code = 'ERR_HTTP2_HTTP_1_1_REQUIRED';

  constructor() {
    super('The server requires HTTP/1.1 for the request');
    this.name = 'Http1RequiredError';
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
