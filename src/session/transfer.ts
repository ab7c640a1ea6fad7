import type {Connector} from '../core/connector.ts';
import type {ProgressListener} from '../core/progress.ts';
import type {Transfer} from '../core/request.ts';
import {UnsupportedOptionError} from '../errors/index.ts';
import {checkDuration, checkFunction, checkNumber} from '../utils/check-options.ts';

/** Options of the bodies that are sent and received. */
export interface TransferOptions {
  /**
   * How large the body of a response may be, in bytes, counted after decompression; `Infinity`: of any size. A larger
   * one fails with a {@link ResponseTooLargeError}: the call itself, when its `Content-Length` says so and its status is
   * none of an error, else whatever reads the body, at the byte that is one too many.
   *
   * @default Infinity
   */
  readonly maxResponseSize?: number | undefined;
  /**
   * Told how far the body of the response has come: with every chunk that is read of it, decoded, and at its end.
   * `totalBytes` is what `Content-Length` says where nothing was decoded; as long as the total isn't known, `percent` is 0.
   * Each attempt begins anew. What it throws ends the call.
   */
  readonly onDownloadProgress?: ProgressListener | undefined;
  /**
   * Told how far the body of the request has come: with every chunk that is handed to the socket or, where the runtime
   * has that, to the runtime, and at its end. The total is known of whatever isn't a stream, and of a stream that is
   * sent with a `Content-Length`; otherwise `percent` is 0 until the end. Each attempt begins anew. What it throws ends
   * the call.
   *
   * Where the runtime sends, and not a connector of ours, what is watched is sent as a stream: Deno and workers do that
   * without a `Content-Length`, Chromium over HTTP/2 only, and browsers that send no streams refuse it.
   */
  readonly onUploadProgress?: ProgressListener | undefined;
  /**
   * Sends `Expect: 100-continue` (RFC 9110, section 10.1.1): the body waits until the server asks for it, or for this
   * long, in ms; `true`: a second. When an answer comes first, as a 401 or 413 does, the body isn't sent. A server that
   * answers 417 doesn't know of that, and gets the body unasked, if it can be sent again. Over HTTP/1.1 such a request
   * has a connection of its own, which isn't used again. For `undiciConnector`; the others refuse it.
   *
   * @default false
   */
  readonly expectContinue?: number | boolean | undefined;
}

/** How long a body waits for the server's word, in ms, when it isn't said: as long as curl has it. */
const defaultWait = 1_000;

const refusals = [
  ['maxResponseSize', 'maxResponseSize', 'it does not count what it receives'],
  ['onDownloadProgress', 'downloadProgress', 'it does not tell what it receives'],
  ['onUploadProgress', 'uploadProgress', 'it does not see what is sent'],
  ['expectContinue', 'expectContinue', 'it does not see when a body is sent'],
] as const;

/**
 * Lays the options of a call, or of a session, over those that it begins with; `undefined` when there is none.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when one can't be honoured
 */
export function mergeTransfer(
  base: Transfer | undefined,
  options: TransferOptions,
  connector: Connector,
): Transfer | undefined {
  const {maxResponseSize, onDownloadProgress, onUploadProgress, expectContinue} = options;
  if (
    maxResponseSize === undefined &&
    onDownloadProgress === undefined &&
    onUploadProgress === undefined &&
    expectContinue === undefined
  ) {
    return base;
  }
  const {name, capabilities} = connector;
  const given = {
    maxResponseSize,
    onDownloadProgress,
    onUploadProgress,
    expectContinue: expectContinue || undefined,
  };
  for (const [option, capability, hint] of refusals) {
    if (given[option] !== undefined && !capabilities[capability]) {
      throw new UnsupportedOptionError(option, `the ${name} connector`, hint);
    }
  }
  const size = checkNumber('maxResponseSize', maxResponseSize, base?.maxResponseSize ?? Infinity, {
    whole: true,
  });
  return {
    maxResponseSize: size === Infinity ? undefined : size,
    onDownloadProgress: checkFunction('onDownloadProgress', onDownloadProgress),
    onUploadProgress: checkFunction('onUploadProgress', onUploadProgress),
    expectContinue: checkDuration('expectContinue', expectContinue === true ? defaultWait : expectContinue),
  };
}
