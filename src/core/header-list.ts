import {isObject} from '../utils/check-options.ts';

/** Headers as in the Fetch standard. A value of `undefined` removes a default header. */
export type HeadersInput =
  | Headers
  | Iterable<readonly [string, string | undefined]>
  | Record<string, string | number | undefined>;

/** RFC 9110, section 5.6.2: a token, which names of headers and methods are. */
export const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/**
 * The headers of a request (Fetch, "header list"). Names are in lower case. In pages the list is made of the browser's
 * `Headers`, which saves code, and elsewhere of a flat array, which saves time.
 *
 * @throws TypeError for a name or value that HTTP can't carry, in each method that takes one
 */
export interface HeaderList extends Iterable<[name: string, value: string]> {
  /** Name, value, name, value, … */
  readonly flat: string[];
  copy(): HeaderList;
  /** All values of the name, joined by commas; `undefined` if there is none. */
  get(name: string): string | undefined;
  has(name: string): boolean;
  /** Replaces all values of the name. */
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Merges headers into the list. A header replaces all values that its name had before, and `undefined` removes them. */
  merge(input: HeadersInput): void;
}

/**
 * Does the work of {@link HeaderList.merge}.
 *
 * @param fresh - the list is empty, so that nothing has to be replaced
 */
export function mergeInto(list: HeaderList, input: HeadersInput, fresh = false): void {
  if (!isObject(input)) throw notHeaders();
  const names = new Set<string>();
  for (const pair of isIterable(input) ? input : Object.entries(input)) {
    const [name, value] = pair;
    if (pair.length !== 2) throw notHeaders();
    const lower = String(name).toLowerCase();
    // The first value of a name replaces the defaults. Further values of the same name are appended.
    if (value === undefined) list.delete(name);
    else list[fresh || names.has(lower) ? 'append' : 'set'](name, value as string);
    names.add(lower);
  }
}

const notHeaders = () => new TypeError('Headers must be an object or a list of pairs');

/** Whether the headers are pairs or `Headers`, and not a record. */
export function isIterable(
  input: HeadersInput,
): input is Headers | Iterable<readonly [string, string | undefined]> {
  return typeof (input as {[Symbol.iterator]?: unknown})[Symbol.iterator] === 'function';
}
