import {AiofetchError} from '../../../src/index.ts';

/** The names of the error's class and of those that it extends, up to `Error`. Errors are told apart by them. */
function classesOf(error: Error): string[] {
  const classes: string[] = [];
  let prototype = Object.getPrototypeOf(error) as Error;
  while (prototype !== Error.prototype && prototype !== Object.prototype) {
    classes.push(prototype.constructor.name);
    prototype = Object.getPrototypeOf(prototype) as Error;
  }
  return classes;
}

/** Whether an error comes from `fetch` itself, and not from the client. */
function isNetworkError(error: Error): boolean {
  return (
    error instanceof AiofetchError ||
    (error instanceof TypeError && /^(?:fetch failed|terminated)$/.test(error.message))
  );
}

function plainError(error: Error, origin: string): unknown {
  // README says how the network errors of a session differ: in class, message and cause. They have the same name.
  if (isNetworkError(error))
    return {error: error.name, isNetworkError: true, isTypeError: error instanceof TypeError};
  const {name, message, cause} = error;
  const {status, code, statusCode} = error as {status?: unknown; code?: unknown; statusCode?: unknown};
  return plain({error: name, classes: classesOf(error), message, status, code, statusCode, cause}, origin);
}

/** The text without what is new in each run: ports, boundaries of forms, and messages of network errors. */
function plainText(text: string, origin: string): string {
  return text
    .replaceAll(origin, 'http://server')
    .replaceAll(new URL(origin).host, 'server')
    .replaceAll(/boundary=[^\s"';]+/g, 'boundary=…')
    .replaceAll(/fetch failed|Failed to fetch \(.*\)/g, 'network error');
}

/** A value as data that can be compared between two runs. */
export function plain(value: unknown, origin: string): unknown {
  if (typeof value === 'string') return plainText(value, origin);
  if (value instanceof Error) return plainError(value, origin);
  if (value instanceof Headers) return plain(Object.fromEntries(value), origin);
  if (value instanceof Uint8Array) return plainText(Buffer.from(value).toString('latin1'), origin);
  if (Array.isArray(value)) return value.map((item) => plain(item, origin));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name, item]) => item !== undefined && name !== 'date');
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item, origin)]));
}
