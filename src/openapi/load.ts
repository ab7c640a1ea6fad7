import {pathToFileURL} from 'node:url';
import type {LoadedDocument} from './document.ts';
import {checkDocument, MissingYamlError, OpenApiError} from './document.ts';
import {positionOfMistake} from './positions.ts';
import type {Place} from './read-text.ts';
import {readText} from './read-text.ts';
import {readYaml} from './read-yaml.ts';
import {settled} from './settle.ts';
import type {ImportUpgrader} from './swagger.ts';
import {upgraded} from './swagger.ts';
import {checkSize, Work} from './work.ts';

/** Imports the package `yaml`. Tests replace this import with one that fails. */
type ImportYaml = () => Promise<typeof import('yaml')>;

/** What a document may do. */
export interface LoadOptions {
  readonly allowLocalReferences?: boolean | undefined;
  readonly allowExternalReferences?: boolean | undefined;
}

/** A document or a file that it refers to, with its place. */
interface LoadedFile {
  readonly value: unknown;
  readonly address: URL | undefined;
  readonly place: Place;
  readonly text?: string;
}

type ReadFile = (address: URL, from: Place | undefined) => Promise<LoadedFile>;

/** The most files that a document may refer to, directly or through other files: a server could make ever more of them. */
const mostFiles = 500;

/** The time for loading a document with all its files, in ms. */
const longestLoad = 300_000;

/**
 * Reads a document and all files that it refers to.
 *
 * @throws OpenApiError when a file can't be read, or is YAML and the package `yaml` isn't installed
 */
export async function loadDocument(
  source: string | URL | object,
  importYaml: ImportYaml = () => import('yaml'),
  options: LoadOptions = {},
  importUpgrader?: ImportUpgrader,
): Promise<LoadedDocument> {
  const allowsLocal = options.allowLocalReferences === true;
  const files = new Map<string, unknown>();
  const work = new Work();
  if (typeof source !== 'string' && !(source instanceof URL)) {
    // The references of the copy are made absolute, so the caller's object stays as it is.
    const given = copyOf(source);
    prepare(given, 'The document');
    const root = await upgraded(given, 'The document', importUpgrader);
    // A document without a location refers to no files.
    visitReferences({value: root, address: undefined, place: 'file'}, undefined);
    return settled({root: checkDocument(root), files, work});
  }
  const signal = AbortSignal.timeout(longestLoad);
  const read: ReadFile = async (address, from) => {
    const {text, place} = await readText(address, from, allowsLocal, signal);
    const value = await parse(text, address, importYaml, work);
    prepare(value, address.pathname);
    return {value, address, place, text};
  };
  const address = toAddress(source);
  const first = await read(address, undefined);
  const root = {...first, value: await upgraded(first.value, address.pathname, importUpgrader)};
  checkDocument(root.value);
  await loadReferences(root, files, read, options);
  const shown = {name: address.pathname, text: root.text ?? ''};
  return settled({root: checkDocument(root.value), files, work, source: shown});
}

function copyOf(source: object): unknown {
  try {
    return structuredClone(source);
  } catch (cause) {
    throw new OpenApiError('The document is not plain data, or is nested too deeply', {cause});
  }
}

