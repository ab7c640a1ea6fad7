import {decodeBase64} from '../utils/base64.ts';
import type {Echo} from './server-address.ts';

/** The body that the server received, as bytes. */
export function bytesOf({body}: Echo): Uint8Array<ArrayBuffer> {
  return decodeBase64(body);
}

/** The body that the server received, as UTF-8 text. */
export function textOf(echo: Echo): string {
  return new TextDecoder().decode(bytesOf(echo));
}
