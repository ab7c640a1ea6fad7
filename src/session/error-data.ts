import {bareMediaType} from '../utils/media-type.ts';

/** How many bytes of an error response's body are read at most, and for how many ms. */
const errorDataLimit = 10_485_760;
const errorDataTime = 10_000;

/**
 * Reads the body of an error response. JSON is parsed, and any other body is text. The result is `undefined` if the body is
 * empty, too large, too slow or breaks off, because the error must show the status rather than a problem of the body.
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

// application/json and types based on it, such as application/problem+json (RFC 9457).
function isJson(response: Response): boolean {
  return /[/.+-]json$/.test(bareMediaType(response.headers.get('content-type')));
}

async function readBounded(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  let isCut = false;
  // Not awaited: the `cancel` of one clone settles only when the other clone is cancelled too.
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
    // A body that breaks off must not hide the status.
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}
