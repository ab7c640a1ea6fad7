import type {LoadedDocument, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';

/** The data of events: text, or JSON of a schema. */
export type EventData = {readonly json: SchemaOrBoolean} | 'text';

/**
 * What events have for data, by the schema of an event as a whole (OpenAPI 3.2, "Server-Sent Event Streams"); nothing
 * where that says nothing of it.
 */
export function eventData(document: LoadedDocument, item: SchemaOrBoolean, depth = 0): EventData[] {
  const schema = resolve<SchemaOrBoolean>(document, item as never);
  // One that is made of itself ends somewhere.
  if (!isSchema(schema) || depth > 20) return [];
  const {properties = {}, allOf = [], oneOf = [], anyOf = []} = schema;
  // What tells events apart says more than what they have in common.
  const ofChoices = [...oneOf, ...anyOf].flatMap((choice) => eventData(document, choice, depth + 1));
  if (ofChoices.length > 0) return ofChoices;
  const own = properties['data'];
  if (own !== undefined) return [dataOf(document, own)];
  return allOf.flatMap((part) => eventData(document, part, depth + 1));
}

function dataOf(document: LoadedDocument, property: SchemaOrBoolean): EventData {
  const schema = resolve<SchemaOrBoolean>(document, property as never);
  const {type, contentMediaType, contentSchema} = isSchema(schema) ? schema : ({} as Schema);
  if (contentSchema !== undefined) return {json: contentSchema};
  if (contentMediaType !== undefined) return /[/+]json\b/i.test(contentMediaType) ? {json: true} : 'text';
  // Data is text always: a document that says something else means what is in it.
  return type === undefined || [type].flat().includes('string') ? 'text' : {json: property};
}
