/** Headers as in the Fetch standard. A value of `undefined` removes a default header. */
export type HeadersInput =
  | Headers
  | Iterable<readonly [string, string | undefined]>
  | Record<string, string | number | undefined>;

/** RFC 9110, section 5.6.2: a token, which names of headers and methods are. */
export const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// Fetch, "header value": no NUL, CR or LF, and every code unit fits in a byte.
const badValue = /[\0\r\n]|[^\0-\xff]/;

// The same names come with every request, in any case. Each spelling is checked and lower-cased once.
const knownNames = new Map<string, string>();

function normalizeName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) throw new TypeError(`Invalid header name: ${JSON.stringify(name)}`);
  const lower = name.toLowerCase();
  if (knownNames.size < 500) knownNames.set(name, lower);
  return lower;
}

function normalizeValue(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  const trimmed = isTrimmed(text) ? text : trim(text);
  if (badValue.test(trimmed)) throw new TypeError(`Invalid value of header "${name}"`);
  return trimmed;
}

// Without a pattern for the end: it would search a run of whitespace inside the value again for each of its characters.
function trim(text: string): string {
  let end = text.length;
  while (/[\t\n\r ]/.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(/^[\t\n\r ]+/, '');
}

// HTTP whitespace: tab, LF, CR, space. All are below '!'.
function isTrimmed(text: string): boolean {
  return text.length === 0 || (text.charCodeAt(0) > 32 && text.charCodeAt(text.length - 1) > 32);
}

/**
 * The headers of a request (Fetch, "header list"), as a flat array of lower-case names and values. No `Headers` object is
 * made, because it would cost more than all the work that is done with the headers here.
 */
export class HeaderList {
  /** Name, value, name, value, … */
  readonly flat: string[];

  constructor(flat: string[] = []) {
    this.flat = flat;
  }

  /** @throws TypeError for a name or value that HTTP can't carry */
  static from(input: HeadersInput | undefined): HeaderList {
    const list = new HeaderList();
    if (input !== undefined) list.merge(input, true);
    return list;
  }

  copy(): HeaderList {
    return new HeaderList(this.flat.slice());
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
    const lower = normalizeName(name);
    const {flat} = this;
    for (let index = 0; index < flat.length; index += 2) if (flat[index] === lower) return true;
    return false;
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
    this.flat.push(lower, normalizeValue(lower, value));
  }

  delete(name: string): void {
    this.#removeFrom(0, normalizeName(name));
  }

  /**
   * Merges headers into the list. A header replaces all values that its name had before, and `undefined` removes them.
   *
   * @param fresh - the list is empty, so that nothing has to be replaced
   * @throws TypeError for a name or value that HTTP can't carry
   */
  merge(input: HeadersInput, fresh = false): void {
    if (typeof input !== 'object' || input === null)
      throw new TypeError('Headers must be an object, a Headers or a list of pairs');
    if (isIterable(input)) {
      const names = new Set<string>();
      for (const pair of input) {
        const [name, value] = pair;
        if (pair.length !== 2) throw new TypeError('A header must be a pair of name and value');
        const lower = normalizeName(name);
        if (value === undefined) {
          this.delete(lower);
          continue;
        }
        // The first value of a name replaces the defaults. Further values of the same name are appended.
        if (fresh || names.has(lower)) this.append(lower, value);
        else this.set(lower, value);
        names.add(lower);
      }
      return;
    }
    for (const name of Object.keys(input)) {
      const value = input[name];
      if (value === undefined) this.delete(name);
      else this.set(name, value as string);
    }
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

function isIterable(input: HeadersInput): input is Headers | Iterable<readonly [string, string | undefined]> {
  return typeof (input as {[Symbol.iterator]?: unknown})[Symbol.iterator] === 'function';
}
