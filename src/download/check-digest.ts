import type {RedactedRequest} from '../errors/index.ts';
import type {CreateHash, Digest} from './digest.ts';
import {DownloadError} from './error.ts';
import type {RangeJob, Resource} from './open-part.ts';
import type {DownloadSettings} from './options.ts';

/** What the readers of a download check: nothing where the whole has to have a digest that is given. */
export function partChecks(
  digest: DownloadSettings['digest'],
  createHash: CreateHash,
): Pick<RangeJob, 'isChecked' | 'createHash'> {
  const isChecked = typeof digest === 'object';
  return {isChecked, createHash: digest && !isChecked ? createHash : undefined};
}

/**
 * What the whole has to come to, now that the server has answered; `undefined`: there is nothing to check it by.
 *
 * @throws DownloadError when the server had to say, and didn't
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
