import type {LoadedDocument} from './document.ts';
import {isReference, OpenApiError, resolve} from './document.ts';
import {checkSize} from './work.ts';

/** Members whose value is no object that may be a reference, by OpenAPI, but is one in documents over several files. */
const wholes: ReadonlySet<string> = new Set([
  '$defs',
  'allOf',
  'anyOf',
  'callbacks',
  'components',
  'content',
  'discriminator',
  'encoding',
  'enum',
  'flows',
  'headers',
  'info',
  'mediaTypes',
  'oneOf',
  'parameters',
  'pathItems',
  'paths',
  'patternProperties',
  'prefixItems',
  'properties',
  'requestBodies',
  'required',
  'responses',
  'schemas',
  'securitySchemes',
  'servers',
  'tags',
  'variables',
  'webhooks',
]);

/** Members of these have names that the document chooses. */
const byName: ReadonlySet<string> = new Set(['$defs', 'patternProperties', 'properties', 'schemas']);

/** Deeper than a document may be nested, so that only references that lead into themselves reach it. */
const deepest = 250;

/**
 * Settles the references that the rest of the generator doesn't know: those in the place of a list or of a map, which are
 * replaced by what they lead to, and those to an anchor, which become JSON Pointers.
 *
 * @throws OpenApiError when such references lead nowhere, or lead back to themselves
 */
export function settled(document: LoadedDocument): LoadedDocument {
  const values = [document.root, ...document.files.values()];
  settleAnchors(document);
  let isChanged = false;
  const done = new Map<string, unknown>();
  const whole = (reference: {readonly $ref: string}): unknown => {
    isChanged = true;
    const {$ref, ...beside} = reference;
    if (Object.keys(beside).length > 0) {
      const target = resolve<unknown>(document, {$ref});
      document.work.spend(1_000);
      return Array.isArray(target) ? target : {...Object(target), ...beside};
    }
    if (!done.has($ref)) done.set($ref, resolve<unknown>(document, {$ref}));
    return done.get($ref);
  };
  const seen = [new WeakSet<object>(), new WeakSet<object>()] as const;
  const settle = (value: unknown, areNames: boolean, level: number): void => {
    if (typeof value !== 'object' || value === null || seen[areNames ? 1 : 0].has(value)) return;
    seen[areNames ? 1 : 0].add(value);
    if (level > deepest) throw new OpenApiError('The references of the document lead into themselves');
    const isPlain = !areNames && !Array.isArray(value);
    for (const [name, given] of Object.entries(value)) {
      if (isPlain && (name === 'example' || name === 'examples' || name === 'mapping')) continue;
      let member: unknown = given;
      if (isPlain && wholes.has(name) && isReference(given)) {
        member = whole(given);
        (value as Record<string, unknown>)[name] = member;
      }
      settle(member, isPlain && byName.has(name), level + 1);
    }
  };
  for (const value of values) settle(value, false, 0);
  // A reference may lead to a value that contains the reference again.
  if (isChanged) for (const value of values) checkSize(value, 'The document, with its references replaced,');
  return document;
}

/**
 * Makes references to anchors (JSON Schema 2020-12, section 8.2.2) JSON Pointers. A dynamic reference leads to the one schema
 * of its file with the anchor. Where several schemas have it, the schema around the reference is a generic one.
 */
function settleAnchors(document: LoadedDocument): void {
  const files = new Map<string, unknown>([['', document.root], ...document.files]);
  const known = new Map<string, ReadonlyMap<string, readonly string[]>>();
  const pointersTo = (file: string, anchor: string): readonly string[] => {
    let anchors = known.get(file);
    if (!anchors) {
      anchors = anchorsOf(files.get(file));
      known.set(file, anchors);
    }
    return anchors.get(anchor) ?? [];
  };
  const settle = (holder: Holder, from: string): void => {
    const {$ref, $dynamicRef} = holder;
    if (typeof $dynamicRef === 'string' && $ref === undefined && /^#[^/]/.test($dynamicRef)) {
      const [pointer, ...more] = pointersTo(from, $dynamicRef.slice(1));
      if (pointer !== undefined && more.length === 0) holder.$ref = `${from}#${pointer}`;
    }
    if (typeof $ref !== 'string') return;
    const hash = $ref.indexOf('#');
    const anchor = hash === -1 ? '' : $ref.slice(hash + 1);
    if (anchor === '' || anchor.startsWith('/')) return;
    const file = $ref.slice(0, hash);
    const [pointer] = pointersTo(file, anchor);
    if (pointer === undefined)
      throw new OpenApiError(`The reference ${$ref} leads nowhere: no schema has this anchor`);
    holder.$ref = `${file}#${pointer}`;
  };
  for (const [file, value] of files) walk(value, '', (holder) => settle(holder, file));
}

function anchorsOf(value: unknown): ReadonlyMap<string, readonly string[]> {
  const anchors = new Map<string, string[]>();
  walk(value, '', (holder, pointer) => {
    for (const name of [holder.$anchor, holder.$dynamicAnchor]) {
      if (typeof name !== 'string') continue;
      const others = anchors.get(name);
      if (others) others.push(pointer());
      else anchors.set(name, [pointer()]);
    }
  });
  return anchors;
}

interface Holder {
  $ref?: unknown;
  readonly $dynamicRef?: unknown;
  readonly $anchor?: unknown;
  readonly $dynamicAnchor?: unknown;
}

/** A place in a document: the name of a member, and the place of the object that has it. */
type Trail = readonly [name: string, before: Trail] | '';

function walk(
  value: unknown,
  trail: Trail,
  found: (holder: Holder, pointer: () => string) => void,
  seen = new WeakSet<object>(),
): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Array.isArray(value)) found(value, () => pointerOf(trail));
  for (const [name, member] of Object.entries(value)) {
    if (name !== 'example' && name !== 'examples' && typeof member === 'object')
      walk(member, [name, trail], found, seen);
  }
}

function pointerOf(trail: Trail): string {
  let pointer = '';
  for (let at = trail; at !== ''; at = at[1])
    pointer = `/${at[0].replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}`;
  return pointer;
}
