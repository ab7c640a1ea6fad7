import type {Schema, SchemaOrBoolean} from './document.ts';
import {isSchema} from './document.ts';

const typeKeywords = [
  '$ref',
  '$dynamicRef',
  'type',
  'enum',
  'const',
  'properties',
  'additionalProperties',
  'patternProperties',
  'items',
  'prefixItems',
  'allOf',
  'oneOf',
  'anyOf',
  'format',
  'contentMediaType',
] as const;

/** Whether a schema has no keyword that says something about the type. */
export function isBare(schema: SchemaOrBoolean): boolean {
  if (!isSchema(schema)) return schema !== false;
  return !typeKeywords.some((keyword) => schema[keyword] !== undefined);
}

/** Whether a schema allows no members at all. */
export function isClosed(schema: SchemaOrBoolean): boolean {
  if (!isSchema(schema) || schema.additionalProperties !== false || schema.patternProperties) return false;
  return Object.keys(schema.properties ?? {}).length === 0 && !schema.allOf && !schema.oneOf && !schema.anyOf;
}

/** The likely `type` of a schema without one. */
export function guessType(schema: Schema): string | undefined {
  if (schema.properties || schema.additionalProperties !== undefined || schema.patternProperties)
    return 'object';
  if (schema.items !== undefined || schema.prefixItems) return 'array';
  return schema.format === 'binary' || schema.contentMediaType !== undefined ? 'string' : undefined;
}

/** The references that a type consists of, without an object or a list in between. */
export function aliasedRefs(schema: SchemaOrBoolean): string[] {
  if (!isSchema(schema)) return [];
  if (schema.$ref !== undefined) return [schema.$ref];
  return [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap(aliasedRefs);
}

/** Whether a string is binary data where its place allows it: a part of a form, or a whole body. */
export function isBinaryText({format, contentMediaType, contentEncoding}: Schema): boolean {
  if (format === 'binary') return true;
  return contentMediaType !== undefined && contentEncoding === undefined && isBinary(contentMediaType);
}

function isBinary(mediaType: string): boolean {
  return /^(?:audio|font|image|video)\/(?!svg)|^application\/(?:octet-stream|pdf|zip|gzip)\b/i.test(
    mediaType,
  );
}

/** The schemas that a schema gives the anchors of a generic schema beside it (JSON Schema 2020-12, section 8.2.3.2). */
export function bindingsOf({$ref, $defs}: Schema): ReadonlyMap<string, Schema> | undefined {
  if ($ref === undefined || $defs === undefined) return undefined;
  const bound = Object.values($defs).filter(isSchema);
  const bindings = bound.flatMap((one) =>
    one.$dynamicAnchor === undefined ? [] : [[one.$dynamicAnchor, one] as const],
  );
  return bindings.length > 0 ? new Map(bindings) : undefined;
}
