import {describeValue} from '../errors/printable.ts';
import {isObject} from '../utils/check-options.ts';
import type {HeaderList, HeadersInput} from './header-list.ts';
import {isIterable, mergeInto, token} from './header-list.ts';

// Fetch, "header value": no NUL, CR or LF, and every code unit fits in a byte.
const badValue = /[\0\r\n]|[^\0-\xff]/;

// The same names come with every request, in any case. Each spelling is checked and lower-cased once.
const knownNames = new Map<string, string>();

function normalizeName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) throw new TypeError(`Invalid header name: ${describeValue(name)}`);
  const lower = name.toLowerCase();
  if (knownNames.size < 500) knownNames.set(name, lower);
  return lower;
}

function normalizeValue(name: string, value: unknown): string {
  const text = trim(typeof value === 'string' ? value : String(value));
  if (badValue.test(text)) throw new TypeError(`Invalid value of header "${name}"`);
  return text;
}

// Without a pattern, which would search a run of whitespace inside the value again for each of its characters.
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (isSpace(text, end - 1)) end--;
  while (start < end && isSpace(text, start)) start++;
  return text.slice(start, end);
}

// HTTP whitespace: tab, LF, CR, space.
function isSpace(text: string, index: number): boolean {
  return text.charCodeAt(index) < 33 && /[\t\n\r ]/.test(text.charAt(index));
}

/**
 * Headers as a flat array of lower-case names and values. No `Headers` object is made, because it would cost more than all
 * the work that is done with the headers of a request here.
 */
export class FlatHeaderList implements HeaderList {
  readonly flat: string[];

  constructor(flat: string[] = []) {
    this.flat = flat;
  }

  /** @throws TypeError for a name or value that HTTP can't carry */
  static from(input: HeadersInput | undefined): FlatHeaderList {
    const list = new FlatHeaderList();
    if (input !== undefined && !list.#mergeRecord(input)) mergeInto(list, input, true);
    return list;
  }

  copy(): FlatHeaderList {
    return new FlatHeaderList(this.flat.slice());
  }

  get(name: string): string | undefined {
    const lower = normalizeName(name);
    const {flat} = this;
    let found: string | undefined;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] === lower)
        found = found === undefined ? flat[index + 1] : `${found}, ${flat[index + 1]}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string): void {
    const lower = normalizeName(name);
    const text = normalizeValue(lower, value);
    const {flat} = this;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] !== lower) continue;
      flat[index + 1] = text;
      this.#removeFrom(index + 2, lower);
      return;
    }
    flat.push(lower, text);
  }

  append(name: string, value: string): void {
    const lower = normalizeName(name);
    const text = normalizeValue(lower, value);
    // RFC 6265, section 5.4: a request has one Cookie header.
    if (lower === 'cookie') {
      const before = this.get(lower);
      this.set(lower, before ? `${before}; ${text}` : text);
    } else {
      this.flat.push(lower, text);
    }
  }

  delete(name: string): void {
    this.#removeFrom(0, normalizeName(name));
  }

  merge(input: HeadersInput): void {
    if (!this.#mergeRecord(input)) mergeInto(this, input);
  }

  /** Merges a record of lower-case names, or of one. Two names of another record may be spellings of one header. */
  #mergeRecord(input: HeadersInput): boolean {
    if (!isObject(input) || isIterable(input)) return false;
    const names = Object.keys(input);
    if (names.length > 1 && names.some((name) => normalizeName(name) !== name)) return false;
    for (const name of names) {
      const value = input[name];
      if (value === undefined) this.delete(name);
      else this.set(name, value as string);
    }
    return true;
  }

  *[Symbol.iterator](): Generator<[string, string]> {
    const {flat} = this;
    for (let index = 0; index < flat.length; index += 2)
      yield [flat[index] as string, flat[index + 1] as string];
  }

  #removeFrom(start: number, lower: string): void {
    const {flat} = this;
    for (let index = flat.length - 2; index >= start; index -= 2)
      if (flat[index] === lower) flat.splice(index, 2);
  }
}
