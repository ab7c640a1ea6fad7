import {md5} from '@noble/hashes/legacy.js';
import {sha256, sha512_256} from '@noble/hashes/sha2.js';
import {bytesToHex, concatBytes, utf8ToBytes} from '@noble/hashes/utils.js';
import {percentEncode} from '../../utils/percent-encode.ts';
import type {Challenge} from './challenge.ts';

type Hash = (...parts: ReadonlyArray<string | Uint8Array>) => string;

const hex =
  (hash: (bytes: Uint8Array) => Uint8Array): Hash =>
  (...parts) =>
    bytesToHex(
      hash(concatBytes(...parts.map((part) => (typeof part === 'string' ? utf8ToBytes(part) : part)))),
    );

/** RFC 7616, section 6.1; each also as `…-sess`. */
const hashes = {'SHA-256': hex(sha256), 'SHA-512-256': hex(sha512_256), MD5: hex(md5)} as const;

/** The hash functions of HTTP Digest. */
export type DigestAlgorithm = keyof typeof hashes;

export const digestAlgorithms = Object.keys(hashes) as readonly DigestAlgorithm[];

export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a server asks to be answered, as far as that doesn't change from request to request. */
export interface DigestTerms {
  readonly algorithm: DigestAlgorithm;
  /** As the server spells it; left out where it has left it out. */
  readonly algorithmName: string | undefined;
  readonly isSession: boolean;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** Without it, it's the digest of RFC 2069. */
  readonly qop: 'auth' | undefined;
  readonly userhash: boolean;
  readonly isStale: boolean;
}

/** The first challenge that can be answered (RFC 7616, section 3.7). */
export function digestTerms(
  challenges: readonly Challenge[],
  allowed: readonly DigestAlgorithm[],
): DigestTerms | undefined {
  for (const {scheme, parameters} of challenges) {
    if (scheme !== 'digest') continue;
    const name = parameters.get('algorithm');
    const [, upper = '', session] = /^(.*?)(-sess)?$/i.exec((name ?? 'MD5').toUpperCase()) ?? [];
    const algorithm = allowed.find((one) => one === upper);
    const realm = parameters.get('realm');
    const nonce = parameters.get('nonce');
    const qops = parameters
      .get('qop')
      ?.toLowerCase()
      .split(/[\s,]+/);
    if (!algorithm || realm === undefined || nonce === undefined || qops?.includes('auth') === false)
      continue;
    return {
      algorithm,
      algorithmName: name,
      isSession: session !== undefined,
      realm,
      nonce,
      opaque: parameters.get('opaque'),
      qop: qops && 'auth',
      userhash: parameters.get('userhash')?.toLowerCase() === 'true',
      isStale: parameters.get('stale')?.toLowerCase() === 'true',
    };
  }
  return undefined;
}

/** One request that is to be answered for. */
export interface DigestRequest {
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly uri: string;
  /** How many requests were sent with this nonce, this one included. */
  readonly count: number;
  readonly cnonce: string;
}

/** H(A1), which is the same as long as the nonce is (RFC 7616, section 3.4.2). */
export function digestSecret(
  {algorithm, isSession, realm, nonce}: DigestTerms,
  {username, password}: DigestCredentials,
  cnonce: string,
): string {
  const hash = hashes[algorithm];
  const secret = hash(`${username}:`, bytesOf(realm), `:${password}`);
  return isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
}

/** The value of `Authorization` (RFC 7616, section 3.4). */
export function digestHeader(
  terms: DigestTerms,
  username: string,
  secret: string,
  {method, uri, count, cnonce}: DigestRequest,
): string {
  const {algorithm, algorithmName, realm, nonce, opaque, qop, userhash} = terms;
  const hash = hashes[algorithm];
  const nc = count.toString(16).padStart(8, '0');
  const inner = hash(`${method}:${uri}`);
  const response = hash([secret, nonce, ...(qop ? [nc, cnonce, qop] : []), inner].join(':'));
  return `Digest ${[
    userhash ? `username=${quote(hash(`${username}:`, bytesOf(realm)))}` : userParameter(username),
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
    ...(algorithmName === undefined ? [] : [`algorithm=${algorithmName}`]),
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
    ...(qop ? [`qop=${qop}`, `nc=${nc}`, `cnonce="${cnonce}"`] : []),
    ...(userhash ? ['userhash=true'] : []),
  ].join(', ')}`;
}

/** As it was sent: of a header's value, each character is a byte (Fetch, "isomorphic decode"). */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

// RFC 7616, section 3.4: a name that a quoted string can't hold goes by RFC 8187.
function userParameter(username: string): string {
  if (/^[ -~]*$/.test(username)) return `username=${quote(username)}`;
  return `username*=UTF-8''${percentEncode(username)}`;
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
