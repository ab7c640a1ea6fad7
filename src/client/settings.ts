import {assertOption, isObject} from '../utils/check-options.ts';
import type {CallSettings} from './types.ts';

/** Lays settings over base settings, such as those of a call over those of its endpoint. */
export function mergeSettings(base: CallSettings, settings: CallSettings): CallSettings {
  const {timeout, retry, idempotencyKey} = settings;
  if (timeout === undefined && retry === undefined && idempotencyKey === undefined) return base;
  return {
    timeout: mergeOption(base.timeout, timeout, 'total'),
    retry: mergeOption(base.retry, retry, 'retries'),
    idempotencyKey: idempotencyKey ?? base.idempotencyKey,
  };
}

/** Merges an option that is an object, or a number that stands for one member of the object, or `false` for off. */
function mergeOption<Option>(base: Option, option: Option, member: string): Option {
  if (option === undefined) return base;
  // Nothing of an option that was off is merged into one that switches it on again.
  if (base === undefined || base === false || option === false) return option;
  const toObject = (value: Option): object => (isObject(value) ? value : {[member]: value});
  return {...toObject(base), ...withoutUndefined(toObject(option))} as Option;
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Headers by lower-case name. `undefined` removes the header that the session would send. */
export type HeaderRecord = Readonly<Record<string, string | undefined>>;

/** Lays headers over base headers. A header replaces the base header of its name. */
export function mergeHeaders(base: HeaderRecord, headers: unknown): HeaderRecord {
  if (headers === undefined) return base;
  assertOption(isObject(headers), 'headers', headers, 'an object, or pairs of name and value');
  const merged: Record<string, string | undefined> = {...base};
  if (!(Symbol.iterator in headers)) {
    for (const [name, value] of Object.entries(headers)) setMember(merged, name.toLowerCase(), textOf(value));
    return merged;
  }
  const own = new Map<string, string | undefined>();
  for (const [name, value] of headers as Iterable<readonly [string, string | undefined]>) {
    const lower = name.toLowerCase();
    const before = own.get(lower);
    // RFC 9110, section 5.3: several headers of one name are equal to one header with commas.
    own.set(lower, before === undefined || value === undefined ? value : `${before}, ${value}`);
  }
  for (const [name, value] of own) setMember(merged, name, value);
  return merged;
}

/** An assignment to `__proto__`, which is a valid name of a header, would set the prototype instead. */
export function setMember(record: object, name: string, value: unknown): void {
  Object.defineProperty(record, name, {value, configurable: true, enumerable: true, writable: true});
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Date ? value.toUTCString() : String(value);
}
