import {bareMediaType} from '../utils/media-type.ts';
import type {Content, LoadedDocument, MediaType, SchemaOrBoolean} from './document.ts';
import {isSchema, resolve} from './document.ts';
import {isBare, isBinaryText} from './schema-types.ts';

type MediaKind = 'json' | 'ndjson' | 'events' | 'form' | 'multipart' | 'text' | 'binary';

/** Kinds of media types, the preferred one first. Of several of one kind, the document's first is used. */
const preferred: readonly MediaKind[] = ['json', 'ndjson', 'events', 'multipart', 'form', 'text', 'binary'];

function kindOf(mediaType: string): MediaKind {
  const bare = bareMediaType(mediaType);
  if (/^(?:application|text)\/json$|\+json$/.test(bare)) return 'json';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)$|\/json-seq$/.test(bare)) return 'ndjson';
  if (bare === 'text/event-stream') return 'events';
  if (bare === 'application/x-www-form-urlencoded') return 'form';
  if (bare === 'multipart/form-data') return 'multipart';
  if (
    bare.startsWith('text/') ||
    /^application\/(?:xml|yaml|x-yaml|javascript|graphql)$|\+xml$|\+yaml$/.test(bare)
  )
    return 'text';
  return 'binary';
}

export interface Choice {
  readonly kind: MediaKind;
  readonly mediaType: string;
  readonly media: MediaType;
  /** The media type as the document has it. */
  readonly declared: string;
  /** Whether the document has a range, as any type, in the place of the media type. */
  readonly isOpen: boolean;
}

/** The possible contents of a body, in the document's order. */
export function choicesOf(content: Content | undefined, document: LoadedDocument): Choice[] {
  return Object.entries(resolve<Content>(document, content ?? {})).map(([mediaType, given]) => {
    const media = resolve<MediaType>(document, given as never);
    // `*/*` is what springdoc writes where a method names no media type.
    if (/^(?:\*|application)\/\*$/.test(bareMediaType(mediaType))) {
      const kind = kindOfSchema(media.schema, document);
      if (kind !== 'binary')
        return {
          kind,
          mediaType: kind === 'json' ? 'application/json' : 'text/plain',
          media,
          declared: mediaType,
          isOpen: true,
        };
    }
    return {kind: kindOf(mediaType), mediaType, media, declared: mediaType, isOpen: false};
  });
}

/** The kind of a body whose media type is open: its schema tells what it is. */
function kindOfSchema(given: SchemaOrBoolean | undefined, document: LoadedDocument): MediaKind {
  const schema = resolve<SchemaOrBoolean | undefined>(document, given as never);
  if (!isSchema(schema) || isBare(schema)) return 'binary';
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  const isText = types.join() === 'string' || (types.length === 0 && isBinaryText(schema));
  if (types.join() === 'file' || (isText && isBinaryText(schema))) return 'binary';
  // Servers write a string as it is: Spring does so for application/json too.
  return isText ? 'text' : 'json';
}

/** Chooses one of several media types. */
export function choose(content: Content | undefined, document: LoadedDocument): Choice | undefined {
  const choices = choicesOf(content, document);
  // Plain JSON goes before other media types that are JSON.
  const plain = choices.find(({mediaType, isOpen}) => !isOpen && mediaType === 'application/json');
  if (plain) return plain;
  for (const kind of preferred) {
    const choice = choices.find((one) => one.kind === kind);
    if (choice) return choice;
  }
  return undefined;
}
