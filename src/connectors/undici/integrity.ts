import {createHash} from 'node:crypto';
import type {ConnectorRequest} from '../../core/request.ts';
import {ConnectionError} from '../../errors/index.ts';

// Subresource Integrity, section 3.5: hash expressions, and options that have no meaning yet.
const expression = /^(sha256|sha384|sha512)-([\w+/-]+={0,2})(?:\?[!-~]*)?$/i;

/**
 * Checks the body of a response against `integrity` (Fetch, "main fetch"; Subresource Integrity, section 3.3). The response
 * is handed on when all of its body has arrived and is the right one.
 *
 * @throws ConnectionError for another body: for the Fetch standard that is a network error
 */
export async function checkedResponse(response: Response, request: ConnectorRequest): Promise<Response> {
  const integrity = String(request.native?.integrity);
  const bytes = await response.clone().bytes();
  if (matches(bytes, integrity)) return response;
  await response.body?.cancel();
  const {attempt: attempts} = request;
  throw new ConnectionError('The body is not the one that integrity names', 'receive', {
    request,
    attempts,
    code: 'ERR_INTEGRITY',
  });
}

/** Whether the bytes have one of the strongest digests in the metadata. Metadata without a known digest matches anything. */
function matches(bytes: Uint8Array, metadata: string): boolean {
  const known = metadata.split(/[\t\n\f\r ]+/).flatMap((token) => {
    const [, algorithm, digest] = expression.exec(token) ?? [];
    return algorithm && digest ? [{algorithm: algorithm.toLowerCase(), digest}] : [];
  });
  // The names sort by the strength of their digests.
  const strongest = known
    .map(({algorithm}) => algorithm)
    .toSorted()
    .at(-1);
  if (strongest === undefined) return true;
  const actual = createHash(strongest).update(bytes).digest();
  // `Buffer` reads base64url as well, which servers and other clients accept too.
  return known.some(
    ({algorithm, digest}) => algorithm === strongest && Buffer.from(digest, 'base64').equals(actual),
  );
}
