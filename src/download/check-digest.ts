import type {RedactedRequest} from '../errors/index.ts';
import type {CreateHash, Digest} from './digest.ts';
import {DownloadError} from './error.ts';
import type {RangeJob, Resource} from './open-part.ts';
import type {DownloadSettings} from './options.ts';

/** Returns the checks for the parts of a download. No part is checked if the caller gave a digest of the whole. */
export function partChecks(
  digest: DownloadSettings['digest'],
  createHash: CreateHash,
): Pick<RangeJob, 'isChecked' | 'createHash'> {
  const isChecked = typeof digest === 'object';
  return {isChecked, createHash: digest && !isChecked ? createHash : undefined};
}

/**
 * Returns the digest that the whole content has to have, or `undefined` if there is none. Call it once the server has
 * answered.
 *
 * @throws DownloadError if a digest of the server is required and the server sent none
 */
export function expectedDigest(
  digest: DownloadSettings['digest'],
  resource: Resource,
  request: RedactedRequest,
): Digest | undefined {
  if (typeof digest === 'object') return digest;
  if (digest === 'required' && !resource.digest) {
    throw new DownloadError('The server sent no Repr-Digest that can be checked', 'ERR_DOWNLOAD_DIGEST', {
      request,
    });
  }
  return digest && resource.digest;
}
