import {pointerSegments} from './document.ts';

/** The words of a name in whatever style it is written. */
function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKD')
      .replaceAll(/[\u0300-\u036f'’]/g, '')
      // fooBar, FOOBar
      .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
      .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
      .split(/[^A-Za-z\d]+/)
      .filter((word) => word !== '')
  );
}

const capitalize = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** `list-for-org` and `ListForOrg` become `listForOrg`; of what has no letters, `fallback`. */
export function camelCase(text: string, fallback: string): string {
  const [first, ...rest] = wordsOf(text);
  if (first === undefined) return fallback;
  const name = [first.toLowerCase(), ...rest.map((word) => capitalize(lowerAcronym(word)))].join('');
  return /^\d/.test(name) ? `_${name}` : name;
}

/** `simple-user` becomes `SimpleUser`; what is already one stays as it is. */
function pascalCase(text: string, fallback: string): string {
  const name = /^[A-Z][A-Za-z\d]*$/.test(text) ? text : wordsOf(text).map(capitalize).join('');
  if (name === '') return fallback;
  return /^\d/.test(name) ? `_${name}` : name;
}

// LISTUsers is listUsers, and not listUSERS.
function lowerAcronym(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word;
}

/** Names of one scope: the same name twice becomes `name` and `name2`. */
export class Scope {
  readonly #taken: Set<string>;

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  /** The name, or the first with a number after it that is free. */
  take(name: string): string {
    let free = name;
    for (let count = 2; this.#taken.has(free); count++) free = `${name}${count}`;
    this.#taken.add(free);
    return free;
  }
}

// ECMAScript's reserved words, and what strict code, modules and TypeScript add.
const reservedWords = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** A name that a constant may have. */
export function safeIdentifier(name: string): string {
  return reservedWords.has(name) ? `${name}_` : name;
}

/** Types that the generated code uses, and those that a reader takes for the language's. */
export const knownTypes = (
  'Array Blob Boolean Client Date Error Exclude Extract File FormData Function Map Number Object Omit Partial Pick ' +
  'Promise ReadableStream Readonly Record Request RequestBody Required Response Set String Symbol'
).split(' ');

/** A string as source code has it. */
export function stringLiteral(text: string): string {
  const inner = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    // Line ends to some tools.
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return `'${inner}'`;
}

/** A call that a bundler may leave out where nobody uses its result. */
export function pure(call: string): string {
  return `/* @__PURE__ */ ${call}`;
}

/** A member's name, quoted where it must be. */
export function memberName(name: string): string {
  // As it is, it would set a prototype.
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}

/** The last part of a reference. */
export function nameTail(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** A name for what is referred to: what it's called there, or where it is. */
export function nameOfRef(ref: string): string {
  const segments = pointerSegments(ref);
  const last = segments.at(-1);
  if (last === undefined) {
    const file = decodeURIComponent(nameTail(ref))
      .replace(/#.*$/, '')
      .replace(/\.\w+$/, '');
    return pascalCase(file, 'Type');
  }
  const holder = segments.at(-2);
  const isNamed = holder === 'schemas' || holder === 'definitions' || holder === '$defs';
  return pascalCase(
    isNamed ? last : segments.filter((segment) => segment !== 'components').join(' '),
    'Type',
  );
}
