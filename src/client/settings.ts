import {assertOption, isObject} from '../utils/check-options.ts';
import type {CallSettings} from './types.ts';

/** Settings of a call over those that it begins with. */
export function mergeSettings(base: CallSettings, settings: CallSettings): CallSettings {
  const {timeout, retry, idempotencyKey} = settings;
  if (timeout === undefined && retry === undefined && idempotencyKey === undefined) return base;
  return {
    timeout: lay(base.timeout, timeout, 'total'),
    retry: lay(base.retry, retry, 'retries'),
    idempotencyKey: idempotencyKey ?? base.idempotencyKey,
  };
}

/** An option that is an object, or a number that stands for one of its members. */
function lay<Option>(base: Option, option: Option, member: string): Option {
  if (option === undefined) return base;
  if (base === undefined || option === false) return option;
  // Off, and on again: by what is asked for now.
  if (base === false) return option;
  const toObject = (value: Option): object => (isObject(value) ? value : {[member]: value});
  return {...toObject(base), ...withoutUndefined(toObject(option))} as Option;
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Headers by lower-case name; `undefined` takes away what the session would send. */
export type HeaderRecord = Readonly<Record<string, string | undefined>>;

/** Headers over those there are, each name replacing what was there under it. */
export function mergeHeaders(base: HeaderRecord, headers: unknown): HeaderRecord {
  if (headers === undefined) return base;
  assertOption(isObject(headers), 'headers', headers, 'an object, or pairs');
  const laid: Record<string, string | undefined> = {...base};
  if (!(Symbol.iterator in headers)) {
    for (const [name, value] of Object.entries(headers)) laid[name.toLowerCase()] = textOf(value);
    return laid;
  }
  const own: Record<string, string | undefined> = {};
  for (const [name, value] of headers as Iterable<readonly [string, string | undefined]>) {
    const lower = name.toLowerCase();
    const before = own[lower];
    // RFC 9110, section 5.3: several of one name are one, with commas.
    own[lower] = before === undefined || value === undefined ? value : `${before}, ${value}`;
  }
  return Object.assign(laid, own);
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Date ? value.toUTCString() : String(value);
}
