import type {LoadedDocument, SchemaOrBoolean} from './document.ts';
import {decoded, isReference, isSchema, lookUp, pointerSegments} from './document.ts';
import {nameTail} from './names.ts';

/** The reference to a named schema of the document. */
export function refOfSchema(name: string): string {
  // Names that only look percent-encoded keep their percent signs.
  const encoded = decoded(name) === name ? name : name.replaceAll('%', '%25');
  return `#/components/schemas/${encoded.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A reference to a named schema as `refOfSchema` writes it, whatever is percent-encoded in it; other references as they are. */
export function canonicalRef(ref: string): string {
  if (!ref.startsWith('#/components/schemas/')) return ref;
  const [, , name, ...more] = pointerSegments(ref);
  return name !== undefined && more.length === 0 ? refOfSchema(name) : ref;
}

/**
 * Finds the subtypes of a schema with a discriminator: the schemas that name it in `allOf` (OpenAPI, "Discriminator Object").
 * A value of the schema is a value of one of its subtypes.
 */
export class Subtypes {
  readonly #document: LoadedDocument;
  readonly #known = new Map<string, readonly string[]>();
  #heirs: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(document: LoadedDocument) {
    this.#document = document;
  }

  /** The references to the subtypes of a schema; none if it has no discriminator of its own, or has choices. */
  of(ref: string): readonly string[] {
    let known = this.#known.get(ref);
    if (!known) {
      known = this.#find(ref);
      this.#known.set(ref, known);
    }
    return known;
  }

  #find(ref: string): readonly string[] {
    const schema = lookUp(this.#document, ref) as SchemaOrBoolean;
    if (!isSchema(schema)) return [];
    const {discriminator, oneOf, anyOf} = schema;
    if (discriminator?.propertyName === undefined || oneOf || anyOf) return [];
    this.#heirs ??= heirsOf(this.#document);
    const found = new Set<string>();
    const waiting = [ref];
    for (let base = waiting.pop(); base !== undefined; base = waiting.pop()) {
      for (const heir of this.#heirs.get(base) ?? []) {
        this.#document.work.spend();
        if (heir === ref || found.has(heir)) continue;
        found.add(heir);
        waiting.push(heir);
      }
    }
    if (found.size === 0) return [];
    // A mapping that names the schema itself says that it is no abstract one.
    const isOne = Object.values(discriminator.mapping ?? {}).some(
      (target) => nameTail(target) === nameTail(ref),
    );
    return isOne ? [ref, ...found] : [...found];
  }
}

/** The named schemas that have a schema as a part of their `allOf`, by its reference. */
function heirsOf(document: LoadedDocument): ReadonlyMap<string, readonly string[]> {
  const heirs = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(document.root.components?.schemas ?? {})) {
    document.work.spend();
    if (!isSchema(schema) || !Array.isArray(schema.allOf)) continue;
    for (const part of schema.allOf) {
      if (!isReference(part)) continue;
      const base = canonicalRef(part.$ref);
      const others = heirs.get(base);
      if (others) others.push(refOfSchema(name));
      else heirs.set(base, [refOfSchema(name)]);
    }
  }
  return heirs;
}
