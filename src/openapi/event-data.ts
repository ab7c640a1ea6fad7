import type {LoadedDocument, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';

/** The data of an event: text, or JSON with a schema. */
export type EventData = {readonly json: SchemaOrBoolean} | 'text';

/**
 * The data of events, from the schema of a whole event (OpenAPI 3.2, "Server-Sent Event Streams"). The list is empty when
 * the schema doesn't describe the data.
 */
export function eventData(
  document: LoadedDocument,
  item: SchemaOrBoolean,
  seen = new Set<Schema>(),
): EventData[] {
  const schema = resolve<SchemaOrBoolean>(document, item as never);
  // A schema may be a part of several parts, and of itself.
  if (!isSchema(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const {properties = {}, allOf = [], oneOf = [], anyOf = []} = schema;
  // The choices describe each event more exactly than the properties that all events share.
  const ofChoices = [...oneOf, ...anyOf].flatMap((choice) => eventData(document, choice, seen));
  if (ofChoices.length > 0) return ofChoices;
  const own = properties['data'];
  if (own !== undefined) return [dataOf(document, own)];
  return allOf.flatMap((part) => eventData(document, part, seen));
}

function dataOf(document: LoadedDocument, property: SchemaOrBoolean): EventData {
  const schema = resolve<SchemaOrBoolean>(document, property as never);
  const {type, contentMediaType, contentSchema} = isSchema(schema) ? schema : ({} as Schema);
  if (contentSchema !== undefined) return {json: contentSchema};
  if (contentMediaType !== undefined) return /[/+]json\b/i.test(contentMediaType) ? {json: true} : 'text';
  // The data of an event is always text. A document that declares another type means the JSON in this text.
  return type === undefined || [type].flat().includes('string') ? 'text' : {json: property};
}
