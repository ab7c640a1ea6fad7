import {redactUrl} from './redact-url.ts';

/** The phase of a request in which a failure happened. */
export type Phase =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'send'
  | 'receive'
  | 'pool'
  | 'read'
  | 'attempt'
  | 'total'
  | 'redirect';

/** A request without secrets: its URL has no userinfo, no query values and no fragment. */
export interface RedactedRequest {
  readonly method: string;
  readonly url: string;
}

/** The details that every {@link AiofetchError} takes. */
export interface ErrorDetails {
  /** The request that failed. The error redacts its URL before it keeps it. */
  readonly request?: RedactedRequest | undefined;
  /**
   * The number of attempts so far, including the one that failed.
   *
   * @default 1
   */
  readonly attempts?: number | undefined;
  readonly cause?: unknown;
}

// The key of the class's name on the class's prototype. Registered, so that all copies of the package share it.
const brand = Symbol.for('aiofetch.error');

/** The members that all errors of this package share. They extend different built-in errors. */
export interface AiofetchErrorMembers {
  /** A stable identifier in upper case, such as `ERR_TIMEOUT`. A {@link ConnectionError} has the code of the system. */
  readonly code: string;
  /** The phase of the request in which the error happened, if it is known. */
  readonly phase: Phase | undefined;
  /** The number of attempts that were made before the error was thrown. */
  readonly attempts: number;
  /** The request's method and redacted URL. */
  readonly request: RedactedRequest | undefined;
}

/** The end of a message: the request that failed. */
export function describe(request: RedactedRequest | undefined): string {
  return request ? ` (${request.method} ${redactUrl(request.url)})` : '';
}

/** Sets the members that all errors of this package have. */
export function decorate(error: Error, code: string, phase: Phase | undefined, details: ErrorDetails): void {
  const {attempts = 1, request} = details;
  const shown = request && {method: request.method, url: redactUrl(request.url)};
  Object.assign(error, {code, phase, attempts, request: shown});
}

/**
 * Gives an error class its name, also where a minifier has renamed the class, and an `instanceof` that works across copies
 * of the package. `instanceof` asks for a symbol on the prototype rather than for the prototype chain, because a network
 * error of the Fetch standard has to be a `TypeError` too, and a class has one parent.
 *
 * Use it as `static override readonly name: string = /* @__PURE__ *\/ nameClass(() => this, 'HTTPError')`. Bundlers drop a
 * class with such a field if nothing uses it, but not a class with a static block (esbuild, rolldown) or with `this` as the
 * argument (rolldown).
 *
 * @returns the name
 */
export function nameClass(getClass: () => new (...args: never[]) => Error, name: string): string {
  const type = getClass();
  Object.defineProperties(type.prototype, {
    name: {value: name, configurable: true, writable: true},
    [brand]: {value: name},
  });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      // A subclass that a user wrote keeps the ordinary `instanceof`.
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this as object, value);
      const found = (value as {readonly [brand]?: unknown} | null | undefined)?.[brand];
      return found === name || (found !== undefined && name === 'AiofetchError');
    },
  });
  return name;
}

/**
 * The base of all errors of this package. `instanceof AiofetchError` works across copies of the package, and for errors
 * that are a `TypeError` as well.
 */
export class AiofetchError extends Error implements AiofetchErrorMembers {
  declare readonly code: string;
  declare readonly phase: Phase | undefined;
  declare readonly attempts: number;
  declare readonly request: RedactedRequest | undefined;

  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'AiofetchError');

  constructor(message: string, code: string, phase?: Phase, details: ErrorDetails = {}) {
    super(message, causeOf(details));
    decorate(this, code, phase, details);
  }

  /** Returns the members that `JSON.stringify` shows: name, message, code, phase, attempts and request. */
  toJSON(): Record<string, unknown> {
    return errorToJson(this);
  }
}

/** An error whose message ends with the request that failed. */
export abstract class RequestError extends AiofetchError {
  constructor(message: string, code: string, phase?: Phase, details: ErrorDetails = {}) {
    super(message + describe(details.request), code, phase, details);
  }
}

/** A "network error" of the Fetch standard: an error of this package that is a `TypeError` as well. */
export abstract class NetworkError extends TypeError implements AiofetchErrorMembers {
  declare readonly code: string;
  declare readonly phase: Phase;
  declare readonly attempts: number;
  declare readonly request: RedactedRequest | undefined;

  constructor(message: string, code: string, phase: Phase, details: ErrorDetails) {
    super(message + describe(details.request), causeOf(details));
    decorate(this, code, phase, details);
  }

  /** Returns the members that `JSON.stringify` shows: name, message, code, phase, attempts and request. */
  toJSON(): Record<string, unknown> {
    return errorToJson(this);
  }
}

function causeOf({cause}: ErrorDetails): ErrorOptions | undefined {
  return cause === undefined ? undefined : {cause};
}

export function errorToJson(error: Error & AiofetchErrorMembers): Record<string, unknown> {
  const {name, message, code, phase, attempts, request} = error;
  return {name, message, code, phase, attempts, request};
}

/** Adds members that can be read, but that `inspect`, `JSON.stringify` and loggers don't show. */
export function hide(error: Error, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(error, name, {value, enumerable: false, configurable: true, writable: true});
  }
}
