import type {DigestAlgorithm, Hash} from './digest.ts';

/** For where there is no other; loaded only when there is something to check. */
export async function createHash(algorithm: DigestAlgorithm): Promise<Hash> {
  const {sha256, sha384, sha512} = await import('@noble/hashes/sha2.js');
  return {'sha-256': sha256, 'sha-384': sha384, 'sha-512': sha512}[algorithm].create();
}
