import type {LoadedDocument, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, lookUp} from './document.ts';

/** Finds the schemas whose type differs between requests and responses, because of `readOnly` and `writeOnly`. */
export class Directions {
  readonly #document: LoadedDocument;
  readonly #known = new Map<string, boolean>();

  constructor(document: LoadedDocument) {
    this.#document = document;
  }

  /** Whether the schema at `ref`, or a schema that it refers to, has a member that is read-only or write-only. */
  differ(ref: string): boolean {
    const known = this.#known.get(ref);
    if (known !== undefined) return known;
    // Visits each schema once: the result of all schemas on the way is known afterwards.
    const usersOf = new Map<string, string[]>([[ref, []]]);
    const waiting = [ref];
    const differing: string[] = [];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const {hasOneWay, refs} = scan(lookUp(this.#document, next) as SchemaOrBoolean);
      if (hasOneWay) differing.push(next);
      for (const one of refs) {
        if (this.#known.get(one)) differing.push(next);
        if (this.#known.has(one)) continue;
        const users = usersOf.get(one);
        if (users) users.push(next);
        else {
          usersOf.set(one, [next]);
          waiting.push(one);
        }
      }
    }
    for (const one of usersOf.keys()) this.#known.set(one, false);
    for (let next = differing.pop(); next !== undefined; next = differing.pop()) {
      if (this.#known.get(next)) continue;
      this.#known.set(next, true);
      differing.push(...(usersOf.get(next) ?? []));
    }
    return this.#known.get(ref) === true;
  }

  isLeftOut(property: SchemaOrBoolean, direction: 'in' | 'out'): boolean {
    if (!isSchema(property)) return false;
    return direction === 'in' ? property.readOnly === true : property.writeOnly === true;
  }
}

function scan(schema: SchemaOrBoolean): {readonly hasOneWay: boolean; readonly refs: ReadonlySet<string>} {
  const refs = new Set<string>();
  let hasOneWay = false;
  const visit = (current: SchemaOrBoolean | undefined): void => {
    if (!isSchema(current)) return;
    if (current.$ref !== undefined) refs.add(current.$ref);
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
  return {hasOneWay, refs};
}
