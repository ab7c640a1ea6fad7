import {createHash as createNodeHash} from 'node:crypto';
import type {DigestAlgorithm, Hash} from './digest.ts';

/** OpenSSL's, which is many times as fast as any that is written in JavaScript. */
export function createHash(algorithm: DigestAlgorithm): Hash {
  return createNodeHash(algorithm.replace('-', ''));
}
