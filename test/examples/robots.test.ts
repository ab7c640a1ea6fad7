import {describe, expect, test} from 'vitest';
import {longestCrawlDelay} from '../../examples/crawl/bounds.ts';
import {createRobots} from '../../examples/crawl/robots.ts';
import {parseRobots} from '../../examples/crawl/robots-rules.ts';
import {mockConnector} from '../../src/connectors/mock.ts';
import {createSession} from '../../src/index.ts';

const rulesOf = (...lines: string[]) => parseRobots(lines.join('\n'), 'crawl');

const allows = (path: string, ...rules: string[]) =>
  rulesOf('User-agent: *', ...rules).allows(`http://a.test${path}`);

describe('which rule of a robots.txt holds for a path', () => {
  // RFC 9309, sections 2.2.2, 2.2.3 and 5.
  test.each([
    ['/x', [], true],
    ['/x', ['Disallow:'], true],
    ['/x', ['Disallow: /'], false],
    ['/robots.txt', ['Disallow: /'], true],
    ['/example/page', ['Allow: /example/', 'Disallow: /example/page'], false],
    ['/example/page', ['Disallow: /example/page', 'Allow: /example/page'], true],
    [
      '/example/page/disallowed.gif',
      ['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'],
      false,
    ],
    ['/example/other', ['Disallow: /example/page'], true],
    ['/p/q', ['Disallow: /p', 'Allow: /p/', 'Disallow: /p/q/r'], true],
    ['/a.php?x=1', ['Disallow: /*.php$'], true],
    ['/a.php', ['Disallow: /*.php$'], false],
    ['/a.php5', ['Disallow: /*.php'], false],
    ['/fish', ['Disallow: /fish$'], false],
    ['/fish/', ['Disallow: /fish$'], true],
    ['/a/b/c', ['Disallow: /a*c'], false],
    ['/abcab', ['Disallow: /a*ab$'], false],
    ['/ab', ['Disallow: /a*ab$'], true],
    ['/x', ['Disallow: *'], false],
    ['/x', ['Disallow: **$'], false],
    ['/foo/bar?baz', ['Disallow: /*?'], false],
    ['/a', ['Disallow: /*', 'Allow: /a'], true],
    ['/a', ['Allow: /*', 'Disallow: /a'], true],
    ['/a$b', ['Disallow: /a$b'], true],
    ['/a$b', ['Disallow: /a%24b'], false],
    ['/a*b', ['Disallow: /a%2Ab'], false],
    ['/axb', ['Disallow: /a%2Ab'], true],
    ['/caf%C3%A9', ['Disallow: /café'], false],
    ['/caf%c3%a9', ['Disallow: /caf%C3%A9'], false],
    ['/%7Euser', ['Disallow: /~user'], false],
    ['/a%2Fb', ['Disallow: /a/b'], true],
    ['/a b', ['Disallow: /a b'], false],
    ['/x', ['Disallow: /x # a comment'], false],
    ['/x', ['  DISALLOW :\t/x  '], false],
  ] as const)('a crawler at %s obeys %j', (path, rules, isAllowed) => {
    expect(allows(path, ...rules)).toBe(isAllowed);
  });

  test('a rule is the same without wildcards as one of many', () => {
    const lines = ['/', '/b', '/b/c/d', '/b/c'].map(
      (path, index) => `${index % 2 ? 'Allow' : 'Disallow'}: ${path}`,
    );
    expect(['/a', '/b', '/b/x', '/b/c', '/b/c/d/e', '/b/c/e'].map((path) => allows(path, ...lines))).toEqual([
      false,
      true,
      true,
      true,
      false,
      true,
    ]);
  });
});

describe('the groups of a robots.txt', () => {
  const named = (path: string, ...lines: string[]) => rulesOf(...lines).allows(`http://a.test${path}`);

  test('the group of the crawler takes the place of the group for all', () => {
    const lines = ['User-agent: *', 'Disallow: /', 'User-agent: Crawl/1.0', 'Disallow: /x'];
    expect([named('/x', ...lines), named('/y', ...lines)]).toEqual([false, true]);
  });

  test('several groups of the crawler are one', () => {
    const lines = ['User-agent: crawl', 'Disallow: /x', '', 'User-agent: crawl', 'Disallow: /y'];
    expect([named('/x', ...lines), named('/y', ...lines)]).toEqual([false, false]);
  });

  test('a group may name several crawlers, and other lines do not end it', () => {
    const lines = ['User-agent: crawl', 'Sitemap: http://a.test/s', 'User-agent: other', '', 'Disallow: /x'];
    expect(named('/x', ...lines)).toBe(false);
  });

  test('rules before the first group hold for no crawler', () => {
    expect(named('/x', 'Disallow: /x', 'User-agent: crawl', 'Disallow: /y')).toBe(true);
  });

  test('a crawler whose name begins like another is another', () => {
    expect(named('/x', 'User-agent: crawler', 'Disallow: /')).toBe(true);
  });

  test.each(['\r', '\r\n', '\n'])('lines end with %j', (end) => {
    expect(parseRobots(['User-agent: *', 'Disallow: /x'].join(end), 'crawl').allows('http://a.test/x')).toBe(
      false,
    );
  });

  test.each([
    ['5', 5],
    ['0.5', 0.5],
    ['-5', undefined],
    ['soon', undefined],
  ])('a Crawl-delay of %s is %s', (value, delay) => {
    expect(rulesOf('User-agent: *', `Crawl-delay: ${value}`).delay).toBe(delay);
  });
});

describe('a robots.txt that is made to take long', () => {
  const url = `http://a.test/${'a'.repeat(2_000)}`;

  test('an address whose rules take too many comparisons is not allowed', () => {
    const rule = `Disallow: /*${'a*'.repeat(200)}b`;
    const lines = ['User-agent: *', ...Array<string>(1_000).fill(rule)];
    expect(rulesOf(...lines).allows(url)).toBe(false);
    expect(rulesOf('User-agent: *', rule).allows(url)).toBe(true);
  });

  test('tens of thousands of rules without wildcards count without a bound', () => {
    const lines = Array.from({length: 40_000}, (_, index) => `Disallow: /${'a'.repeat(index % 20)}${index}`);
    expect(rulesOf('User-agent: *', ...lines).allows(url)).toBe(true);
    expect(rulesOf('User-agent: *', ...lines, 'Disallow: /aaa').allows(url)).toBe(false);
  });

  test('many groups with many names keep only the rules of the crawler', () => {
    const names = Array.from({length: 20_000}, (_, index) => `User-agent: bot${index}`);
    const rules = Array.from({length: 20_000}, (_, index) => `Disallow: /${index}`);
    expect(rulesOf(...names, ...rules).allows('http://a.test/1')).toBe(true);
  });
});

describe('a robots.txt that a host serves', () => {
  async function ask(text: string) {
    await using session = createSession({connector: mockConnector(() => new Response(text))});
    return createRobots({session, userAgent: 'crawl/1.0'}).rules('http://a.test');
  }

  test('the bytes beyond 500 KiB are ignored, and so is the line that they cut', async () => {
    const rules = await ask(`User-agent: *\nDisallow: /x\nDisallow: /${'y'.repeat(600_000)}\nDisallow: /z`);
    expect(['/x', '/y', '/z'].map((path) => rules.allows(`http://a.test${path}`))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test.each(['1e9', 'Infinity', '99999999999999999999'])('a Crawl-delay of %s is a minute', async (delay) => {
    expect((await ask(`User-agent: *\nCrawl-delay: ${delay}`)).delay).toBe(longestCrawlDelay);
  });
});
