/**
 * The errors of this package. They are typed, name the phase of the failure, and are safe to log: no enumerable,
 * printed or serialised member has a header value, a query value, userinfo or a body.
 *
 * @module
 */
import type {ErrorDetails, Phase} from './base.ts';
import {AiofetchError, hide, NetworkError, nameClass} from './base.ts';
import {describeValue, printable} from './printable.ts';

export type {AiofetchErrorMembers, ErrorDetails, Phase, RedactedRequest} from './base.ts';
export {AiofetchError} from './base.ts';
export {JsonError} from './json-error.ts';

/**
 * A request was made on a session or connector that is closed, or was cut off because the session or connector was
 * destroyed.
 */
export class SessionClosedError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'SessionClosedError');

  constructor(message = 'Session is closed', details: ErrorDetails = {}) {
    super(message, 'ERR_SESSION_CLOSED', undefined, details);
  }
}

/**
 * The network failed during DNS, TCP, TLS, sending or receiving. It is a `TypeError` as well (Fetch, "network error").
 * `code` is the code of the system (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, …) if there is one, else `ERR_CONNECTION`.
 */
export class ConnectionError extends NetworkError {
  static override readonly name: string = /* @__PURE__ */ nameClass(
    () => this,
    'ConnectionError',
    'TypeError',
  );

  constructor(
    message: string,
    phase: Phase,
    details: ErrorDetails & {readonly code?: string | undefined} = {},
  ) {
    super(message, details.code ?? 'ERR_CONNECTION', phase, details);
  }
}

/**
 * A redirect could not be followed: there were too many, the `Location` is malformed, the body can't be sent again, or the
 * call has `redirect: 'error'`. It is a `TypeError` as well (Fetch, "network error").
 */
export class RedirectError extends NetworkError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'RedirectError', 'TypeError');

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_REDIRECT', 'redirect', details);
  }
}

/** A timeout ran out. `phase` says which timeout, `limit` how long it was. */
export class TimeoutError extends AiofetchError {
  declare readonly phase: 'total' | 'attempt' | 'pool' | 'connect' | 'read' | 'unread';
  /** The timeout that ran out, in ms. */
  readonly limit: number;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'TimeoutError');

  constructor(
    phase: 'total' | 'attempt' | 'pool' | 'connect' | 'read' | 'unread',
    limit: number,
    details: ErrorDetails = {},
  ) {
    super(`${phase} timeout of ${limit} ms ran out`, 'ERR_TIMEOUT', phase, details);
    this.limit = limit;
  }
}

/** A request would have to wait for its rate limit longer than `maxWait` allows, or the store of the rate limit failed. */
export class RateLimitError extends AiofetchError {
  /** The time in ms after which the rate limit has room for the request; `undefined` if the store failed. */
  readonly retryAfter: number | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'RateLimitError');

  constructor(retryAfter: number | undefined, details: ErrorDetails = {}) {
    super(
      retryAfter === undefined
        ? 'The store of the rate limit failed'
        : `The rate limit has room in ${Math.ceil(retryAfter)} ms, after maxWait`,
      'ERR_RATE_LIMIT',
      undefined,
      details,
    );
    this.retryAfter = retryAfter;
  }
}

/** The host failed too often in the recent past: its circuit breaker lets no request pass for a while. */
export class CircuitOpenError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'CircuitOpenError');

  /** The time in ms after which a request is let pass to test the host; 0 while such a request is under way. */
  readonly retryAfter: number;

  constructor(retryAfter: number, details: ErrorDetails = {}) {
    super(
      `The host failed too often, and its circuit breaker is open for another ${Math.ceil(retryAfter)} ms`,
      'ERR_CIRCUIT_OPEN',
      undefined,
      details,
    );
    this.retryAfter = retryAfter;
  }
}

/** A line of the body is longer than `maxLength` (`ERR_LINE_TOO_LONG`), or is not JSON (`ERR_LINE_JSON`). */
export class LineError extends AiofetchError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'LineError');

  /** The number of the line, from 1. */
  readonly line: number;

  constructor(code: 'ERR_LINE_TOO_LONG' | 'ERR_LINE_JSON', line: number, what: string) {
    super(`Line ${line} ${what}`, code, 'receive');
    this.line = line;
  }
}

