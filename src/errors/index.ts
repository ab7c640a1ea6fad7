/**
 * Every failure the package produces, typed, telling its phase, and safe to log: nothing enumerable, printed
 * or serialised here carries a header value, a query value, userinfo or a body.
 *
 * @module
 */
import type {ErrorDetails, Phase} from './base.ts';
import {AiofetchError, hide, NetworkError, nameClass, RequestError} from './base.ts';

export type {AiofetchErrorMembers, ErrorDetails, Phase, RedactedRequest} from './base.ts';
export {AiofetchError} from './base.ts';

/** A new request was made on a session, or handed to a connector, that is closed; or one was cut off by it closing. */
export class SessionClosedError extends RequestError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'SessionClosedError');

  constructor(message = 'Session is closed', details: ErrorDetails = {}) {
    super(message, 'ERR_SESSION_CLOSED', undefined, details);
  }
}

/**
 * The network failed: DNS, TCP, TLS, sending or receiving. A `TypeError` too, as the Fetch standard has it
 * (Fetch, "network error"). `code` is the system's (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, …) where there is one.
 */
export class ConnectionError extends NetworkError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'ConnectionError');

  constructor(
    message: string,
    phase: Phase,
    details: ErrorDetails & {readonly code?: string | undefined} = {},
  ) {
    super(message, details.code ?? 'ERR_CONNECTION', phase, details);
  }
}

/** A redirect could not be followed: too many, a bad `Location`, a body that can't be sent again, or `redirect: 'error'`. */
export class RedirectError extends NetworkError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'RedirectError');

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ERR_REDIRECT', 'redirect', details);
  }
}

const waitedFor: Partial<Record<Phase, string>> = {
  total: 'the whole call, its retries, redirects and body',
  attempt: 'one attempt, from its slot to the end of its body',
  pool: 'a free connection slot',
  connect: 'a connection: DNS, TCP and TLS',
  read: 'the server to send something',
};

/** A limit of time ran out; `phase` says which one, `limit` how long it was. */
export class TimeoutError extends RequestError {
  declare readonly phase: 'total' | 'attempt' | 'pool' | 'connect' | 'read';
  /** The limit that ran out, in ms. */
  readonly limit: number;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'TimeoutError');

  constructor(
    phase: 'total' | 'attempt' | 'pool' | 'connect' | 'read',
    limit: number,
    details: ErrorDetails = {},
  ) {
    super(
      `Timeout of ${limit} ms (${phase}) ran out waiting for ${waitedFor[phase]}`,
      'ERR_TIMEOUT',
      phase,
      details,
    );
    this.limit = limit;
  }
}

/** The request would have to wait for its rate limit longer than `maxWait` allows, or the limit's store failed. */
export class RateLimitError extends RequestError {
  /** When it may be worth another try, in ms; `undefined` when the store, which knows, failed. */
  readonly retryAfter: number | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'RateLimitError');

  constructor(retryAfter: number | undefined, details: ErrorDetails = {}) {
    super(
      `Rate limit ${retryAfter === undefined ? 'store failed' : `leaves room in ${Math.ceil(retryAfter)} ms only`}`,
      'ERR_RATE_LIMIT',
      undefined,
      details,
    );
    this.retryAfter = retryAfter;
  }
}

/** The host failed too often in the recent past: its circuit breaker lets no request pass for a while. */
export class CircuitOpenError extends RequestError {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'CircuitOpenError');

  /** The time in ms after which a request is let pass to test the host; 0 while such a request is under way. */
  readonly retryAfter: number;

  constructor(retryAfter: number, details: ErrorDetails = {}) {
    super(`Circuit is open for another ${Math.ceil(retryAfter)} ms`, 'ERR_CIRCUIT_OPEN', undefined, details);
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

/** The server answered with a status outside 200–299 and the call asked for that to be an error, as the verbs do. */
export class HTTPError<Data = unknown> extends RequestError {
  readonly status: number;
  /** The response's headers; not enumerable, since they may hold cookies. */
  declare readonly headers: Headers;
  /** The body, parsed when it is JSON, text otherwise; not enumerable. */
  declare readonly data: Data;
  /** The response, its body already read into `data`; not enumerable. */
  declare readonly response: Response;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'HTTPError');

  constructor(response: Response, data: Data, details: ErrorDetails = {}) {
    const reason = response.statusText ? ` ${response.statusText}` : '';
    super(`Status ${response.status}${reason}`, 'ERR_HTTP_STATUS', undefined, details);
    this.status = response.status;
    hide(this, {headers: response.headers, data, response});
  }
}

/** The body is larger than `maxResponseSize` allows, counted after decompression. */
export class ResponseTooLargeError extends RequestError {
  /** The size allowed, in bytes. */
  readonly limit: number;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'ResponseTooLargeError');

  constructor(limit: number, details: ErrorDetails = {}) {
    super(`Response is larger than ${limit} bytes`, 'ERR_RESPONSE_TOO_LARGE', 'receive', details);
    this.limit = limit;
  }
}

/** What is known of a value that does not fit its schema. */
export interface SchemaErrorDetails extends ErrorDetails {
  readonly line?: number | undefined;
  readonly part?: SchemaError['part'];
  readonly endpoint?: string | undefined;
  /** Where the issues are, without values. */
  readonly paths?: readonly string[];
  /** What is wrong, where that can be told in words. @default that there are issues, and where */
  readonly problem?: string;
}

/** What came back, or is to be sent, does not fit the schema it was to be checked against. */
export class SchemaError extends RequestError {
  /** The Standard Schema issues; not enumerable, since validators put parts of the body in them. */
  declare readonly issues: ReadonlyArray<{readonly message: string; readonly path?: unknown}>;
  /** Which line of the body it is, from 1; `undefined` when it's the whole body. */
  readonly line: number | undefined;
  /** What it is that doesn't fit. */
  readonly part: 'body' | 'headers' | 'path' | 'query' | 'response';
  /** The endpoint of a typed client, as `GET /users/{username}`. */
  readonly endpoint: string | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'SchemaError');

  constructor(issues: SchemaError['issues'], details: SchemaErrorDetails = {}) {
    const {line, part = 'response', endpoint, paths = [], problem} = details;
    const count = issues.length === 1 ? '1 issue' : `${issues.length} issues`;
    const place = line === undefined ? part.replace(/^./, (first) => first.toUpperCase()) : `Line ${line}`;
    super(
      `${place}${endpoint ? ` of ${endpoint}` : ''} ${problem ?? `does not fit its schema: ${count}${paths.length > 0 ? ` at ${paths.join(', ')}` : ''}`}`,
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

/** An option has a value it can't have. Thrown when the session or connector is made, naming option, value and what is allowed. */
export class InvalidOptionError extends AiofetchError {
  readonly option: string;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'InvalidOptionError');

  constructor(option: string, value: unknown, allowed: string) {
    super(`Option "${option}" is ${show(value)}; allowed: ${allowed}`, 'ERR_INVALID_OPTION');
    this.option = option;
  }
}

/** A value as it may be shown; an Error says what is wrong with one that may not. */
function show(value: unknown): string {
  if (value instanceof Error) return `not valid (${value.message})`;
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
