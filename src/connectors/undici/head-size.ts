/** How large the head of a response may be unless `maxHeaderSize` says otherwise, in bytes: the limit of Node and undici. */
export const defaultMaxHeaderSize = 16 * 1024;

/**
 * How large the informational heads before one response may be together. With the head of the response itself and the
 * default of `maxHeaderSize` that is 256 KiB.
 */
const informationalLimit = 240 * 1024;

// RFC 9113, section 6.5.2, counts as much for a field beside its name and value. An empty head has to count too.
const overhead = 32;

/** The head of a response is larger than the limits allow. The code is the one that undici gives such a head. */
export class HeadTooLargeError extends Error {
  readonly code = 'UND_ERR_HEADERS_OVERFLOW';

  constructor(allowed: string) {
    super(`The head of the response is too large: ${allowed}`);
    this.name = 'HeadTooLargeError';
  }

  /** @param limit - `maxHeaderSize`, in bytes */
  static ofHead(limit: number): HeadTooLargeError {
    return new HeadTooLargeError(
      `names and values of its headers have more than ${limit} bytes (maxHeaderSize)`,
    );
  }

  static ofInformational(): HeadTooLargeError {
    return new HeadTooLargeError(`its informational responses have more than ${informationalLimit} bytes`);
  }
}

/**
 * Adds an informational head to the size of those before it.
 *
 * @throws HeadTooLargeError when they are too large together
 */
export function addInformational(size: number, rawHeaders: readonly Buffer[]): number {
  let sum = size + overhead;
  for (const raw of rawHeaders) sum += raw.length + overhead / 2;
  if (sum > informationalLimit) throw HeadTooLargeError.ofInformational();
  return sum;
}
