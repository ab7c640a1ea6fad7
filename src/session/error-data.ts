import {bareMediaType} from '../utils/media-type.ts';

/** The most that is read of the body of a response that becomes an error, in bytes, and the longest, in ms. */
const errorDataLimit = 10_485_760;
const errorDataTime = 10_000;

/**
 * The body of a response that becomes an error: parsed when it says that it's JSON, text otherwise, `undefined` when it's
 * empty, too large, takes too long or breaks off: the status is the news.
 */
export async function readErrorData(
  response: Response,
  parse: (text: string) => unknown = JSON.parse,
): Promise<unknown> {
  const text = await readBounded(response);
  if (!text) return undefined;
  if (!isJson(response)) return text;
  try {
    return await parse(text);
  } catch {
    return text;
  }
}

// application/json, and what is built on it, as application/problem+json (RFC 9457).
function isJson(response: Response): boolean {
  return /\/(?:.*[.+-])?json$/.test(bareMediaType(response.headers.get('content-type')));
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
