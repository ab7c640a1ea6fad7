import {printable} from './printable.ts';
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
  | 'unread'
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

/**
 * Gives an error class its name, also where a minifier has renamed the class, and an `instanceof` that works across copies
 * of the package. `instanceof` asks for a symbol on the prototype rather than for the prototype chain, because a network
 * error of the Fetch standard has to be a `TypeError` too, and a class has one parent.
 *
 * Use it as `static override readonly name: string = /* @__PURE__ *\/ nameClass(() => this, 'HTTPError')`. Bundlers drop a
 * class with such a field if nothing uses it, but not a class with a static block (esbuild, rolldown) or with `this` as the
 * argument (rolldown).
 *
 * @param shown - the `name` of the errors
 * @returns the name of the class
 */
export function nameClass(
  getClass: () => new (...args: never[]) => Error,
  name: string,
  shown = name,
): string {
  const type = getClass();
  Object.defineProperties(type.prototype, {
    name: {value: shown, configurable: true, writable: true},
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

type TypedErrorClass = new (
  message: string,
  code: string,
  phase?: Phase,
  details?: ErrorDetails,
) => Error & AiofetchErrorMembers & {toJSON(): Record<string, unknown>};

/**
 * A class of errors that have the members of all errors of this package, on a built-in class of errors. `toJSON()` returns
 * name, message, code, phase, attempts and request.
 *
 * @param compose - puts the request that failed, or '' for none, into the message. Without it the message ends with the
 * request
 */
export function typedError(
  Base: new (message: string, options?: ErrorOptions) => Error,
  compose = (message: string, where: string): string => (where ? `${message} (${where})` : message),
): TypedErrorClass {
  return class extends Base {
    constructor(
      message: string,
      code: string,
      phase?: Phase,
      {attempts = 1, cause, request}: ErrorDetails = {},
    ) {
      const shown = request && {method: request.method, url: redactUrl(request.url)};
      super(
        printable(compose(message, shown ? `${shown.method} ${shown.url}` : '')),
        cause === undefined ? undefined : {cause},
      );
      Object.assign(this, {code, phase, attempts, request: shown});
    }

    toJSON(): Record<string, unknown> {
      const {name, message, code, phase, attempts, request} = this as unknown as Error & AiofetchErrorMembers;
      return {name, message, code, phase, attempts, request};
    }
  } as TypedErrorClass;
}

/**
 * The base of all errors of this package. `instanceof AiofetchError` works across copies of the package, and for errors
 * that are a `TypeError` as well. `toJSON()` returns name, message, code, phase, attempts and request.
 */
export class AiofetchError extends /* @__PURE__ */ typedError(Error) {
  static override readonly name: string = /* @__PURE__ */ nameClass(() => this, 'AiofetchError');
}

/**
 * A "network error" of the Fetch standard: an error of this package that is a `TypeError` as well. Its name and the form of
 * its message are those of Chromium, because libraries know a network error by them: p-retry, ky, axios.
 */
export abstract class NetworkError extends /* @__PURE__ */ typedError(
  TypeError,
  (message, where) => `Failed to fetch (${printable(message, 1_000)}${where && `, ${where}`})`,
) {
  declare readonly phase: Phase;
}

/** Adds members that can be read, but that `inspect`, `JSON.stringify` and loggers don't show. */
export function hide(error: Error, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(error, name, {value, enumerable: false, configurable: true, writable: true});
  }
}
