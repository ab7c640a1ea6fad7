import {createHash as createNodeHash} from 'node:crypto';
import type {DigestAlgorithm, Hash} from './digest.ts';

/** Creates a hash of OpenSSL, which is many times as fast as one that is written in JavaScript. */
export function createHash(algorithm: DigestAlgorithm): Hash {
  return createNodeHash(algorithm.replace('-', ''));
}
