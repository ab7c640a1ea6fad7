import {describe, expect, test} from 'vitest';
import {createLinkReader} from '../../examples/crawl/links.ts';
import {normalizeUrl} from '../../examples/crawl/normalize-url.ts';

const page = 'http://example.com/docs/page';

function read(html: string, url = page) {
  const reader = createLinkReader(url);
  reader.write(html);
  return reader.end();
}

describe('normalizeUrl', () => {
  test.each([
    ['a fragment', 'http://example.com/a#part', 'http://example.com/a'],
    ['dot segments', 'http://example.com/b/../a/./c', 'http://example.com/a/c'],
    ['an upper-case host and the default port', 'HTTP://EXAMPLE.com:80/a', 'http://example.com/a'],
    ['escapes that need not be', 'http://example.com/%61%7Eb', 'http://example.com/a~b'],
    ['escapes in lower case', 'http://example.com/%c3%a9?x=%2f', 'http://example.com/%C3%A9?x=%2F'],
    ['characters without their escapes', 'http://example.com/é', 'http://example.com/%C3%A9'],
    ['an empty query', 'http://example.com/a?', 'http://example.com/a'],
    ['userinfo', 'http://user:secret@example.com/', 'http://example.com/'],
    ['white space around it', '  http://example.com/a \n', 'http://example.com/a'],
    ['a host alone', 'https://example.com', 'https://example.com/'],
  ])('%s is normalised, since it leads to the same page', (_, href, normalized) => {
    expect(normalizeUrl(href)).toBe(normalized);
  });

  test('an escaped slash stays escaped', () => {
    expect(normalizeUrl('http://example.com/a%2Fb')).toBe('http://example.com/a%2Fb');
  });

  test('a query keeps its order and case', () => {
    expect(normalizeUrl('http://example.com/?B=1&a=2')).toBe('http://example.com/?B=1&a=2');
  });

  test.each([
    'mailto:a@example.com',
    'javascript:void 0',
    'tel:1',
    'ftp://example.com/',
    'data:,x',
    'http://',
    'a',
  ])('%s is not a page', (href) => {
    expect(normalizeUrl(href)).toBeUndefined();
  });

  test('a normalised URL stays as it is', () => {
    const once = normalizeUrl('http://example.com/%7ea/../b?c=%e2%82%ac#d') ?? '';
    expect(normalizeUrl(once)).toBe(once);
  });
});

