import type {DigestAlgorithm, Hash} from './digest.ts';

/** Creates a hash where the runtime has none of its own. The library is loaded only when there is a digest to check. */
export async function createHash(algorithm: DigestAlgorithm): Promise<Hash> {
  const {sha256, sha384, sha512} = await import('@noble/hashes/sha2.js');
  return {'sha-256': sha256, 'sha-384': sha384, 'sha-512': sha512}[algorithm].create();
}
