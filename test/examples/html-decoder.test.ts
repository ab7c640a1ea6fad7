import {expect, test} from 'vitest';
import {createHtmlDecoder} from '../../examples/crawl/html-decoder.ts';

/** Decodes a page that arrives in pieces of this size. */
function decode(bytes: Uint8Array, contentType = 'text/html', size = bytes.length || 1): string {
  const decoder = createHtmlDecoder(contentType);
  let text = '';
  for (let start = 0; start < bytes.length; start += size) {
    text += decoder.write(bytes.subarray(start, start + size));
  }
  return text + decoder.end();
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf8 = (text: string) => Buffer.from(text);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();

// HTML, "encoding sniffing algorithm" and "prescan a byte stream to determine its encoding".
test.each<[string, Uint8Array, string, string]>([
  ['a byte order mark of UTF-8, over the header', utf8('\uFEFFé'), 'text/html; charset=iso-8859-1', 'é'],
  [
    'a byte order mark of UTF-16',
    Buffer.concat([latin1('\xFF\xFE'), Buffer.from('é', 'utf16le')]),
    'text/html',
    'é',
  ],
  ['a byte order mark of UTF-16 in big-endian', utf16be('\uFEFFé'), 'text/html; charset=utf-8', 'é'],
  [
    'the header, over a meta',
    utf8('<meta charset=koi8-r>é'),
    'text/html; charset="UTF-8"',
    '<meta charset=koi8-r>é',
  ],
  ['a header in single quotes', utf8('é'), "text/html; CHARSET = 'utf-8'", 'é'],
  ['UTF-16 of the header, without a byte order mark', utf16be('é'), 'text/html; charset=utf-16be', 'é'],
  [
    'a meta where the header has an unknown name',
    utf8('<meta charset=utf-8>é'),
    'text/html; charset=x',
    '<meta charset=utf-8>é',
  ],
  ['a meta', latin1('<META CharSet = "koi8-r">\xC1'), 'text/html', '<META CharSet = "koi8-r">а'],
  [
    'a meta for the header',
    latin1('<meta content="text/html; charset=shift_jis" http-equiv=Content-Type>\x83\x41'),
    'text/html',
    '<meta content="text/html; charset=shift_jis" http-equiv=Content-Type>ア',
  ],
  [
    'the first of two metas',
    utf8('<meta charset=utf-8><meta charset=koi8-r>é'),
    'text/html',
    '<meta charset=utf-8><meta charset=koi8-r>é',
  ],
  [
    'the first meta with a known name',
    utf8('<meta charset=x><meta charset=utf-8>é'),
    'text/html',
    '<meta charset=x><meta charset=utf-8>é',
  ],
  [
    'no meta in a comment',
    latin1('<!-- <meta charset=utf-8> -->\xE9'),
    'text/html',
    '<!-- <meta charset=utf-8> -->é',
  ],
  [
    'no content of another meta',
    latin1('<meta name=a content="charset=utf-8">\xE9'),
    'text/html',
    '<meta name=a content="charset=utf-8">é',
  ],
  [
    'UTF-8 for a meta that names UTF-16',
    utf8('<meta charset=utf-16>é'),
    'text/html',
    '<meta charset=utf-16>é',
  ],
  ['windows-1252 otherwise', latin1('\x80\xE9'), 'text/html', '€é'],
  ['UTF-8 otherwise for XHTML', utf8('é'), 'application/xhtml+xml', 'é'],
  ['nothing of an empty page', utf8(''), 'text/html', ''],
])('the encoding of a page is that of %s', (_name, bytes, contentType, text) => {
  for (const size of [1, 3, bytes.length || 1]) expect(decode(bytes, contentType, size)).toBe(text);
});

test('a meta counts only among the first 1,024 bytes', () => {
  const page = (size: number) => utf8(`${' '.repeat(size)}<meta charset=utf-8>é`);
  expect(decode(page(1_000)).trim()).toBe('<meta charset=utf-8>é');
  expect(decode(page(1_024)).trim()).toBe('<meta charset=utf-8>Ã©');
});

test('the text of a page is given as it arrives', () => {
  const decoder = createHtmlDecoder('text/html; charset=utf-8');
  expect(decoder.write(utf8('a'.repeat(1_023)))).toBe('');
  expect(decoder.write(utf8('b'))).toHaveLength(1_024);
  expect(decoder.write(utf8('é').subarray(0, 1))).toBe('');
  expect(decoder.write(utf8('é').subarray(1))).toBe('é');
  expect(decoder.end()).toBe('');
});
