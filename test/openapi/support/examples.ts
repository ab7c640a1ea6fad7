import type {LoadedDocument, Schema, SchemaOrBoolean} from '../../../src/openapi/document.ts';
import {isSchema, resolve} from '../../../src/openapi/document.ts';

/** A value that fits a schema. Deeply nested objects leave out optional members. */
export function exampleOf(
  document: LoadedDocument,
  schema: SchemaOrBoolean | undefined,
  direction: 'in' | 'out',
  depth = 0,
): unknown {
  const whole = flatten(document, schema);
  const {type, properties, items, prefixItems} = whole;
  const make = (part: SchemaOrBoolean | undefined) => exampleOf(document, part, direction, depth + 1);
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  const [first = guess(whole)] = [type ?? []].flat();
  switch (first) {
    case 'string':
      return stringOf(whole);
    case 'integer':
    case 'number':
      return (whole as {minimum?: number}).minimum ?? 7;
    case 'boolean':
      return true;
    case 'array':
      if (prefixItems) return prefixItems.map(make);
      return depth > 4 && !(whole as {minItems?: number}).minItems ? [] : [make(items)];
    case 'object': {
      const required = new Set(whole.required);
      const members = Object.entries(properties ?? {})
        .filter(([name, property]) => {
          if (typeof property === 'object' && (direction === 'in' ? property.readOnly : property.writeOnly))
            return false;
          return required.has(name) || depth < 2;
        })
        // The limit ends schemas that contain themselves.
        .map(([name, property]) => [name, depth > 12 ? null : make(property)]);
      return Object.fromEntries(members);
    }
    case 'null':
      return null;
    default:
      return 'anything';
  }
}

const merged = new WeakMap<object, Schema>();

/** The schema merged with the schemas that it refers to, and with the first of its alternatives. */
export function flatten(document: LoadedDocument, schema: SchemaOrBoolean | undefined): Schema {
  if (typeof schema !== 'object') return {};
  const known = merged.get(schema) ?? merge(document, schema);
  merged.set(schema, known);
  return known;
}

function merge(document: LoadedDocument, schema: Schema): Schema {
  const resolved = resolve<SchemaOrBoolean | undefined>(document, schema as never);
  if (!isSchema(resolved)) return {};
  const {allOf = [], oneOf = [], anyOf = [], ...own} = resolved;
  const choice = [oneOf, anyOf].flatMap((choices) => choices.find((one) => !isNull(document, one)) ?? []);
  // The example fits the first choice, which a discriminator then names.
  let whole: Schema = own;
  for (const part of [...allOf, ...choice]) {
    const next = flatten(document, part);
    whole = {
      ...next,
      ...whole,
      properties: {...next.properties, ...whole.properties},
      required: [...(next.required ?? []), ...(whole.required ?? [])],
    };
  }
  return whole;
}

function isNull(document: LoadedDocument, schema: SchemaOrBoolean): boolean {
  const resolved = resolve<SchemaOrBoolean>(document, schema as never);
  return typeof resolved === 'object' && resolved.type === 'null';
}

function guess({properties, additionalProperties, items}: Schema): string | undefined {
  if (properties && Object.keys(properties).length > 0) return 'object';
  if (additionalProperties !== undefined) return 'object';
  return items === undefined ? undefined : 'array';
}

function stringOf({format, ...rest}: Schema): unknown {
  if (format === 'binary') return new Blob(['binary']);
  if (format === 'date-time') return '2026-01-02T03:04:05.000Z';
  if (format === 'date') return '2026-01-02';
  // Characters that paths, queries or headers have to encode.
  return (rest as {pattern?: string}).pattern === undefined ? 'a b/ü&=,' : 'text';
}