function prepare(value: unknown, name: string): void {
  checkSize(value, name);
  dropNulls(value);
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

async function parse(text: string, address: URL, importYaml: ImportYaml, work: Work): Promise<unknown> {
  let jsonError: unknown;
  if (!/\.ya?ml$/i.test(address.pathname) && /^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      // YAML in flow style begins with a bracket as well.
      jsonError = error;
    }
  }
  const yaml = await loadYaml(address, importYaml, jsonError);
  try {
    return readYaml(yaml, text, work);
  } catch (error) {
    if (error instanceof OpenApiError) throw error;
    const cause = /\.json$/i.test(address.pathname) ? (jsonError ?? error) : error;
    const at = positionOfMistake(cause, text);
    throw new OpenApiError(`${address.pathname}${at} is neither JSON nor YAML`, {cause});
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

/** Loads the files that a document refers to, directly or through other files. */
async function loadReferences(
  root: LoadedFile,
  files: Map<string, unknown>,
  read: ReadFile,
  options: LoadOptions,
): Promise<void> {
  const waiting = [root];
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    for (const href of visitReferences(file, root.address?.href)) {
      if (files.has(href)) continue;
      refuseExternal(new URL(href), root.address as URL, options);
      if (files.size >= mostFiles)
        throw new OpenApiError(`The document refers to more than ${mostFiles} files`);
      const loaded = await read(new URL(href), file.place);
      files.set(href, loaded.value);
      waiting.push(loaded);
    }
  }
}

/** @throws OpenApiError when a file is neither in the directory nor of the origin of the document, unless that is allowed */
function refuseExternal(target: URL, root: URL, options: LoadOptions): void {
  if (options.allowExternalReferences === true || !/^(?:file|https?):$/.test(target.protocol)) return;
  const isFile = root.protocol === 'file:';
  if (isFile && target.href.startsWith(new URL('.', root).href)) return;
  // Files, which have an option of their own, are refused where they are read.
  if (
    !isFile &&
    (options.allowLocalReferences || target.protocol === 'file:' || target.origin === root.origin)
  )
    return;
  const name = target.protocol === 'file:' ? target.href : `${target.origin}${target.pathname}`;
  throw new OpenApiError(
    `The document refers to ${name}, which is outside of its ${isFile ? 'directory' : 'origin'}. If you trust the document, set --allow-external-references (allowExternalReferences: true)`,
  );
}

/** Makes all references of a file absolute, except those into the document itself. Returns the files that they lead to. */
function visitReferences({value, address}: LoadedFile, root: string | undefined): ReadonlySet<string> {
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
    if (!URL.canParse($ref, address)) throw new OpenApiError(`The reference ${$ref} is not a valid URL`);
    const url = new URL($ref, address);
    const {hash} = url;
    url.hash = '';
    if (url.href !== root) wanted.add(url.href);
    holder.$ref = url.href === root ? hash || '#' : `${url.href}${hash}`;
  });
  return wanted;
}

/** Members that hold values of the API, in which null is a value too. */
const areValues: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples']);

/** Members that hold schemas, or other parts, by names that the document chooses. A schema that is null says nothing. */
const schemasByName: ReadonlySet<string> = new Set(['$defs', 'patternProperties', 'properties', 'schemas']);
const thingsByName: ReadonlySet<string> = new Set([
  'callbacks',
  'content',
  'encoding',
  'headers',
  'mediaTypes',
  'parameters',
  'pathItems',
  'paths',
  'requestBodies',
  'responses',
  'securitySchemes',
  'variables',
  'webhooks',
]);

/** Removes members that are null. YAML has null for a member that its writer left empty, as `parameters:` alone on a line. */
function dropNulls(
  value: unknown,
  names: 'keywords' | 'schemas' | 'things' = 'keywords',
  seen = seenBy<typeof names>(),
): void {
  if (typeof value !== 'object' || value === null || seen(value, names)) return;
  const holder = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(holder)) {
    const isKeyword = names === 'keywords' && !Array.isArray(value);
    if (isKeyword && areValues.has(name)) continue;
    if (member !== null) {
      const areSchemas = isKeyword && schemasByName.has(name);
      dropNulls(
        member,
        areSchemas ? 'schemas' : isKeyword && thingsByName.has(name) ? 'things' : 'keywords',
        seen,
      );
    } else if (isKeyword) delete holder[name];
    else if (names === 'things') holder[name] = {};
  }
}

/** An object that may be a reference. */
interface Holder {
  $ref?: unknown;
}

/** Visits every object in a value that may be a reference. Examples contain none. */
function visit(
  value: unknown,
  found: (holder: Holder) => void,
  areNames = false,
  seen = seenBy<boolean>(),
): void {
  if (typeof value !== 'object' || value === null || seen(value, areNames)) return;
  // Where names are the document's, a member "$ref" is a schema, and no reference unless it is text.
  if (!Array.isArray(value) && !(areNames && typeof (value as Holder).$ref !== 'string')) found(value);
  for (const [name, member] of Object.entries(value)) {
    if (areNames) visit(member, found, false, seen);
    // The mapping of a discriminator has names of its own, and no objects.
    else if (name !== 'example' && name !== 'examples' && name !== 'mapping')
      visit(member, found, schemasByName.has(name), seen);
  }
}

/** Tells whether a walk has seen an object in a role. The aliases of YAML make one object a member of many others. */
function seenBy<Role>(): (value: object, role: Role) => boolean {
  const roles = new Map<Role, WeakSet<object>>();
  return (value, role) => {
    const seen = roles.get(role) ?? new WeakSet();
    roles.set(role, seen);
    if (seen.has(value)) return true;
    seen.add(value);
    return false;
  };
}
