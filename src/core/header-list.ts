/** What can be made into headers: as in the Fetch standard, and with `undefined` to take a default away. */
export type HeadersInput =
  | Headers
  | Iterable<readonly [string, string | undefined]>
  | Record<string, string | number | undefined>;

/** RFC 9110, section 5.6.2: what names of headers and methods are made of. */
export const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// Fetch, "header value": no NUL, CR or LF, and every code unit a byte.
const badValue = /[\0\r\n]|[^\0-\xff]/;

// Names repeat endlessly and user code may spell them in any case: lower-casing and checking is done once for each spelling.
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
  const trimmed = isTrimmed(text) ? text : text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (badValue.test(trimmed)) throw new TypeError(`Invalid value of header "${name}"`);
  return trimmed;
}

// HTTP whitespace: tab, LF, CR, space. All are below '!'.
function isTrimmed(text: string): boolean {
  return text.length === 0 || (text.charCodeAt(0) > 32 && text.charCodeAt(text.length - 1) > 32);
}

/**
 * The request's header list (Fetch, "header list"): a flat array of lower-case names and values. A `Headers` object
 * costs more than all that is done with it here, so none is made.
 */
export class HeaderList {
  /** Name, value, name, value, … */
  readonly flat: string[];

  constructor(flat: string[] = []) {
    this.flat = flat;
  }

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

  /** Adds those of `input`; each name replaces what was there under it, and `undefined` takes it away. */
  merge(input: HeadersInput, fresh = false): void {
    if (typeof input !== 'object' || input === null) throw new TypeError('Headers are an object or pairs');
    if (isIterable(input)) {
      const names = new Set<string>();
      for (const pair of input) {
        const [name, value] = pair;
        if (pair.length !== 2) throw new TypeError('A header is a pair of name and value');
        const lower = normalizeName(name);
        if (value === undefined) {
          this.delete(lower);
          continue;
        }
        // Several values of one name in the input stay several; those of the defaults go.
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
