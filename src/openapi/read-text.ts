import {readFile, stat} from 'node:fs/promises';
import {isPublicAddress, undiciConnector} from '../connectors/undici/index.ts';
import {createSession} from '../index.ts';
import {OpenApiError} from './document.ts';

/** The place of a document: a file of this machine, a server in its networks (`local`), or one of the public Internet. */
export type Place = 'file' | 'local' | 'public';

/** The text of a document or of a file that it refers to. */
export interface Source {
  readonly text: string;
  readonly place: Place;
}

/** The largest file. Microsoft Graph's document, one of the largest, has 40 MB. */
const largest = 64 * 2 ** 20;

/**
 * Reads a file or a URL.
 *
 * @param from - The place of the document that refers to the file; `undefined` for a file that the caller names.
 * @param allowsLocal - Whether a remote document may refer to files, and a public one to addresses of this machine's networks.
 * @throws OpenApiError when the file can't be read, is too large, or must not be referred to from that place
 */
export async function readText(
  address: URL,
  from: Place | undefined,
  allowsLocal: boolean,
  signal: AbortSignal,
): Promise<Source> {
  switch (address.protocol) {
    case 'file:':
      if (!allowsLocal && (from === 'local' || from === 'public')) refuseLocal(address.href);
      return {text: await readLocalFile(address), place: 'file'};
    case 'http:':
    case 'https:':
      return await download(address, from, allowsLocal, signal);
    default:
      throw new OpenApiError(
        `The reference to a ${address.protocol} URL is not supported: only files, http: and https: URLs are`,
      );
  }
}

async function readLocalFile(address: URL): Promise<string> {
  try {
    const {size} = await stat(address);
    if (size <= largest) return await readFile(address, 'utf8');
  } catch (cause) {
    throw new OpenApiError(`Can't read ${address.pathname}`, {cause});
  }
  throw new OpenApiError(`${address.pathname} is larger than ${largest} bytes`);
}

async function download(
  address: URL,
  from: Place | undefined,
  allowsLocal: boolean,
  signal: AbortSignal,
): Promise<Source> {
  const name = `${address.origin}${address.pathname}`;
  let place: Place = from === 'public' ? 'public' : 'local';
  let refused: string | undefined;
  // The connector calls this guard for every address that it connects to, also after redirects. Whatever came from a public
  // address leads to public addresses alone, even if the same host name then leads to another address.
  const allowAddress = (ip: string): boolean => {
    if (isPublicAddress(ip)) place = 'public';
    else if (place === 'public' && !allowsLocal) refused = ip;
    return refused === undefined;
  };
  // A connector of its own, because a replaced global `fetch` has no guard.
  await using session = createSession({
    connector: undiciConnector({allowAddress}),
    timeout: 60_000,
    maxResponseSize: largest,
    headers: {accept: 'application/json, application/yaml;q=0.9, */*;q=0.5'},
  });
  try {
    const text = await session.get(address, {signal}).text();
    return {text, place};
  } catch (cause) {
    if (refused !== undefined) refuseLocal(`${name}, at ${refused}`);
    throw new OpenApiError(`Can't download ${name}`, {cause});
  }
}

function refuseLocal(target: string): never {
  throw new OpenApiError(
    `A remote document must not refer to ${target}, which is on this machine or in its networks. If you trust the document, set --allow-local-references (allowLocalReferences: true)`,
  );
}
