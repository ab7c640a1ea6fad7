import {readFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {createSession} from '../index.ts';
import type {LoadedDocument} from './document.ts';
import {checkDocument, OpenApiError} from './document.ts';

/** Reads a document, and all files that it refers to. */
export async function loadDocument(source: string | URL | object): Promise<LoadedDocument> {
  const files = new Map<string, unknown>();
  if (typeof source !== 'string' && !(source instanceof URL)) {
    // A copy: references are made absolute in it.
    const root = structuredClone(source);
    dropNulls(root);
    await loadReferences(root, undefined, files);
    return {root: checkDocument(root), files};
  }
  const address = toAddress(source);
  const root = await read(address);
  checkDocument(root);
  await loadReferences(root, address, files);
  return {root: checkDocument(root), files};
}

function toAddress(source: string | URL): URL {
  if (source instanceof URL) return source;
  const [, protocol] = /^([a-z][a-z\d+.-]+):\/\//i.exec(source) ?? [];
  if (protocol === undefined) return pathToFileURL(source);
  if (!/^(?:https?|file)$/i.test(protocol))
    throw new OpenApiError(`A document is a file, or at an http: or https: URL, and not at ${protocol}:`);
  if (!URL.canParse(source)) throw new OpenApiError(`${source} is no URL`);
  return new URL(source);
}

async function read(address: URL): Promise<unknown> {
  const value = await parse(await readText(address), address);
  dropNulls(value);
  return value;
}

async function readText(address: URL): Promise<string> {
  if (address.protocol === 'file:') {
    try {
      return await readFile(address, 'utf8');
    } catch (cause) {
      throw new OpenApiError(`${address.pathname} can't be read`, {cause});
    }
  }
  await using session = createSession({
    timeout: 60_000,
    headers: {accept: 'application/json, application/yaml;q=0.9, */*;q=0.5'},
  });
  try {
    return await session.get(address).text();
  } catch (cause) {
    throw new OpenApiError(`${address.origin}${address.pathname} can't be got`, {cause});
  }
}

async function parse(text: string, address: URL): Promise<unknown> {
  const isYaml = /\.ya?ml$/i.test(address.pathname) || !/^\s*[[{]/.test(text);
  if (!isYaml) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML may begin like that, too, and its parser says where the mistake is.
    }
  }
  const {parse: parseYaml} = await import('yaml');
  try {
    // Merge keys are of YAML 1.1, and documents use them all the same.
    return parseYaml(text, {maxAliasCount: -1, merge: true});
  } catch (cause) {
    throw new OpenApiError(`${address.pathname} is neither JSON nor YAML`, {cause});
  }
}

/** Loads what a value refers to outside of itself, and makes all its references absolute, but those into the document. */
async function loadReferences(
  value: unknown,
  address: URL | undefined,
  files: Map<string, unknown>,
  root = address?.href,
): Promise<void> {
  const wanted = new Set<string>();
  visit(value, (holder) => {
    const {$ref} = holder;
    if (typeof $ref !== 'string') return;
    if (!address) {
      if ($ref.startsWith('#')) return;
      throw new OpenApiError(`${$ref} is in another file, and where this one is isn't known`);
    }
    const url = new URL($ref, address);
    const {hash} = url;
    url.hash = '';
    if (url.href !== root) wanted.add(url.href);
    holder.$ref = url.href === root ? hash || '#' : `${url.href}${hash}`;
  });
  for (const href of wanted) {
    if (files.has(href)) continue;
    const url = new URL(href);
    const loaded = await read(url);
    files.set(href, loaded);
    await loadReferences(loaded, url, files, root);
  }
}

/** Members that have whatever values a schema describes. */
const areValues: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples']);

/** Members whose own are named by the document: schemas, of which null is one that says nothing, and others. */
const schemasByName: ReadonlySet<string> = new Set(['patternProperties', 'properties', 'schemas']);
const thingsByName: ReadonlySet<string> = new Set([
  'content',
  'encoding',
  'headers',
  'parameters',
  'pathItems',
  'paths',
  'requestBodies',
  'responses',
  'securitySchemes',
  'variables',
]);

/** YAML has null for what its writer has left empty, as `parameters:` with nothing after it: then it isn't there. */
function dropNulls(value: unknown, names: 'keywords' | 'schemas' | 'things' = 'keywords'): void {
  if (typeof value !== 'object' || value === null) return;
  const holder = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(holder)) {
    const isKeyword = names === 'keywords' && !Array.isArray(value);
    if (isKeyword && areValues.has(name)) continue;
    if (member !== null) {
      const areSchemas = isKeyword && schemasByName.has(name);
      dropNulls(member, areSchemas ? 'schemas' : isKeyword && thingsByName.has(name) ? 'things' : 'keywords');
    } else if (isKeyword) delete holder[name];
    else if (names === 'things') holder[name] = {};
  }
}

/** Every object in a value that may be a reference. What is only shown, as an example, is none. */
function visit(value: unknown, found: (holder: {$ref?: unknown}) => void, areNames = false): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && !areNames) found(value as {$ref?: unknown});
  for (const [name, member] of Object.entries(value)) {
    // Of these, the names are the document's own.
    const isNaming = !areNames && (name === 'properties' || name === 'schemas' || name === 'mapping');
    if (areNames || (name !== 'example' && name !== 'examples')) visit(member, found, isNaming);
  }
}
