import {discard} from '../core/discard-response.ts';
import type {PolicyContext, PolicyDefinition} from '../core/policy.ts';
import type {ProgressListener} from '../core/progress.ts';
import {ProgressReport, reportedStream} from '../core/progress.ts';
import type {CallOptionValues, ConnectorRequest, Transfer, TransferMonitor} from '../core/request.ts';
import {noCallOptions} from '../core/request.ts';
import {hasBody} from '../core/status.ts';
import {ResponseTooLargeError, UnsupportedOptionError} from '../errors/index.ts';
import {checkDuration, checkFunction, checkKnown, checkNumber} from '../utils/check-options.ts';

/** Options of calls about the bodies that are sent and received. */
export interface TransferOptions {
  /**
   * How large the body of a response may be, in bytes after decompression; `Infinity` for any size. A larger body fails
   * with a {@link ResponseTooLargeError}: the call itself rejects when `Content-Length` announces too much and the status
   * is below 400; otherwise the reading of the body fails, at the first byte over the limit.
   *
   * @default Infinity
   */
  readonly maxResponseSize?: number | undefined;
  /**
   * Notified of the progress of the response's body: with every chunk that is read, after decoding, and at the end.
   * `totalBytes` is the `Content-Length` of a body that was not decoded. While the total is unknown, `percent` is 0. Each
   * attempt starts from 0. An error that the listener throws ends the call.
   */
  readonly onDownloadProgress?: ProgressListener | undefined;
  /**
   * Notified of the progress of the request's body: with every chunk that is handed to the socket or to the runtime, and
   * at the end. The total is known for a body that isn't a stream, and for a stream with a `Content-Length`; otherwise
   * `percent` is 0 until the end. Each attempt starts from 0. An error that the listener throws ends the call.
   *
   * A connector over a runtime's own `fetch` sends a watched body as a stream: Deno and workers do so without a
   * `Content-Length`, Chromium over HTTP/2 only, so that `http:` URLs are refused there, and browsers that can't send streams refuse the option.
   */
  readonly onUploadProgress?: ProgressListener | undefined;
  /**
   * Sends `Expect: 100-continue` (RFC 9110, section 10.1.1): the body waits until the server asks for it, or for this
   * many ms; `true` means 1,000. If the response comes first, as a 401 or 413 does, the body isn't sent. A server that
   * answers 417 doesn't support the header, and gets the body without it if the body can be sent again. Over HTTP/1.1 such
   * a request has a connection of its own, which isn't used again. For `undiciConnector`; other connectors refuse it.
   *
   * @default false
   */
  readonly expectContinue?: number | boolean | undefined;
}

/** How long a body waits for `100 Continue` by default, in ms: as long as curl waits. */
const defaultWait = 1_000;

const needed = {
  maxResponseSize: 'maxResponseSize',
  onDownloadProgress: 'downloadProgress',
  onUploadProgress: 'uploadProgress',
  expectContinue: 'expectContinue',
} as const;

/** Refuses an option that the connector can't honour. */
function checkCapability(option: keyof typeof needed, {connector}: PolicyContext): void {
  if (!connector.capabilities[needed[option]])
    throw new UnsupportedOptionError(option, `the ${connector.name} connector`);
}

function listenerCheck(option: 'onDownloadProgress' | 'onUploadProgress') {
  return (value: ProgressListener, context: PolicyContext): ProgressListener => {
    checkCapability(option, context);
    return checkFunction(option, value);
  };
}

const checks = {
  maxResponseSize(value: number, context: PolicyContext): number {
    checkCapability('maxResponseSize', context);
    return checkNumber('maxResponseSize', value, undefined, {whole: true});
  },
  onDownloadProgress: /* @__PURE__ */ listenerCheck('onDownloadProgress'),
  onUploadProgress: /* @__PURE__ */ listenerCheck('onUploadProgress'),
  expectContinue(value: number | boolean, context: PolicyContext): number | undefined {
    if (value === false || value === 0) return undefined;
    checkCapability('expectContinue', context);
    return checkDuration('expectContinue', value === true ? defaultWait : value);
  },
};

/**
 * Bounds the size of responses, reports the progress of bodies and asks servers before a body is sent, by the options
 * of {@link TransferOptions}. `createSession` of `aiofetch` has this policy.
 *
 * @throws InvalidOptionError; when the session is made, UnsupportedOptionError for an option that its connector can't
 * honour
 *
 * @example
 * ```ts
 * import {createSession, transferPolicy} from 'aiofetch/core';
 *
 * await using session = createSession({policies: [transferPolicy({maxResponseSize: 1_000_000})]});
 * await (await session.fetch('https://example.com/')).text();
 * ```
 */
export function transferPolicy(
  options: Pick<TransferOptions, 'maxResponseSize'> = {},
): PolicyDefinition<TransferOptions> {
  checkKnown('transfer', options, ['maxResponseSize']);
  return {
    name: 'transfer',
    isShareable: true,
    callOptions: checks,
    rejectsOnAbort: true,
    wrap(next, context) {
      const {maxResponseSize} = options;
      const most =
        maxResponseSize === undefined ? Infinity : checks.maxResponseSize(maxResponseSize, context);
      const base = transferOf({}, most);
      return (request) => {
        request.transfer = request.options === noCallOptions ? base : transferOf(request.options, most);
        return next(request);
      };
    },
  };
}

interface Checked {
  readonly maxResponseSize?: number | undefined;
  readonly onDownloadProgress?: ProgressListener | undefined;
  readonly onUploadProgress?: ProgressListener | undefined;
  readonly expectContinue?: number | undefined;
}

/** The transfer settings of a call, merged with the limit of the session; `undefined` if there are none. */
function transferOf(options: CallOptionValues, most: number): Transfer | undefined {
  const {
    maxResponseSize: size = most,
    onDownloadProgress,
    onUploadProgress,
    expectContinue,
  } = options as Checked;
  const maxResponseSize = size === Infinity ? undefined : size;
  if ((maxResponseSize ?? onDownloadProgress ?? onUploadProgress ?? expectContinue) === undefined)
    return undefined;
  return {maxResponseSize, onDownloadProgress, onUploadProgress, expectContinue, monitor};
}

/** Makes the monitor of one attempt. The connector passes it decoded bodies. */
function monitor(this: Transfer, request: ConnectorRequest): TransferMonitor {
  const {maxResponseSize: limit = Infinity, onDownloadProgress, onUploadProgress} = this;
  let received = 0;
  let report: ProgressReport | undefined;
  const tooLarge = () => new ResponseTooLargeError(limit, {request, attempts: request.attempt});
  return {
    upload: (source) => onUploadProgress && reportedStream(source, onUploadProgress),
    responseStarted(response) {
      const {headers, type, status} = response;
      const isCoded = headers.has('content-encoding');
      const length = Number(headers.get('content-length') ?? Number.NaN);
      // Content-Length is the size before decoding, and a page isn't always shown that a body was decoded ('cors').
      const tellsSize = !isCoded && type !== 'cors' && request.method !== 'HEAD' && status !== 304;
      // The status of an error matters more than the size of its body.
      if (tellsSize && status < 400 && length > limit) {
        discard(response);
        throw tooLarge();
      }
      if (onDownloadProgress && hasBody(response, request)) {
        report = new ProgressReport(onDownloadProgress, (!isCoded && length) || undefined, type !== 'cors');
      }
    },
    received(chunk) {
      received += chunk.byteLength;
      if (received > limit) throw tooLarge();
      report?.add(chunk);
    },
    ended: () => report?.end(),
  };
}
