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

/** The algorithms of RFC 7616, section 6.1. Each of them also exists as `…-sess`. */
const hashes = {'SHA-256': hex(sha256), 'SHA-512-256': hex(sha512_256), MD5: hex(md5)} as const;

/** The hash functions of HTTP Digest. */
export type DigestAlgorithm = keyof typeof hashes;

export const digestAlgorithms = Object.keys(hashes) as readonly DigestAlgorithm[];

/** The algorithms of a client that asks for none: collisions of MD5 are found in seconds (RFC 6151). */
export const safeAlgorithms: readonly DigestAlgorithm[] = ['SHA-256', 'SHA-512-256'];

/** The challenges that a client answers. */
export interface DigestTerms {
  readonly algorithms: readonly DigestAlgorithm[];
  /** Whether challenges without `qop` are answered. */
  readonly rfc2069: boolean;
}

export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
}

/** A Digest challenge that the client can answer (RFC 7616, section 3.3). */
export interface DigestChallenge {
  readonly algorithm: DigestAlgorithm;
  /** The algorithm as the server spells it; `undefined` if the challenge names none. */
  readonly algorithmName: string | undefined;
  readonly isSession: boolean;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** `undefined` for a digest as in RFC 2069. */
  readonly qop: 'auth' | undefined;
  readonly userhash: boolean;
  readonly isStale: boolean;
}

/** Returns the first challenge that the client can answer (RFC 7616, section 3.7). */
export function selectChallenge(
  challenges: readonly Challenge[],
  {algorithms, rfc2069}: DigestTerms,
): DigestChallenge | undefined {
  for (const {scheme, parameters} of challenges) {
    if (scheme !== 'digest') continue;
    const name = parameters.get('algorithm');
    const [, upper = '', session] = /^(.*?)(-sess)?$/i.exec((name ?? 'MD5').toUpperCase()) ?? [];
    const algorithm = algorithms.find((one) => one === upper);
    const realm = parameters.get('realm');
    const nonce = parameters.get('nonce');
    // Some servers write `qop=""` for none.
    const qops = (parameters.get('qop') ?? '').toLowerCase().match(/[^\s,]+/g);
    const isAnswered = qops ? qops.includes('auth') : rfc2069;
    if (!algorithm || realm === undefined || nonce === undefined || !isAnswered) continue;
    return {
      algorithm,
      algorithmName: name,
      isSession: session !== undefined,
      realm,
      nonce,
      opaque: parameters.get('opaque'),
      qop: qops ? 'auth' : undefined,
      userhash: parameters.get('userhash')?.toLowerCase() === 'true',
      isStale: parameters.get('stale')?.toLowerCase() === 'true',
    };
  }
  return undefined;
}

/** A request that is to be signed. */
export interface DigestRequest {
  readonly method: string;
  /** The path and the query, as they are sent. */
  readonly uri: string;
  /** How many requests were sent with this nonce, this one included. */
  readonly count: number;
  readonly cnonce: string;
}

/** H(A1), which stays the same while the nonce does (RFC 7616, section 3.4.2). */
export function digestSecret(
  {algorithm, isSession, realm, nonce}: DigestChallenge,
  {username, password}: DigestCredentials,
  cnonce: string,
): string {
  const hash = hashes[algorithm];
  const secret = hash(`${username}:`, bytesOf(realm), `:${password}`);
  return isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
}

/** The value of `Authorization` (RFC 7616, section 3.4). */
export function digestHeader(
  challenge: DigestChallenge,
  username: string,
  secret: string,
  {method, uri, count, cnonce}: DigestRequest,
): string {
  const {algorithm, algorithmName, realm, nonce, opaque, qop, userhash} = challenge;
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

/** The bytes of a header's value as they were sent: each character is a byte (Fetch, "isomorphic decode"). */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

// RFC 7616, section 3.4: a name that can't be a quoted string is encoded by RFC 8187.
function userParameter(username: string): string {
  if (/^[ -~]*$/.test(username)) return `username=${quote(username)}`;
  return `username*=UTF-8''${percentEncode(username)}`;
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
