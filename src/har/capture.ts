import type {RequestBody} from '../core/body.ts';
import {encodeBase64} from '../utils/base64.ts';
import type {HarContent} from './format.ts';

/** Types whose bytes are text; the others are written in base64. */
const textTypes =
  /^(?:text\/|application\/(?:.*[+.-])?(?:json|xml|javascript|x-www-form-urlencoded|graphql|x-ndjson)\b|image\/svg)/i;

/** A body read along: what of it is known. */
export type CapturedBody = Pick<HarContent, 'text' | 'encoding' | 'comment'> & {readonly size?: number};

/**
 * Reads a copy of a response's body, unless it's larger than `maxSize` bytes, and tells what it has. The copy is let go of as
 * soon as it is too large, so that no more than that is kept.
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
    return {comment: 'It broke off'};
  }
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const type = copy.headers.get('content-type') ?? '';
  if (type === '' ? isText(bytes) : textTypes.test(type)) {
    return {size, text: new TextDecoder().decode(bytes)};
  }
  return {size, text: encodeBase64(bytes), encoding: 'base64'};
}

/** What is to be sent, where that is text, or bytes that are. */
export function textOf(body: RequestBody, maxSize: number): string | undefined {
  let text: string;
  if (typeof body === 'string') text = body;
  else if (body instanceof URLSearchParams) text = body.toString();
  else if (body instanceof Uint8Array && body.byteLength <= maxSize && isText(body))
    text = new TextDecoder().decode(body);
  else return undefined;
  return new TextEncoder().encode(text).byteLength <= maxSize ? text : undefined;
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
