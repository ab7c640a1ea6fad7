import {AiofetchError} from '../errors/index.ts';

/** A connector failed a case of the conformance suite: the message says what the case expected and what it found. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

export function fail(message: string): never {
  throw new ConformanceError(message);
}

export function ok(value: unknown, what: string): asserts value {
  if (!value) fail(`Expected ${what}`);
}

export function equal<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected))
    fail(`Expected ${what} to be ${show(expected)}, and it is ${show(actual)}`);
}

/** Compares two values by their JSON. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    fail(`Expected ${what} to be ${show(expected)}, and it is ${show(actual)}`);
  }
}

export function instance(value: unknown, type: new (...args: never) => unknown): void {
  if (!(value instanceof type)) fail(`Expected a ${type.name}, and not ${show(value)}`);
}

export function oneOf<T>(actual: T, expected: readonly T[], what: string): void {
  if (!expected.includes(actual)) {
    fail(`Expected ${what} to be one of ${expected.map(show).join(', ')}, and it is ${show(actual)}`);
  }
}

/** Gives the error that `promise` rejects with, and fails if it resolves. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return fail(`Expected ${what} to reject, and it resolved with ${show(value)}`);
}

/** Gives the error that `promise` rejects with, which must be an `AiofetchError` with the name and members of `expected`. */
export async function typedRejection(
  promise: Promise<unknown>,
  what: string,
  expected: Readonly<Record<string, unknown>> & {readonly name: string},
): Promise<AiofetchError & Record<string, unknown>> {
  return typed(await rejection(promise, what), what, expected);
}

/** Gives the error that `act` throws, which must be an `AiofetchError` with the name and members of `expected`. */
export function typedThrow(
  act: () => unknown,
  what: string,
  expected: Readonly<Record<string, unknown>> & {readonly name: string},
): AiofetchError & Record<string, unknown> {
  try {
    act();
  } catch (error) {
    return typed(error, what, expected);
  }
  return fail(`Expected ${what} to throw`);
}

function typed(
  error: unknown,
  what: string,
  expected: Readonly<Record<string, unknown>>,
): AiofetchError & Record<string, unknown> {
  if (!(error instanceof AiofetchError)) {
    return fail(`Expected ${what} to fail with ${expected['name']}, and it failed with ${show(error)}`);
  }
  const members = error as AiofetchError & Record<string, unknown>;
  for (const [name, value] of Object.entries(expected)) {
    if (members[name] !== value) {
      fail(
        `Expected ${what} to fail with ${name} ${show(value)}, and it is ${show(members[name])}: ${error}`,
      );
    }
  }
  return members;
}

/** Gives the error that `promise` rejects with, which must be a network error: a `TypeError` in the Fetch standard. */
export async function networkError(
  promise: Promise<unknown>,
  what: string,
): Promise<AiofetchError & Record<string, unknown>> {
  const error = await rejection(promise, what);
  ok(error instanceof TypeError, `${what} to fail with a TypeError, and not with ${show(error)}`);
  ok(error instanceof AiofetchError, `${what} to fail with an AiofetchError, and not with ${show(error)}`);
  // By these, libraries such as is-network-error know a network error in every runtime.
  const {name, message} = error;
  ok(name === 'TypeError' && /^Failed to fetch \(.*\)$/s.test(message), `the form of ${show(error)}`);
  return error as AiofetchError & Record<string, unknown>;
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const tag = Object.prototype.toString.call(value);
    if (tag !== '[object Object]') return tag;
  }
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') {
    return String(value);
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
