import {afterColon, docComment, indent} from './comments.ts';
import {Directions} from './directions.ts';
import type {LoadedDocument, Reference, Schema, SchemaOrBoolean} from './document.ts';
import {isReference, isSchema, lookUp, OpenApiError, pointerSegments, resolve, within} from './document.ts';
import {literalType, memberName, stringLiteral} from './literals.ts';
import {knownTypes, nameOfRef, nameTail, Scope} from './names.ts';
import {aliasedRefs, bindingsOf, guessType, isBare, isBinaryText, isClosed} from './schema-types.ts';
import {canonicalRef, refOfSchema, Subtypes} from './subtypes.ts';
import {step} from './work.ts';
import type {Written} from './written.ts';
import {grouped, intersection, primary, union} from './written.ts';

/** The direction of a type: `in` to the API, or `out` of the API. `readOnly` and `writeOnly` members differ. */
type Direction = 'in' | 'out';

/** The context that a schema is written in. */
export interface TypeContext {
  readonly direction: Direction;
  /** Whether it is a parameter, where a date may be a `Date` and a list may be read-only. */
  readonly isParameter?: boolean;
  /** Whether it is a multipart form, whose parts may be binary. JSON can't contain binary data: there it is text. */
  readonly isForm?: boolean;
  /** The schemas of the anchors of a generic schema. */
  readonly bindings?: ReadonlyMap<string, Schema> | undefined;
}

/** A schema that becomes a named type of the generated code. */
interface Named {
  readonly ref: string;
  readonly name: string;
  readonly direction: Direction;
  readonly isForm: boolean;
  /** Whether the type is what the subtypes of a schema share, rather than one of these subtypes. */
  readonly isBase: boolean;
}

/** Keywords that make a schema with a `$ref` beside them an intersection. */
const structural = ['properties', 'required', 'allOf', 'oneOf', 'anyOf', 'additionalProperties'] as const;

/** The target of a schema that is nothing but a reference to another file. */
function elsewhere(schema: unknown): string | undefined {
  return isReference(schema) && Object.keys(schema).length === 1 && !schema.$ref.startsWith('#')
    ? schema.$ref
    : undefined;
}

/**
 * Writes schemas as TypeScript. Schemas that are referred to become named types; others are written in place.
 *
 * The class is longer than a screen because its methods call each other in turn: the type of a schema is made of the types
 * of its parts. Whatever needs no state is in schema-types.ts and written.ts.
 */
export class TypeWriter {
  readonly #document: LoadedDocument;
  readonly #warn: (message: string) => void;
  readonly #scope = new Scope(knownTypes);
  readonly #directions: Directions;
  readonly #subtypes: Subtypes;
  /** Whether the first use of a schema was that of a form, by reference. */
  readonly #isForm = new Map<string, boolean>();
  readonly #ownRefs = new Map<unknown, string>();
  readonly #names = new Map<string, string>();
  readonly #named = new Map<string, Named>();

