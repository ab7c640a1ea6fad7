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
    const seen = new Set<string>([ref]);
    const waiting = [ref];
    let found = false;
    for (let next = waiting.pop(); next !== undefined && !found; next = waiting.pop()) {
      if (this.#known.get(next)) found = true;
      else {
        const {hasOneWay, refs} = scan(lookUp(this.#document, next) as SchemaOrBoolean);
        found = hasOneWay;
        for (const one of refs) {
          if (seen.has(one)) continue;
          seen.add(one);
          waiting.push(one);
        }
      }
    }
    // All schemas that were visited on the way have no such member either.
    if (found) this.#known.set(ref, true);
    else for (const one of seen) this.#known.set(one, false);
    return found;
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
