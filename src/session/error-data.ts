import type {JsonParser} from './response-promise.ts';

/** How many bytes of an error response's body are read at most, and for how many ms. */
const errorDataLimit = 10_485_760;
const errorDataTime = 10_000;

/**
 * Reads the body of an error response. JSON is parsed, and any other body is text. The result is `undefined` if the body is
 * empty, too large, too slow or breaks off, because the error must show the status rather than a problem of the body.
 */
export async function readErrorData(response: Response, parse?: JsonParser): Promise<unknown> {
  const {body, headers} = response;
  const text = body && (await readText(body));
  if (!text || !jsonType.test(headers.get('content-type') ?? '')) return text || undefined;
  try {
    return parse ? await parse(text, response) : JSON.parse(text);
  } catch {
    return text;
  }
}

// application/json and types based on it, such as application/problem+json (RFC 9457), with or without parameters.
const jsonType = /^[^\s;,]+[/.+-]json\s*(?:;|$)/i;

async function readText(body: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  // Not awaited: the `cancel` of one clone settles only when the other clone is cancelled too.
  const cut = () => {
    size = Infinity;
    reader.cancel().catch(() => undefined);
  };
  const timer = setTimeout(cut, errorDataTime);
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return size === Infinity ? undefined : text + decoder.decode();
      size += value.byteLength;
      if (size > errorDataLimit) cut();
      text += decoder.decode(value, {stream: true});
    }
  } catch {
    // A body that breaks off must not hide the status.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
