import type {RequestBody} from '../core/body.ts';
import {tagOf} from '../core/body.ts';
import {encodeBase64} from '../utils/base64.ts';
import type {HarContent} from './format.ts';

/** Media types whose bodies are recorded as text. Other bodies are recorded in base64. */
const textTypes =
  /^(?:text\/|application\/(?:.*[+.-])?(?:json|xml|javascript|x-www-form-urlencoded|graphql|x-ndjson)\b|image\/svg)/i;

/** The recorded copy of a body, or a comment that tells why there is none. */
export type CapturedBody = Pick<HarContent, 'text' | 'encoding' | 'comment'> & {readonly size?: number};

/**
 * Reads a copy of a response's body, up to `maxSize` bytes. A larger copy is cancelled at once, so that memory holds no more
 * than that.
 */
export async function captureBody(copy: Response, maxSize: number): Promise<CapturedBody> {
  const reader = (copy.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > maxSize) {
        reader.cancel().catch(() => undefined);
        return {comment: `Larger than ${maxSize} bytes`};
      }
      chunks.push(next.value);
    }
  } catch {
    return {comment: 'The body broke off'};
  }
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const type = copy.headers.get('content-type') ?? '';
  if (type === '' ? isText(bytes) : textTypes.test(type)) {
    return {size, text: new TextDecoder().decode(bytes)};
  }
  return {size, text: encodeBase64(bytes), encoding: 'base64'};
}

/** The text of a request body that is text, or bytes of text, and small enough. */
export function textOf(body: RequestBody, maxSize: number): string | undefined {
  let text: string;
  if (typeof body === 'string') text = body;
  else if (tagOf(body) === 'URLSearchParams') text = String(body);
  else if (ArrayBuffer.isView(body) && body.byteLength <= maxSize && isText(body))
    text = new TextDecoder().decode(body);
  else return undefined;
  return new TextEncoder().encode(text).byteLength <= maxSize ? text : undefined;
}

function isText(bytes: ArrayBufferView<ArrayBuffer>): boolean {
  try {
    new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
