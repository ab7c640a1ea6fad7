import {AiofetchError} from '../errors/index.ts';

/** What a case throws when it finds something else than it expects. */
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

/** For what JSON can tell. */
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

/** What `promise` rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return fail(`Expected ${what} to reject, and it resolved with ${show(value)}`);
}

/** What `promise` rejects with, an error of the name and members given. */
export async function typedRejection(
  promise: Promise<unknown>,
  what: string,
  expected: Readonly<Record<string, unknown>> & {readonly name: string},
): Promise<AiofetchError & Record<string, unknown>> {
  return typed(await rejection(promise, what), what, expected);
}

/** What `act` throws, an error of the name and members given. */
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
    return fail(`Expected ${what} to fail with ${expected['name']}, and it did with ${show(error)}`);
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

/** What `promise` rejects with: a failure of the network, which the Fetch standard has as a TypeError. */
export async function networkError(
  promise: Promise<unknown>,
  what: string,
): Promise<AiofetchError & Record<string, unknown>> {
  const error = await rejection(promise, what);
  ok(error instanceof TypeError, `${what} to fail with a TypeError, and not with ${show(error)}`);
  ok(error instanceof AiofetchError, `${what} to fail with an AiofetchError, and not with ${show(error)}`);
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
