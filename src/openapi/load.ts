import {readFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {createSession} from '../index.ts';
import type {LoadedDocument} from './document.ts';
import {checkDocument, MissingYamlError, OpenApiError} from './document.ts';

/** Imports the package `yaml`. Tests replace this import with one that fails. */
type ImportYaml = () => Promise<typeof import('yaml')>;

type ReadFile = (address: URL) => Promise<unknown>;

/**
 * Reads a document and all files that it refers to.
 *
 * @throws OpenApiError when a file can't be read, or is YAML and the package `yaml` isn't installed
 */
export async function loadDocument(
  source: string | URL | object,
  importYaml: ImportYaml = () => import('yaml'),
): Promise<LoadedDocument> {
  const files = new Map<string, unknown>();
  const read: ReadFile = async (address) => {
    const value = await parse(await readText(address), address, importYaml);
    dropNulls(value);
    return value;
  };
  if (typeof source !== 'string' && !(source instanceof URL)) {
    // The references of the copy are made absolute, so the caller's object stays as it is.
    const root = structuredClone(source);
    dropNulls(root);
    await loadReferences(root, undefined, files, read);
    return {root: checkDocument(root), files};
  }
  const address = toAddress(source);
  const root = await read(address);
  checkDocument(root);
  await loadReferences(root, address, files, read);
  return {root: checkDocument(root), files};
}

function toAddress(source: string | URL): URL {
  if (source instanceof URL) return source;
  const [, protocol] = /^([a-z][a-z\d+.-]+):\/\//i.exec(source) ?? [];
  if (protocol === undefined) return pathToFileURL(source);
  if (!/^(?:https?|file)$/i.test(protocol))
    throw new OpenApiError(
      `A document is a file, or has an http: or https: URL: ${protocol}: is not supported`,
    );
  if (!URL.canParse(source)) throw new OpenApiError(`${source} is not a valid URL`);
  return new URL(source);
}

async function readText(address: URL): Promise<string> {
  if (address.protocol === 'file:') {
    try {
      return await readFile(address, 'utf8');
    } catch (cause) {
      throw new OpenApiError(`Can't read ${address.pathname}`, {cause});
    }
  }
  await using session = createSession({
    timeout: 60_000,
    headers: {accept: 'application/json, application/yaml;q=0.9, */*;q=0.5'},
  });
  try {
    return await session.get(address).text();
  } catch (cause) {
    throw new OpenApiError(`Can't download ${address.origin}${address.pathname}`, {cause});
  }
}

async function parse(text: string, address: URL, importYaml: ImportYaml): Promise<unknown> {
  let jsonError: unknown;
  if (!/\.ya?ml$/i.test(address.pathname) && /^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      // YAML in flow style begins with a bracket as well.
      jsonError = error;
    }
  }
  const {parse: parseYaml} = await loadYaml(address, importYaml, jsonError);
  try {
    // Merge keys belong to YAML 1.1, and many documents that are otherwise YAML 1.2 have them.
    return parseYaml(text, {maxAliasCount: -1, merge: true});
  } catch (cause) {
    throw new OpenApiError(`${address.pathname} is neither JSON nor YAML`, {cause});
  }
}

/** @param jsonError - Why the text, which begins as JSON does, isn't JSON. */
async function loadYaml(
  address: URL,
  importYaml: ImportYaml,
  jsonError: unknown,
): Promise<typeof import('yaml')> {
  try {
    return await importYaml();
  } catch (cause) {
    throw new MissingYamlError(address.pathname, jsonError, {cause});
  }
}

/** Loads the files that a value refers to, and makes all references absolute, except those into the document itself. */
async function loadReferences(
  value: unknown,
  address: URL | undefined,
  files: Map<string, unknown>,
  read: ReadFile,
  root = address?.href,
): Promise<void> {
  const wanted = new Set<string>();
  visit(value, (holder) => {
    const {$ref} = holder;
    if (typeof $ref !== 'string') return;
    if (!address) {
      if ($ref.startsWith('#')) return;
      throw new OpenApiError(
        `The reference ${$ref} leads to another file, but a document that is given as an object has no location: give its file or URL`,
      );
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
    await loadReferences(loaded, url, files, read, root);
  }
}

/** Members that hold values of the API, in which null is a value too. */
const areValues: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples']);

/** Members that hold schemas, or other parts, by names that the document chooses. A schema that is null says nothing. */
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

/** Removes members that are null. YAML has null for a member that its writer left empty, as `parameters:` alone on a line. */
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

/** Visits every object in a value that may be a reference. Examples contain none. */
function visit(value: unknown, found: (holder: {$ref?: unknown}) => void, areNames = false): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && !areNames) found(value as {$ref?: unknown});
  for (const [name, member] of Object.entries(value)) {
    // The members of these have names that the document chooses, so a member "$ref" is no reference.
    const isNaming = !areNames && (name === 'properties' || name === 'schemas' || name === 'mapping');
    if (areNames || (name !== 'example' && name !== 'examples')) visit(member, found, isNaming);
  }
}