/** The server answered with a status outside 200–299, and `throwHttpErrors` makes that an error, as it does for the verbs by default. */
export class HTTPError<Data = unknown> extends AiofetchError {
  /** The response's status. */
  readonly status: number;
  /** The response's headers. Not enumerable, because they may contain cookies. */
  declare readonly headers: Headers;
  /** The response's body: the parsed value if it is JSON, else its text. Not enumerable. */
  declare readonly data: Data;
  /** The response, whose body was already read into `data`. Not enumerable. */
  declare readonly response: Response;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'HTTPError');

  constructor(response: Response, data: Data, details: ErrorDetails = {}) {
    const reason = response.statusText && ` ${printable(response.statusText, 100)}`;
    super(`Status ${response.status}${reason}`, 'ERR_HTTP_STATUS', undefined, details);
    this.status = response.status;
    hide(this, {headers: response.headers, data, response});
  }
}

/** A response's body is larger than `maxResponseSize` allows, counted after decompression. */
export class ResponseTooLargeError extends AiofetchError {
  /** The allowed size, in bytes. */
  readonly limit: number;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'ResponseTooLargeError');

  constructor(limit: number, details: ErrorDetails = {}) {
    super(
      `Response is larger than maxResponseSize, ${limit} bytes`,
      'ERR_RESPONSE_TOO_LARGE',
      'receive',
      details,
    );
    this.limit = limit;
  }
}

/** The details that a {@link SchemaError} takes. */
export interface SchemaErrorDetails extends ErrorDetails {
  readonly line?: number | undefined;
  readonly part?: SchemaError['part'];
  readonly endpoint?: string | undefined;
  /**
   * The problem in words.
   *
   * @default the number of issues
   */
  readonly problem?: string;
}

/** The problem of a value that a schema refuses, in words. */
export function schemaProblem({length}: SchemaError['issues']): string {
  return `does not fit its schema: ${length} issue${length === 1 ? '' : 's'}`;
}

/** A part of a request or a response does not fit its schema. */
export class SchemaError extends AiofetchError {
  /** The issues as the Standard Schema gave them. Not enumerable, because validators put parts of the body in them. */
  declare readonly issues: ReadonlyArray<{readonly message: string; readonly path?: unknown}>;
  /** The line of the body that doesn't fit, from 1; `undefined` if it is not a single line. */
  readonly line: number | undefined;
  /** The part that doesn't fit. */
  readonly part: 'body' | 'headers' | 'path' | 'query' | 'response';
  /** The endpoint of the typed client, such as `GET /users/{username}`. */
  readonly endpoint: string | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'SchemaError');

  constructor(issues: SchemaError['issues'], details: SchemaErrorDetails = {}) {
    const {line, part = 'response', endpoint, problem = schemaProblem(issues)} = details;
    super(
      `${line ? `Line ${line}` : `The ${part}`}${endpoint ? ` of ${endpoint}` : ''} ${problem}`,
      'ERR_SCHEMA',
      undefined,
      details,
    );
    this.line = line;
    this.part = part;
    this.endpoint = endpoint;
    hide(this, {issues});
  }
}

/**
 * An option that is not known, or that the connector or the runtime cannot honour. Thrown when the session or connector
 * is made; a call rejects with it.
 */
export class UnsupportedOptionError extends AiofetchError {
  /** The option, after the names of the options that it is part of: `connector.tls.pin`. */
  readonly option: string;
  /** What refused the option: a function, another option or a connector, as `createSession` or `the fetch connector`. */
  readonly where: string;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'UnsupportedOptionError');

  /**
   * @param hint - the reason, or what to do instead
   * @param message - instead of one made of the other parameters
   */
  constructor(
    option: string,
    where: string,
    hint = '',
    message = `Option "${option}" is not supported by ${where}${hint && `: ${hint}`}`,
  ) {
    super(message, 'ERR_UNSUPPORTED_OPTION');
    this.option = option;
    this.where = where;
  }
}

/**
 * An option has a value that is not allowed. Thrown when the session or connector is made; a call rejects with it. The
 * message names the option and the allowed values. It shows the value only if that is a number, a boolean or a short word,
 * and not for options that may contain credentials.
 */
export class InvalidOptionError extends AiofetchError {
  /** The option, after the names of the options that it is part of: `connector.limit`. */
  readonly option: string;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'InvalidOptionError');

  constructor(option: string, value: unknown, allowed: string) {
    super(`Option "${option}" is ${describeValue(value, option)}; allowed: ${allowed}`, 'ERR_INVALID_OPTION');
    this.option = option;
  }
}
