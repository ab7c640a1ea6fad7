import type {LoadedDocument, Schema, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';

/** The data of an event: text, or JSON with a schema. */
export type EventData = {readonly json: SchemaOrBoolean} | 'text';

/**
 * The data of events, from the schema of a whole event (OpenAPI 3.2, "Server-Sent Event Streams"). The list is empty when
 * the schema doesn't describe the data.
 */
export function eventData(document: LoadedDocument, item: SchemaOrBoolean, depth = 0): EventData[] {
  const schema = resolve<SchemaOrBoolean>(document, item as never);
  // The limit ends schemas that contain themselves.
  if (!isSchema(schema) || depth > 20) return [];
  const {properties = {}, allOf = [], oneOf = [], anyOf = []} = schema;
  // The choices describe each event more exactly than the properties that all events share.
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
  // The data of an event is always text. A document that declares another type means the JSON in this text.
  return type === undefined || [type].flat().includes('string') ? 'text' : {json: property};
}
