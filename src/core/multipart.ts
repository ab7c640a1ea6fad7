import {randomHex} from '../utils/random.ts';

/**
 * Encodes a form as multipart/form-data (HTML, "multipart form data"). The result is a `Blob`, because a `Blob` has a
 * size, reads files only when they are sent, and can be sent again.
 */
export function encodeMultipart(form: FormData, boundary = `----aiofetch${randomHex()}`): Blob {
  const parts: BlobPart[] = [];
  for (const [name, value] of form) {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(toCrlf(name))}"`;
    if (typeof value === 'string') {
      parts.push(`${disposition}\r\n\r\n${toCrlf(value)}\r\n`);
    } else {
      const type = value.type || 'application/octet-stream';
      // In HTML, an appended Blob becomes a File named "blob". In Bun it stays a Blob without a name.
      const {name: filename = 'blob'} = value;
      parts.push(
        `${disposition}; filename="${escapeName(filename)}"\r\nContent-Type: ${type}\r\n\r\n`,
        value,
        '\r\n',
      );
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, {type: `multipart/form-data; boundary=${boundary}`});
}

function toCrlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

function escapeName(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}

const encodings = /* @__PURE__ */ new WeakMap<FormData, Blob>();

/** Encodes a form once, so that redirects and retries send the same boundary. The form must not change after the first call. */
export function encodeOnce(form: FormData): Blob {
  let encoded = encodings.get(form);
  if (!encoded) {
    encoded = encodeMultipart(form);
    encodings.set(form, encoded);
  }
  return encoded;
}
