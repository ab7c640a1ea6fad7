import {redactUrl} from './redact-url.ts';

/** Where in a request's life a failure happened. */
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

/** The request as it may be shown: no userinfo, no query values, no fragment. */
export interface RedactedRequest {
  readonly method: string;
  readonly url: string;
}

/** What every {@link AiofetchError} is made with. */
export interface ErrorDetails {
  /** The request that failed; its URL is redacted before it is kept. */
  readonly request?: RedactedRequest | undefined;
  /** How many attempts were made, this one included. */
  readonly attempts?: number | undefined;
  readonly cause?: unknown;
}

// Holds the class's name, on its prototype.
const brand = Symbol.for('aiofetch.error');

/** The members all errors of this package share, whichever built-in error they extend. */
export interface AiofetchErrorMembers {
  /** A stable, upper-case identifier, as `ERR_TIMEOUT`; for a {@link ConnectionError} the system's own code. */
  readonly code: string;
  /** Where in the request's life it happened, when that is known. */
  readonly phase: Phase | undefined;
  /** How many attempts had been made when it was thrown. */
  readonly attempts: number;
  /** Method and redacted URL. */
  readonly request: RedactedRequest | undefined;
}

function describe(request: RedactedRequest | undefined): string {
  return request ? ` (${request.method} ${redactUrl(request.url)})` : '';
}

function decorate(error: Error, code: string, phase: Phase | undefined, details: ErrorDetails): void {
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
 * The base of every error this package makes. `instanceof` works across copies of the package and for the
 * errors that are `TypeError`s at the same time.
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

  /** What `JSON.stringify` shows: name, message, code, phase, attempts, request. */
  toJSON(): Record<string, unknown> {
    return errorToJson(this);
  }
}

/** One whose message ends in the request that it is about. */
export abstract class RequestError extends AiofetchError {
  constructor(message: string, code: string, phase?: Phase, details: ErrorDetails = {}) {
    super(message + describe(details.request), code, phase, details);
  }
}

/** What the Fetch standard calls a network error: a `TypeError` that is one of this package's errors all the same. */
export abstract class NetworkError extends TypeError implements AiofetchErrorMembers {
  declare readonly code: string;
  declare readonly phase: Phase;
  declare readonly attempts: number;
  declare readonly request: RedactedRequest | undefined;

  constructor(message: string, code: string, phase: Phase, details: ErrorDetails) {
    super(message + describe(details.request), causeOf(details));
    decorate(this, code, phase, details);
  }

  /** What `JSON.stringify` shows: name, message, code, phase, attempts, request. */
  toJSON(): Record<string, unknown> {
    return errorToJson(this);
  }
}

function causeOf({cause}: ErrorDetails): ErrorOptions | undefined {
  return cause === undefined ? undefined : {cause};
}

function errorToJson(error: Error & AiofetchErrorMembers): Record<string, unknown> {
  const {name, message, code, phase, attempts, request} = error;
  return {name, message, code, phase, attempts, request};
}

/** Members that are there for who asks, and that nothing prints. */
export function hide(error: Error, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(error, name, {value, enumerable: false, configurable: true, writable: true});
  }
}
