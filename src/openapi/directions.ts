import type {LoadedDocument, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, lookUp} from './document.ts';
import {isBinaryText} from './schema-types.ts';
import type {Subtypes} from './subtypes.ts';

/** Finds the schemas whose type differs between requests and responses, because of `readOnly` and `writeOnly`. */
export class Directions {
  readonly #document: LoadedDocument;
  readonly #subtypes: Subtypes;
  readonly #scanned = new Map<string, Scanned>();
  readonly #oneWay = new Map<string, boolean>();
  readonly #binary = new Map<string, boolean>();

  constructor(document: LoadedDocument, subtypes: Subtypes) {
    this.#document = document;
    this.#subtypes = subtypes;
  }

  /** Whether the schema at `ref`, or a schema that it refers to, has a member that is read-only or write-only. */
  differ(ref: string): boolean {
    return this.#reaches(ref, this.#oneWay, 'hasOneWay');
  }

  /** Whether the schema at `ref`, or a schema that it refers to, has a string that is binary data in a form. */
  hasBinary(ref: string): boolean {
    return this.#reaches(ref, this.#binary, 'hasBinary');
  }

  #reaches(ref: string, results: Map<string, boolean>, trait: 'hasBinary' | 'hasOneWay'): boolean {
    const known = results.get(ref);
    if (known !== undefined) return known;
    // Visits each schema once: the result of all schemas on the way is known afterwards.
    const usersOf = new Map<string, string[]>([[ref, []]]);
    const waiting = [ref];
    const differing: string[] = [];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const {refs, ...traits} = this.#scan(next);
      if (traits[trait]) differing.push(next);
      for (const one of refs) {
        if (results.get(one)) differing.push(next);
        if (results.has(one)) continue;
        const users = usersOf.get(one);
        if (users) users.push(next);
        else {
          usersOf.set(one, [next]);
          waiting.push(one);
        }
      }
    }
    for (const one of usersOf.keys()) results.set(one, false);
    for (let next = differing.pop(); next !== undefined; next = differing.pop()) {
      if (results.get(next)) continue;
      results.set(next, true);
      differing.push(...(usersOf.get(next) ?? []));
    }
    return results.get(ref) === true;
  }

  #scan(ref: string): Scanned {
    let scanned = this.#scanned.get(ref);
    if (!scanned) {
      scanned = scan(lookUp(this.#document, ref) as SchemaOrBoolean);
      // The subtypes of a schema are a part of its type.
      const subtypes = this.#subtypes.of(ref);
      if (subtypes.length > 0) scanned = {...scanned, refs: new Set([...scanned.refs, ...subtypes])};
      this.#scanned.set(ref, scanned);
    }
    return scanned;
  }

  isLeftOut(property: SchemaOrBoolean, direction: 'in' | 'out'): boolean {
    if (!isSchema(property)) return false;
    return direction === 'in' ? property.readOnly === true : property.writeOnly === true;
  }
}

interface Scanned {
  readonly hasOneWay: boolean;
  readonly hasBinary: boolean;
  readonly refs: ReadonlySet<string>;
}

function scan(schema: SchemaOrBoolean): Scanned {
  let hasBinary = false;
  const refs = new Set<string>();
  let hasOneWay = false;
  const visit = (current: SchemaOrBoolean | undefined): void => {
    if (!isSchema(current)) return;
    if (current.$ref !== undefined) refs.add(current.$ref);
    if (isBinaryText(current)) hasBinary = true;
    for (const property of Object.values(current.properties ?? {})) {
      if (isSchema(property) && (property.readOnly || property.writeOnly)) hasOneWay = true;
      visit(property);
    }
    for (const other of Object.values(current.patternProperties ?? {})) visit(other);
    for (const keyword of ['items', 'additionalProperties'] as const) visit(current[keyword]);
    for (const keyword of ['prefixItems', 'allOf', 'oneOf', 'anyOf'] as const) {
      for (const part of (current as Schema)[keyword] ?? []) visit(part);
    }
  };
  visit(schema);
  return {hasOneWay, hasBinary, refs};
}
