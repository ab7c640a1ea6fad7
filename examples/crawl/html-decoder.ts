import {Parser} from 'htmlparser2';

/** Turns the bytes of a page into text, as they arrive. */
export interface HtmlDecoder {
  write(chunk: Uint8Array): string;
  /** Returns the rest of the text. */
  end(): string;
}

/** How many bytes of a page are searched for the name of its encoding (HTML, "prescan a byte stream"). */
const prescanSize = 1_024;

/**
 * A decoder for the encoding of a page, by HTML's "encoding sniffing algorithm": a byte order mark, else the charset of
 * Content-Type, else a `<meta>` at the beginning of the page, else windows-1252, or UTF-8 for XHTML.
 */
export function createHtmlDecoder(contentType: string): HtmlDecoder {
  const isXml = /^application\/xhtml\+xml\b/i.test(contentType.trim());
  const named = decoderOf(/charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1]);
  let start = new Uint8Array();
  let decoder: TextDecoder | undefined;

  function begin(): string {
    decoder =
      decoderOfMark(start) ??
      named ??
      decoderOf(isXml ? 'utf-8' : charsetOfMeta(start)) ??
      new TextDecoder('windows-1252');
    return decoder.decode(start, {stream: true});
  }

  return {
    write(chunk) {
      if (decoder) return decoder.decode(chunk, {stream: true});
      start = Buffer.concat([start, chunk]);
      return start.length < prescanSize ? '' : begin();
    },
    end() {
      const text = decoder ? '' : begin();
      return text + (decoder as TextDecoder).decode();
    },
  };
}

function decoderOfMark([first, second, third]: Uint8Array): TextDecoder | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return new TextDecoder();
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be');
  return first === 0xff && second === 0xfe ? new TextDecoder('utf-16le') : undefined;
}

function decoderOf(label: string | undefined): TextDecoder | undefined {
  try {
    return label === undefined ? undefined : new TextDecoder(label);
  } catch {
    // An unknown label counts as none.
    return undefined;
  }
}

/** The encoding that a `<meta>` at the beginning of the page names. */
function charsetOfMeta(start: Uint8Array): string | undefined {
  let charset: string | undefined;
  const parser = new Parser({
    onopentag(name, {charset: named, 'http-equiv': kind, content}) {
      if (name !== 'meta' || decoderOf(charset)) return;
      charset = named?.trim();
      if (charset === undefined && kind?.toLowerCase() === 'content-type') {
        charset = /charset\s*=\s*["']?([^\s"';]+)/i.exec(content ?? '')?.[1];
      }
      // A page whose meta can be read byte by byte is not UTF-16.
      if (/^utf-16/i.test(decoderOf(charset)?.encoding ?? '')) charset = 'utf-8';
    },
  });
  parser.write(new TextDecoder('windows-1252').decode(start.subarray(0, prescanSize)));
  return charset;
}
