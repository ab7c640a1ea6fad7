import {assertOption, isObject} from '../utils/check-options.ts';
import type {CallSettings} from './types.ts';

/** The member of each setting that a number stands for; none where a setting is replaced as a whole. */
const shorthands = {timeout: 'total', retry: 'retries', idempotencyKey: undefined} as const;

/** Lays settings over base settings, such as those of a call over those of its endpoint. No member is `undefined`. */
export function mergeSettings(base: CallSettings, settings: CallSettings): CallSettings {
  const merged: Record<string, unknown> = {...base};
  for (const name of Object.keys(shorthands) as Array<keyof CallSettings>) {
    const value = settings[name];
    if (value !== undefined) merged[name] = mergeOption(base[name], value, shorthands[name]);
  }
  return merged;
}

/** Merges an option that is an object, or a number that stands for one member of the object, or `false` for off. */
function mergeOption(base: unknown, option: unknown, member: string | undefined): unknown {
  // Nothing of an option that was off is merged into one that switches it on again.
  if (!isMergeable(base) || !isMergeable(option) || !member) return option;
  const toObject = (value: unknown) => (isObject(value) ? value : {[member]: value});
  const merged = {...toObject(base)};
  for (const [name, value] of Object.entries(toObject(option)))
    if (value !== undefined) merged[name as never] = value as never;
  return merged;
}

function isMergeable(option: unknown): boolean {
  return option !== undefined && typeof option !== 'boolean';
}

/** Headers by lower-case name. `undefined` removes the header that the session would send. */
export type HeaderRecord = Readonly<Record<string, string | undefined>>;

/** Lays headers over base headers. A header replaces the base header of its name. */
export function mergeHeaders(base: HeaderRecord | undefined, headers: unknown): HeaderRecord | undefined {
  if (headers === undefined) return base;
  assertOption(isObject(headers), 'headers', headers, 'an object, or pairs of name and value');
  const isPairs = Symbol.iterator in headers;
  const own = new Map<string, string | undefined>();
  for (const [name, value] of isPairs ? (headers as Iterable<[string, unknown]>) : Object.entries(headers)) {
    const lower = name.toLowerCase();
    const before = isPairs ? own.get(lower) : undefined;
    const text = textOf(value);
    // RFC 9110, section 5.3: several headers of one name are equal to one header with commas.
    own.set(lower, before === undefined || text === undefined ? text : `${before}, ${text}`);
  }
  // An assignment to `__proto__`, which is a valid name of a header, would set the prototype instead.
  return {...base, ...Object.fromEntries(own)};
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Date ? value.toUTCString() : String(value);
}