  constructor(document: LoadedDocument, warn: (message: string) => void) {
    this.#document = document;
    this.#warn = warn;
    this.#subtypes = new Subtypes(document);
    this.#directions = new Directions(document, this.#subtypes);
    // Names are taken in the document's order, so that the first of two equal names has no number.
    for (const [name, schema] of Object.entries(document.root.components?.schemas ?? {})) {
      const own = this.#nameOf(refOfSchema(name));
      if (isSchema(schema) && !this.#ownRefs.has(schema)) this.#ownRefs.set(schema, refOfSchema(name));
      const target = elsewhere(schema);
      // The target in the other file gets the name that the document has for it.
      if (target !== undefined && !this.#names.has(target)) this.#names.set(target, own);
    }
  }

  /** The type of a schema. */
  typeOf(schema: SchemaOrBoolean | undefined, context: TypeContext): string {
    return this.#write(schema, context).text;
  }

  /** The type of a value that fits any of the schemas, or may be undefined. */
  typeOfAny(
    schemas: ReadonlyArray<SchemaOrBoolean | undefined>,
    orNothing: boolean,
    context: TypeContext,
  ): string {
    const written = schemas.map((schema) => this.#write(schema, context));
    return union(orNothing ? [...written, primary('undefined')] : written).text;
  }

  /** Declares the schemas of the document that no operation uses, too. Those that aren't valid become `unknown`. */
  useAll(): void {
    for (const name of Object.keys(this.#document.root.components?.schemas ?? {})) {
      const ref = refOfSchema(name);
      try {
        this.#reference(ref, {direction: 'out', isForm: this.#isForm.get(ref) === true});
      } catch (error) {
        this.#giveUp(ref, error);
      }
    }
  }

  /** @throws the error when it is about the limit of work, or about the code */
  #giveUp(ref: string, error: unknown): void {
    // No work is left after the limit, so that this throws the error again.
    this.#document.work.spend(0);
    const cause = error instanceof OpenApiError ? (error.cause ?? error) : error;
    this.#warn(
      `${ref} is not valid (${cause instanceof Error ? cause.message : String(cause)}): its type is unknown`,
    );
  }

  /** The declarations of all named types that were used so far, and of the types that they use, sorted by name. */
  declarations(): string[] {
    const written = new Map<string, string>();
    const declareAll = (isUsed: boolean) => {
      // Writing a declaration may add named types to the map, which the loop then reaches.
      for (const [key, named] of this.#named) {
        if (!written.has(key)) written.set(key, this.#declareWithin(named, isUsed));
      }
    };
    declareAll(true);
    this.useAll();
    declareAll(false);
    return [...this.#named]
      .sort(([, a], [, b]) => (a.name < b.name ? -1 : 1))
      .map(([key]) => written.get(key) as string);
  }

  #declareWithin(named: Named, isUsed: boolean): string {
    try {
      return within(named.ref, placeOf(named.ref), () => this.#declare(named));
    } catch (error) {
      if (isUsed) throw error;
      this.#giveUp(named.ref, error);
      return `export type ${named.name} = unknown;\n`;
    }
  }

  #declare({ref, name, direction, isForm, isBase}: Named): string {
    const schema = lookUp(this.#document, ref) as SchemaOrBoolean;
    const comment = isSchema(schema) ? docComment(this.#documented(schema, true)) : '';
    if (this.#isAliasOfItself(ref)) {
      this.#warn(`${ref} refers to nothing but itself: its type is unknown`);
      return `${comment}export type ${name} = unknown;\n`;
    }
    const context = {direction, isForm};
    const subtypes = isBase || !isSchema(schema) ? [] : this.#subtypes.of(ref);
    const {text, kind} =
      subtypes.length > 0
        ? union(subtypes.map(($ref) => this.#writeChoice({$ref}, schema as Schema, context, $ref === ref)))
        : this.#write(schema, context);
    return kind === 'object' && text !== '{}'
      ? `${comment}export interface ${name} ${text}\n`
      : `${comment}export type ${name} =${afterColon(text)};\n`;
  }

  #documented(schema: Schema, isNamed = false) {
    const {title, description, deprecated, format} = schema;
    return {
      summary: isNamed && title !== undefined && description === undefined ? title : undefined,
      description,
      deprecated,
      default: schema.default,
      format: format !== undefined && shownFormats.has(format) ? format : undefined,
    };
  }

  // --- names

  /**
   * The type that a reference stands for.
   *
   * @param isPart - Whether a schema inherits of it.
   */
  #reference(given: string, context: TypeContext, isPart = false): string {
    const target = lookUp(this.#document, given);
    const ref = elsewhere(target) ?? this.#refOf(given, target);
    const {direction} = context;
    const isBase = isPart && this.#subtypes.of(ref).length > 0;
    const key = this.#keyOf(ref, context) + (isBase ? ' base' : '');
    let named = this.#named.get(key);
    if (!named) {
      const plain = this.#nameOf(ref);
      const isForm = context.isForm === true && this.#directions.hasBinary(ref);
      const suffixes = [
        ...(isBase ? ['Base'] : []),
        ...(this.#isFormFirst(ref, isForm) === isForm ? [] : [isForm ? 'Form' : 'Json']),
        ...(this.#directions.differ(ref) && direction === 'in' ? ['Input'] : []),
      ];
      const name = suffixes.length > 0 ? this.#scope.take(plain + suffixes.join('')) : plain;
      named = {ref, name, direction, isForm, isBase};
      this.#named.set(key, named);
    }
    return named.name;
  }

  /** The one reference to a schema, which may have several: in percent-encoding, or of the file that holds all `schemas`. */
  #refOf(given: string, target: unknown): string {
    return given.startsWith('#') ? canonicalRef(given) : (this.#ownRefs.get(target) ?? given);
  }

  /** Whether a schema is that of a form where it is used first. The type of this use has the name of the schema. */
  #isFormFirst(ref: string, isForm: boolean): boolean {
    const first = this.#isForm.get(ref) ?? isForm;
    this.#isForm.set(ref, first);
    return first;
  }

  /** The types of one schema: those of requests and responses, of forms and JSON, may differ. */
  #keyOf(ref: string, {direction, isForm}: TypeContext): string {
    const differing = this.#directions.differ(ref) ? ` ${direction}` : '';
    return `${ref}${differing}${isForm && this.#directions.hasBinary(ref) ? ' form' : ''}`;
  }

  #nameOf(ref: string): string {
    let name = this.#names.get(ref);
    if (name === undefined) {
      name = this.#scope.take(nameOfRef(ref));
      this.#names.set(ref, name);
    }
    return name;
  }

  /** Whether a type would be circular, as `type A = A | string`. */
  #isAliasOfItself(ref: string): boolean {
    const seen = new Set<string>();
    const waiting = [ref];
    for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
      for (const next of aliasedRefs(lookUp(this.#document, from) as SchemaOrBoolean)) {
        if (next === ref) return true;
        if (seen.has(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
    return false;
  }

  // --- types

  #write(schema: SchemaOrBoolean | undefined, context: TypeContext): Written {
    const written = this.#writeUncounted(schema, context);
    this.#document.work.spend(step + written.text.length);
    return written;
  }

  #writeUncounted(schema: SchemaOrBoolean | undefined, context: TypeContext): Written {
    if (schema === false) return primary('never');
    if (!isSchema(schema)) return primary('unknown');
    const {$ref, $dynamicRef, nullable} = schema;
    if ($ref === undefined && $dynamicRef !== undefined) {
      const bound = context.bindings?.get($dynamicRef.slice(1));
      return this.#write(bound, {...context, bindings: undefined});
    }
    if ($ref !== undefined) {
      const bindings = context.bindings ? undefined : bindingsOf(schema);
      if (bindings)
        return this.#write(resolve<SchemaOrBoolean>(this.#document, {$ref}), {...context, bindings});
      const isExtended = structural.some((keyword) => schema[keyword] !== undefined);
      const referred = primary(this.#reference($ref, context, isExtended));
      // OpenAPI 3.1 has keywords beside a reference. OpenAPI 3.0 ignores them, but its documents mean them too.
      const beside = isExtended
        ? intersection([
            referred,
            this.#write({...schema, $ref: undefined, nullable: false} as never, context),
          ])
        : referred;
      return nullable ? union([beside, primary('null')]) : beside;
    }
    const type = this.#writeWhole(schema, context);
    return nullable && type.text !== 'unknown' ? union([type, primary('null')]) : type;
  }

  #writeWhole(schema: Schema, context: TypeContext): Written {
    if (schema.const !== undefined) return primary(literalType(schema.const));
    if (schema.enum) return union(schema.enum.map((value) => primary(literalType(value))));
    const {allOf, oneOf, anyOf} = schema;
    if (!allOf && !oneOf && !anyOf) return this.#writeTypes(schema, context);
    const parts: Written[] = [];
    if (schema.properties || schema.additionalProperties) parts.push(this.#writeObject(schema, context));
    for (const part of allOf ?? []) {
      // A part with nothing but annotations or `required` says nothing about the type.
      // A part that allows no members by itself means the members of the other parts.
      if (isBare(part) || isClosed(part)) continue;
      parts.push(isReference(part) ? this.#writePart(part, context) : this.#write(part, context));
    }
    const demanded = this.#demanded(schema, context);
    if (demanded) parts.push(demanded);
    for (const choices of [oneOf, anyOf]) {
      if (!choices) continue;
      const written = choices
        .filter((choice) => !isBare(choice))
        .map((choice) => this.#writeChoice(choice, schema, context));
      if (written.length > 0) parts.push(union(written));
    }
    return parts.length > 0
      ? intersection(parts)
      : this.#writeTypes({...schema, allOf: undefined, oneOf: undefined, anyOf: undefined} as never, context);
  }

  /** A part of `allOf`, of which the schema inherits. */
  #writePart(part: Reference & Schema, context: TypeContext): Written {
    return Object.keys(part).length === 1
      ? primary(this.#reference(part.$ref, context, true))
      : this.#write(part, context);
  }

  /** The members that `required` names although a part of `allOf` declares them as optional. */
  #demanded(schema: Schema, context: TypeContext): Written | undefined {
    const lists = [schema, ...(schema.allOf ?? []).filter(isSchema)].map((part) => part.required ?? []);
    const names = new Set(lists.flat());
    for (const name of Object.keys(schema.properties ?? {})) names.delete(name);
    const members: string[] = [];
    for (const name of names) {
      const holder = this.#holderOf(name, schema.allOf ?? []);
      if (!holder || holder.required?.includes(name)) continue;
      const property = holder.properties?.[name];
      if (property === undefined || this.#isLeftOut(property, context)) continue;
      members.push(`  ${memberName(name)}:${indent(afterColon(this.#write(property, context).text))};\n`);
    }
    return members.length > 0 ? {text: `{\n${members.join('')}}`, kind: 'object'} : undefined;
  }

  /** The first of the schemas, or of their `allOf` parts, that declares a property. */
  #holderOf(
    name: string,
    schemas: readonly SchemaOrBoolean[],
    seen = new Set<SchemaOrBoolean>(),
  ): Schema | undefined {
    for (const part of schemas) {
      this.#document.work.spend();
      const schema = resolve<SchemaOrBoolean>(this.#document, part as never);
      // A schema may be a part of several parts, and of itself.
      if (!isSchema(schema) || seen.has(schema)) continue;
      seen.add(schema);
      if (schema.properties && Object.hasOwn(schema.properties, name)) return schema;
      const found = this.#holderOf(name, schema.allOf ?? [], seen);
      if (found) return found;
    }
    return undefined;
  }

  /** One choice of a union. A discriminator adds its property to the choice. */
  #writeChoice(
    choice: SchemaOrBoolean,
    {discriminator}: Schema,
    context: TypeContext,
    isBase = false,
  ): Written {
    const written =
      isBase && isReference(choice)
        ? primary(this.#reference(choice.$ref, context, true))
        : this.#write(choice, context);
    const property = discriminator?.propertyName;
    if (property === undefined || !isReference(choice)) return written;
    const {$ref} = choice;
    const mapped = Object.entries(discriminator?.mapping ?? {})
      .filter(([, target]) => {
        this.#document.work.spend();
        return target === $ref || nameTail(target) === nameTail($ref);
      })
      .map(([value]) => value);
    const values = mapped.length > 0 ? mapped : [nameTail($ref)];
    const own = this.#holderOf(property, [choice])?.properties?.[property];
    const declared = own === undefined ? undefined : resolve<SchemaOrBoolean>(this.#document, own as never);
    // A property that declares its own values, which may differ from the mapping, stays as it is.
    if (isSchema(declared) && hasOwnValues(declared, values)) return written;
    const type = union(values.map((value) => primary(stringLiteral(value)))).text;
    return intersection([written, {text: `{${memberName(property)}: ${type}}`, kind: 'object'}]);
  }

  #writeTypes(schema: Schema, context: TypeContext): Written {
    const types = schema.type === undefined ? [guessType(schema)] : [schema.type].flat();
    return union(types.map((type) => this.#writeType(type, schema, context)));
  }

  #writeType(type: string | undefined, schema: Schema, context: TypeContext): Written {
    switch (type) {
      case 'string':
        return primary(stringType(schema, context));
      case 'integer':
      case 'number':
        return primary('number');
      case 'boolean':
        return primary('boolean');
      case 'null':
        return primary('null');
      case 'file':
        return primary('Blob');
      case 'array':
        return this.#writeArray(schema, context);
      case 'object':
        return this.#writeObject(schema, context);
      default:
        return primary('unknown');
    }
  }

  #writeArray({items, prefixItems}: Schema, context: TypeContext): Written {
    const readonly = context.isParameter ? 'readonly ' : '';
    if (prefixItems) {
      const first = prefixItems.map((item) => this.#write(item, context).text);
      const rest = items === false ? [] : [`...${grouped(this.#write(items, context))}[]`];
      return {
        text: `${readonly}[${[...first, ...rest].join(', ')}]`,
        kind: readonly ? 'modified' : 'primary',
      };
    }
    const text = `${readonly}${grouped(this.#write(items, context))}[]`;
    return {text, kind: readonly ? 'modified' : 'primary'};
  }

  #writeObject(schema: Schema, context: TypeContext): Written {
    const {properties = {}, additionalProperties, patternProperties} = schema;
    const required = new Set(schema.required ?? []);
    const members: string[] = [];
    const types: Written[] = [];
    for (const [name, property] of Object.entries(properties)) {
      if (this.#isLeftOut(property, context)) continue;
      const written = this.#write(property, context);
      const comment = isSchema(property) ? docComment(this.#documented(property)) : '';
      const isOptional = !required.has(name);
      types.push(written);
      if (isOptional) types.push(primary('undefined'));
      members.push(`${comment}${memberName(name)}${isOptional ? '?' : ''}:${afterColon(written.text)};\n`);
    }
    const patterns = Object.values(patternProperties ?? {});
    const others =
      additionalProperties === undefined || additionalProperties === false
        ? patterns
        : [...patterns, additionalProperties];
    if (others.length > 0) {
      const written = others.map((other) => this.#write(other, context));
      const isAnything = written.some(({text}) => text === 'unknown');
      // TypeScript demands that an index signature includes the types of all members.
      const {text} = isAnything ? primary('unknown') : union([...written, ...types]);
      members.push(`[name: string]:${afterColon(text)};\n`);
    } else if (members.length === 0) {
      // The schema says nothing about the members.
      return additionalProperties === false
        ? primary('Record<string, never>')
        : {text: '{\n  [name: string]: unknown;\n}', kind: 'object'};
    }
    return {text: `{\n  ${indent(members.join('')).trimEnd()}\n}`, kind: 'object'};
  }

  /** Whether the type leaves a member out: requests have no read-only members, responses no write-only ones. */
  #isLeftOut(property: SchemaOrBoolean, {direction}: TypeContext): boolean {
    return this.#directions.isLeftOut(property, direction);
  }
}

/** Formats that doc comments show, because they say more than the type. */
const shownFormats = new Set([
  'byte',
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'int64',
  'ipv4',
  'ipv6',
  'time',
  'uri',
  'uuid',
]);

function hasOwnValues({const: only, enum: allowed}: Schema, values: readonly string[]): boolean {
  if (only !== undefined || allowed?.length === 1) return true;
  return allowed !== undefined && !values.every((value) => allowed.includes(value));
}

function stringType(schema: Schema, {isParameter, isForm}: TypeContext): string {
  if (isForm && isBinaryText(schema)) return 'Blob';
  return isParameter && schema.format === 'date-time' ? 'Date | string' : 'string';
}

/** The place of a schema in the document; none for one of another file. */
function placeOf(ref: string): readonly string[] {
  return ref.startsWith('#') ? pointerSegments(ref) : [];
}
