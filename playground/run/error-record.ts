import type {ErrorRecord} from '../model/events.ts';

const deepest = 5;

/** An error with all its members, as plain data. */
export function errorRecord(error: unknown, depth = 0): ErrorRecord {
  if (!(error instanceof Error)) return {name: typeof error, message: String(error), details: {}};
  const details: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error)) {
    if (name !== 'name' && isPlain(value)) details[name] = value;
  }
  const {name, message, stack, cause} = error;
  return {
    name,
    message,
    details,
    stack,
    cause: cause === undefined || depth === deepest ? undefined : errorRecord(cause, depth + 1),
  };
}

function isPlain(value: unknown): boolean {
  if (value === null || value === undefined) return value === null;
  if (typeof value !== 'object') return typeof value !== 'function' && typeof value !== 'symbol';
  return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value);
}
