import {readFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {createSession} from '../../index.ts';
import type {LoadedDocument} from './document.ts';
import {checkDocument, OpenApiError} from './document.ts';

/** Reads a document, and all files that it refers to. */
export async function loadDocument(source: string | URL | object): Promise<LoadedDocument> {
  const files = new Map<string, unknown>();
  if (typeof source !== 'string' && !(source instanceof URL)) {
    // A copy: references are made absolute in it.
    const root = structuredClone(source);
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
  return /^(?:https?|file):\/\//i.test(source) ? new URL(source) : pathToFileURL(source);
}

async function read(address: URL): Promise<unknown> {
  return parse(await readText(address), address);
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
