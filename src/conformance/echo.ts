import {decodeBase64} from '../utils/base64.ts';
import type {Echo} from './server-address.ts';

/** The body that an echo tells of. */
export function bytesOf({body}: Echo): Uint8Array<ArrayBuffer> {
  return decodeBase64(body);
}

/** The same, as text in UTF-8. */
export function textOf(echo: Echo): string {
  return new TextDecoder().decode(bytesOf(echo));
}