describe('createLinkReader', () => {
  test('links are resolved on the page, in order, each once', () => {
    const {links} = read(
      '<a href="b">b</a><a href="/a">a</a><a href="b#part">b again</a><A HREF="./b">and again</A>',
    );
    expect(links).toEqual(['http://example.com/docs/b', 'http://example.com/a']);
  });

  test('links are read from a, area, iframe and frame only', () => {
    const {links} = read(`
      <a href="1"></a><map><area href="2"></map><iframe src="3"></iframe><frame src="4">
      <img src="5"><link href="6" rel="stylesheet"><script src="7"></script><a name="8"></a>`);
    expect(links).toEqual(['1', '2', '3', '4'].map((name) => `http://example.com/docs/${name}`));
  });

  test('links in comments, scripts, styles and text are ignored', () => {
    const {links} = read(`
      <!-- <a href="1"></a> --><script>'<a href="2"></a>'</script><style>/* <a href="3"></a> */</style>
      <title><a href="4"></a></title><textarea><a href="5"></a></textarea>&lt;a href="6"&gt;`);
    expect(links).toEqual([]);
  });

  test('character references in links are decoded', () => {
    expect(read('<a href="/?a=1&amp;b=2"></a>').links).toEqual(['http://example.com/?a=1&b=2']);
  });

  test('HTML can be written in pieces, cut anywhere', () => {
    const html = '<p>text<a class=x href="/one">one</a><a href=/two>two</a>';
    const reader = createLinkReader(page);
    for (const character of html) reader.write(character);
    expect(reader.end().links).toEqual(['http://example.com/one', 'http://example.com/two']);
  });

  test('all links are resolved on the first base that has a href', () => {
    const {links} = read(
      '<a href="1"></a><base target="_top"><base href="/v2/"><base href="/v3/"><a href="2"></a>',
    );
    expect(links).toEqual(['http://example.com/v2/1', 'http://example.com/v2/2']);
  });

  test('a base that is not an http or https URL is ignored', () => {
    expect(read('<base href="javascript:x"><a href="1"></a>').links).toEqual(['http://example.com/docs/1']);
  });

  test('nofollow links are counted, and not given', () => {
    const {links, nofollow} = read('<a rel="noopener NoFollow" href="1"></a><a rel="next" href="2"></a>');
    expect(links).toEqual(['http://example.com/docs/2']);
    expect(nofollow).toBe(1);
  });

  test('a page can exclude all its links with a robots meta tag', () => {
    const {links, nofollow} = read(
      '<a href="1"></a><meta name="ROBOTS" content="noindex, nofollow"><a href="2"></a>',
    );
    expect(links).toEqual([]);
    expect(nofollow).toBe(2);
  });

  test.each([
    ['0; url=next', 'next'],
    ['5;URL=next', 'next'],
    ['0, url=next', 'next'],
    ['3.5 next', 'next'],
    [' .5 ; url = "next" ', 'next'],
    ["0; url='next'; x", 'next'],
    ['0; url="next', 'next'],
    ['0; next', 'next'],
    ['0; urls', 'urls'],
    ['5', undefined],
    ['5;', undefined],
    ['next', undefined],
    ['0next', undefined],
    [undefined, undefined],
  ])('the target of a refresh is a link: %s', (content, target) => {
    const attribute = content === undefined ? '' : ` content="${content.replaceAll('"', '&quot;')}"`;
    const {links} = read(`<meta http-equiv=Refresh${attribute}><meta name=refresh content="0; url=no">`);
    expect(links).toEqual(target === undefined ? [] : [`http://example.com/docs/${target}`]);
  });

  test('a refresh with a long content is read in linear time', () => {
    for (const part of ['1', ' ', '.', '1 ', '; ', 'url = ']) {
      expect(read(`<meta http-equiv=refresh content="${part.repeat(300_000)}">`).links).toHaveLength(0);
    }
  });

  test('links are read from broken markup', () => {
    expect(read('<a href="1"><a href="2"<p></b></html><a href=\'3').links).toContain(
      'http://example.com/docs/1',
    );
  });
});

describe('the bounds of a page', () => {
  test('ten thousand links of a page are read', () => {
    const html = Array.from({length: 20_000}, (_, index) => `<a href="/${index}">x</a>`).join('');
    expect(read(html).links).toHaveLength(10_000);
  });

  test.each([
    ['elements', '<b>', ''],
    ['elements that are closed in the wrong order', '<b><i>', '</u></b>'],
    ['forms', '<form><div>', '</form>'],
    ['drawings', '<svg><g>', '</g>'],
  ])('links behind and within 200,000 nested %s are read, in linear time', (_, open, close) => {
    const html = `<a href="/1">x</a>${open.repeat(200_000)}<a href="/2">x</a>${close.repeat(200_000)}<a href="/3">x</a>`;
    expect(read(html).links).toHaveLength(3);
  });

  test('an address or a base of more than 2,048 characters counts as none', () => {
    const long = 'x'.repeat(2_048);
    expect(read(`<a href="/${long}">x</a><a href="/a">x</a>`).links).toEqual(['http://example.com/a']);
    expect(read(`<base href="/${long}/"><a href="a">x</a>`).links).toEqual(['http://example.com/docs/a']);
    expect(normalizeUrl(`/${'é'.repeat(1_000)}`, page)).toBeUndefined();
  });
});
