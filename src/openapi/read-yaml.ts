import type {Document, Pair, Scalar} from 'yaml';
import {OpenApiError} from './document.ts';
import type {Work} from './work.ts';
import {step} from './work.ts';

type Yaml = typeof import('yaml');

/** The package `yaml` compares each alias with all others, so that their number counts twice. */
const mostAliases = 10_000;

/** The work of one member that a merge key copies: a million of them take some seconds. */
const mergeWork = 20 * step;

/**
 * Reads YAML in a time that grows with the length of the text. The same object stands for all aliases of one anchor.
 *
 * @throws an error that describes the mistake in the text
 */
export function readYaml({parseDocument, visit}: Yaml, text: string, work: Work): unknown {
  // The package compares each key with all others of its map, which takes minutes for large maps.
  const document = parseDocument(text, {uniqueKeys: false});
  const [error] = document.errors;
  if (error) throw error;
  checkNodes(document, visit);
  // The limit of the package counts aliases of aliases rather than their sizes. `checkSize` counts sizes.
  const value: unknown = document.toJS({maxAliasCount: -1});
  mergeKeys(value, work, new Set());
  return value;
}

/** @throws Error for a key that a map has twice, and for too many aliases */
function checkNodes(document: Document, visit: Yaml['visit']): void {
  let aliases = 0;
  visit(document, {
    Alias() {
      aliases++;
      if (aliases > mostAliases)
        throw new OpenApiError(`The document has more than ${mostAliases} aliases: use references ($ref)`);
    },
    Map(_, {items}) {
      const keys = new Set<unknown>();
      for (const {key} of items as ReadonlyArray<Pair<Scalar | undefined>>) {
        const name = key?.value;
        if (name === undefined || name === null || name === '<<') continue;
        if (keys.has(name)) throw new Error(`Map keys must be unique: "${String(name)}" occurs twice`);
        keys.add(name);
      }
    },
  });
}

/**
 * Replaces merge keys (`<<`) by the members that they stand for. Merge keys belong to YAML 1.1, and many documents that are
 * otherwise YAML 1.2 have them. A map's own members, and the first of several maps, take precedence.
 */
function mergeKeys(value: unknown, work: Work, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  const holder = value as Record<string, unknown>;
  for (const member of Object.values(holder)) mergeKeys(member, work, seen);
  const merge = Object.hasOwn(holder, '<<') ? holder['<<'] : undefined;
  if (typeof merge !== 'object' || merge === null) return;
  const merged = new Map<string, unknown>();
  const own = Object.entries(holder);
  for (const [name, member] of own) {
    if (name !== '<<') {
      merged.set(name, member);
      continue;
    }
    for (const source of [merge].flat()) {
      const members = Object.entries(Object(source));
      work.spend(members.length * mergeWork);
      for (const [key, inherited] of members) {
        if (!merged.has(key)) merged.set(key, Object.hasOwn(holder, key) ? holder[key] : inherited);
      }
    }
  }
  for (const [name] of own) delete holder[name];
  for (const [name, member] of merged)
    Object.defineProperty(holder, name, {
      value: member,
      configurable: true,
      enumerable: true,
      writable: true,
    });
}
