import {decodeBase64} from '../utils/base64.ts';
import {assertOption} from '../utils/check-options.ts';

/** A digest algorithm, by its name in the registry of RFC 9530. */
export type DigestAlgorithm = 'sha-256' | 'sha-384' | 'sha-512';

/** An expected digest. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly value: Uint8Array;
}

/** A hash that takes bytes in several pieces, which WebCrypto doesn't. */
export interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** Creates a {@link Hash}. */
export type CreateHash = (algorithm: DigestAlgorithm) => Promise<Hash> | Hash;

/** The size of each digest in bytes, the strongest first. */
const sizes: Readonly<Record<DigestAlgorithm, number>> = {'sha-512': 64, 'sha-384': 48, 'sha-256': 32};
export const algorithms = Object.keys(sizes) as readonly DigestAlgorithm[];

/**
 * Parses a digest in one of three forms: `sha256-…` as in Subresource Integrity and npm, `sha-256=:…:` as in RFC 9530, both
 * in base64, or `sha256:…` in hexadecimal.
 *
 * @throws InvalidOptionError
 */
export function parseDigest(text: string): Digest {
  const [, length, mark, rest = ''] = /^sha-?(256|384|512)(-|=:|:)(.+)$/.exec(text) ?? [];
  const algorithm = `sha-${length}` as DigestAlgorithm;
  const value = mark === ':' ? fromHex(rest) : fromBase64(mark === '=:' ? rest.replace(/:$/, '') : rest);
  assertOption(
    value?.length === sizes[algorithm],
    'digest',
    text,
    'true, "required", or "sha256-…" (base64), "sha-256=:…:" (base64), "sha256:…" (hexadecimal), also of 384 and 512',
  );
  return {algorithm, value: value as Uint8Array};
}

/** The strongest digest of a `Repr-Digest` or `Content-Digest` (RFC 9530) that can be checked. */
export function parseDigestField(value: string | null): Digest | undefined {
  if (value === null) return undefined;
  const members = new Map<string, Uint8Array>();
  // The value is a dictionary of byte sequences. The last member of a name counts (RFC 9651, section 3.2).
  for (const [, name = '', base64 = ''] of value.matchAll(
    /(?:^|,)[ \t]*([a-z*][\w\-.*]*)=:([A-Za-z\d+/=]*):/g,
  )) {
    const bytes = fromBase64(base64);
    if (bytes) members.set(name, bytes);
  }
  const algorithm = algorithms.find((name) => members.get(name)?.length === sizes[name]);
  return algorithm && {algorithm, value: members.get(algorithm) as Uint8Array};
}

/** The value of `Want-Repr-Digest` (RFC 9530, section 4). */
export const wantedDigests = 'sha-256=5, sha-512=3';

export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function fromHex(text: string): Uint8Array | undefined {
  if (!/^(?:[\da-f]{2})+$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return decodeBase64(text);
  } catch {
    return undefined;
  }
}
