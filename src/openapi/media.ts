import {bareMediaType} from '../utils/media-type.ts';
import type {Content, MediaType} from './document.ts';

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
}

/** Chooses one of several media types. */
export function choose(content: Content | undefined): Choice | undefined {
  const choices = Object.entries(content ?? {}).map(([mediaType, media]) => ({
    kind: kindOf(mediaType),
    mediaType,
    media,
  }));
  // Plain JSON goes before other media types that are JSON.
  const plain = choices.find(({mediaType}) => mediaType === 'application/json');
  if (plain) return plain;
  for (const kind of preferred) {
    const choice = choices.find((one) => one.kind === kind);
    if (choice) return choice;
  }
  return undefined;
}
