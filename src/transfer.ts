import type {Connector} from './connector.ts';
import {UnsupportedOptionError} from './errors.ts';
import {checkNumber} from './options.ts';
import type {Transfer} from './request.ts';

/** Options of what is sent and received: its size. */
export interface TransferOptions {
  /**
   * How large the body of a response may be, in bytes, counted after decompression; `Infinity`: of any size. A larger
   * one fails with a {@link ResponseTooLargeError}: the call itself, when its `Content-Length` says so and its status is
   * none of an error, else whatever reads the body, at the byte that is one too many.
   *
   * @default Infinity
   */
  readonly maxResponseSize?: number | undefined;
}

/**
 * Lays the options of a call, or of a session, over those that it begins with; `undefined` when there is none.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when one can't be honoured
 */
export function mergeTransfer(
  base: Transfer | undefined,
  options: TransferOptions,
  {name, capabilities}: Connector,
): Transfer | undefined {
  const {maxResponseSize} = options;
  if (maxResponseSize === undefined) return base;
  const size = checkNumber('maxResponseSize', maxResponseSize, undefined, {whole: true});
  if (!capabilities.maxResponseSize) {
    throw new UnsupportedOptionError('maxResponseSize', name, 'it does not count what it receives');
  }
  return size === Infinity ? undefined : {maxResponseSize: size};
}
