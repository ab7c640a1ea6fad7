import type {KyOptions} from './call-options.ts';
import type {RedactedRequest} from './errors.ts';
import {HTTPError} from './errors.ts';
import {isRedirectStatus} from './redirect.ts';
import type {Redirect} from './request.ts';

/** What decides whether a status is an error, and what is read of one that is. */
export interface Judgement {
  readonly throwHttpErrors: KyOptions['throwHttpErrors'] | undefined;
  readonly parseJson: KyOptions['parseJson'] | undefined;
  readonly redirect: Redirect;
  readonly signal: AbortSignal | null | undefined;
  /** How many were made. */
  readonly attempts: number;
}

/**
 * The response, when its status is none that rejects.
 *
 * @param request - what was asked for; a `Request` where `parseJson` is told about it
 * @throws HTTPError
 */
export async function judgeStatus(
  response: Response,
  request: RedactedRequest,
  {redirect, throwHttpErrors = true, parseJson, signal, attempts}: Judgement,
): Promise<Response> {
  const {status, type} = response;
  const isFine =
    response.ok ||
    type === 'opaque' ||
    type === 'opaqueredirect' ||
    (redirect === 'manual' && isRedirectStatus(status)) ||
    !(typeof throwHttpErrors === 'function' ? throwHttpErrors(status) : throwHttpErrors);
  if (isFine) return response;
  const data = await readErrorData(response, parseJson, request);
  if (signal?.aborted) throw signal.reason;
  throw new HTTPError(response, data, {request, attempts: Math.max(attempts, 1)});
}

/** The most that is read of the body of a response that becomes an error, in bytes, and the longest, in ms. */
const errorDataLimit = 10 * 1024 * 1024;
const errorDataTime = 10_000;

async function readErrorData(
  response: Response,
  parseJson: KyOptions['parseJson'],
  request: RedactedRequest,
): Promise<unknown> {
  const text = await readBounded(response);
  if (!text) return undefined;
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  // application/json, and what is built on it, as application/problem+json (RFC 9457).
  if (!/\/(?:.*[.+-])?json$/i.test(type.trim())) return text;
  try {
    return await (parseJson ? parseJson(text, {request: request as Request, response}) : JSON.parse(text));
  } catch {
    return text;
  }
}

async function readBounded(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  let isCut = false;
  // Not waited for: of a clone, it ends with the other only.
  const cut = () => {
    isCut = true;
    reader.cancel().catch(() => undefined);
  };
  const timer = setTimeout(cut, errorDataTime);
  try {
    while (!isCut) {
      const {done, value} = await reader.read();
      if (isCut) break;
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > errorDataLimit) cut();
      text += decoder.decode(value, {stream: true});
    }
  } catch {
    // The status is the news; a body that breaks off must not hide it.
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}
