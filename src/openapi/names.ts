import {decoded, pointerSegments} from './document.ts';

/** The words of a name, which may be in camel case, snake case, kebab case, or any other. */
function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .replaceAll(/['’]/g, '')
      // fooBar, FOOBar
      .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
      .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
      .split(/[^\p{L}\p{Nl}\p{M}\p{Nd}]+|\p{Me}+/u)
      .filter((word) => word !== '')
  );
}

/** A name as an identifier, which begins with no digit and no mark. */
function identifier(name: string): string {
  return /^[\p{L}\p{Nl}]/u.test(name) ? name : `_${name}`;
}

const capitalize = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** `list-for-org` and `ListForOrg` become `listForOrg`. A name without letters and digits becomes `fallback`. */
export function camelCase(text: string, fallback: string): string {
  const [first, ...rest] = wordsOf(text);
  if (first === undefined) return fallback;
  const name = [first.toLowerCase(), ...rest.map((word) => capitalize(lowerAcronym(word)))].join('');
  return identifier(name);
}

/** `simple-user` becomes `SimpleUser`. A name in Pascal case stays as it is. */
function pascalCase(text: string, fallback: string): string {
  const name = /^[A-Z][A-Za-z\d]*$/.test(text) ? text : wordsOf(text).map(capitalize).join('');
  if (name === '') return fallback;
  return identifier(name);
}

// list_USERS becomes listUsers rather than listUSERS.
function lowerAcronym(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word;
}

/** The names of one scope. The second use of a name becomes `name2`. */
export class Scope {
  readonly #taken: Set<string>;
  /** The next number to try for each name. Without it, a thousand equal names would take a million steps. */
  readonly #next = new Map<string, number>();

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  /** Takes the name, or the name with the first free number after it. */
  take(name: string): string {
    let free = name;
    let count = this.#next.get(name) ?? 2;
    for (; this.#taken.has(free); count++) free = `${name}${count}`;
    this.#next.set(name, count);
    this.#taken.add(free);
    return free;
  }
}

// The reserved words of ECMAScript, and those that strict mode, modules and TypeScript add. TypeScript refuses constants
// called `exports`, `globalThis` and `require`; an object or a module with a member `then` counts as a promise, so that
// `await` would call this member.
const reservedWords = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export exports extends ' +
    'false finally for function globalThis if implements import in instanceof interface let new null package private protected ' +
    'public require return static super switch then this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** Appends an underscore to a reserved word, so that a constant can have the name. */
export function safeIdentifier(name: string): string {
  return reservedWords.has(name) ? `${name}_` : name;
}

/** Names of types that the generated code uses or has of its own. A schema of such a name gets another. */
export const knownTypes = 'Blob Callbacks Client Date Record ResponseHeaders ReturnType Webhooks'.split(' ');

/** A call that a bundler may leave out where nobody uses its result. */
export function pure(call: string): string {
  return `/* @__PURE__ */ ${call}`;
}

/** The last part of a reference. */
export function nameTail(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** A name for the target of a reference: its own name, or its location. */
export function nameOfRef(ref: string): string {
  const segments = pointerSegments(ref);
  const last = segments.at(-1);
  if (last === undefined) {
    const file = decoded(nameTail(ref))
      .replace(/#.*$/s, '')
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
