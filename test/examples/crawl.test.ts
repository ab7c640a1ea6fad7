import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {stripVTControlCharacters} from 'node:util';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Page} from '../../examples/crawl/page.ts';
import type {Site} from '../../examples/crawl/site.ts';
import {startSite} from '../../examples/crawl/site.ts';
import {runCrawl} from '../support/run-crawl.ts';
import type {NodeRun} from '../support/run-node.ts';

function parsePages(text: string): Page[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Page);
}

function countBy<Item>(
  items: readonly Item[],
  key: (item: Item) => string | undefined,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const name = key(item);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const faults = {
  'http 404': 8,
  'http 429': 4,
  'http 500': 4,
  'redirect loop': 1,
  'timeout: total': 2,
};

describe('a whole crawl with --json', () => {
  let site: Site;
  let run: NodeRun;
  let pages: Page[];

  beforeAll(async () => {
    site = await startSite({pagesPerHost: 24});
    run = await runCrawl([
      '--json',
      '--limit',
      '8',
      '--limit-per-host',
      '3',
      '--timeout',
      '5000',
      ...site.homes,
    ]);
    pages = parsePages(run.stdout);
  });

  afterAll(() => site.close());

  const asked = () => site.log.requests.map(({origin, path}) => origin + path);

  test('the crawl exits with 0', () => {
    expect(run.code).toBe(0);
  });

  test('the crawl prints one line for every page', () => {
    expect(pages.map(({url}) => url).toSorted()).toEqual([...site.expected].toSorted());
  });

  test('the crawl requests no address twice', () => {
    expect(asked().toSorted()).toEqual([...new Set(asked())].toSorted());
  });

  test('the crawl requests the robots.txt of each host first', () => {
    for (const home of site.homes) {
      const {origin} = new URL(home);
      expect(site.log.requests.find((request) => request.origin === origin)?.path).toBe('/robots.txt');
    }
  });

  test('the crawl keeps to robots.txt', () => {
    const inside = asked().filter((url) => url.includes('/private/'));
    expect(inside.map((url) => new URL(url).pathname)).toEqual([
      '/private/press',
      '/private/press',
      '/private/press',
    ]);
  });

  test('the crawl ignores nofollow links, and links in comments, scripts and error pages', () => {
    expect(asked().filter((url) => /unlisted|in-a-|not-to-be/.test(url))).toEqual([]);
  });

  test('the crawl stays on the given hosts', () => {
    expect(asked().filter((url) => url.startsWith(site.outside))).toEqual([]);
    expect(run.stderr).toMatch(/^ {2}other host +1$/m);
  });

  test('the crawl keeps to its limits, and uses them', () => {
    expect(site.log.peak()).toBeLessThanOrEqual(8);
    for (const home of site.homes) {
      expect(site.log.peak(new URL(home).origin)).toBeLessThanOrEqual(3);
    }
    expect(site.log.peak()).toBeGreaterThan(5);
  });

  test('the crawl keeps to a Crawl-delay', () => {
    const {origin} = new URL(site.homes[1] ?? '');
    const times = site.log.requests.filter((request) => request.origin === origin).map(({at}) => at);
    const span = (times.at(-1) ?? 0) - (times[1] ?? 0);
    // Measured from the first page on. The last request may arrive early by as much as the first was late.
    expect(span).toBeGreaterThan((times.length - 3) * 20);
  });

  test('the crawl groups faulty pages by kind', () => {
    const kinds = countBy(pages, ({error}) => error?.kind);
    expect(kinds).toMatchObject(faults);
    const broken = Object.entries(kinds).filter(([kind]) => !(kind in faults));
    expect(broken.every(([kind]) => kind.startsWith('receive: '))).toBe(true);
    expect(broken.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
  });

  test.each([
    ['/stalled', 'timeout: total'],
    ['/stalled-midway', 'timeout: total'],
    ['/resets', 'receive: ECONNRESET'],
  ])('the page %s is reported as %s', (path, kind) => {
    expect(pages.find(({url}) => new URL(url).pathname === path)?.error?.kind).toBe(kind);
  });

  test('the crawl reports the targets of redirects', () => {
    const [first = '', second = ''] = site.homes;
    expect(pages.find(({url}) => url === `${first}renamed`)).toMatchObject({
      status: 308,
      redirect: `${first}behind-a-redirect`,
    });
    expect(pages.find(({url}) => url === `${first}across`)).toMatchObject({
      status: 302,
      redirect: `${second}from-next-door`,
    });
  });

  test('the crawl reads files up to the size limit only', () => {
    const archives = pages.filter(({url}) => url.endsWith('.bin'));
    expect(archives).toHaveLength(4);
    for (const {bytes, cut, error} of archives) {
      expect(error).toBeUndefined();
      expect(cut).toBe(true);
      expect(bytes).toBeGreaterThan(1_000_000);
      expect(bytes).toBeLessThan(2_000_000);
    }
    const documents = pages.filter(({url}) => url.endsWith('.pdf'));
    expect(documents.map(({type, bytes}) => [type, bytes])).toEqual(
      Array(4).fill(['application/pdf', 40_000]),
    );
  });

  test('the report, on stderr, accounts for every page', () => {
    const {stderr} = run;
    const numbers = /(\d+) read, (\d+) redirected, (\d+) failed$/m.exec(stderr)?.slice(1).map(Number) ?? [];
    expect(numbers.reduce((sum, count) => sum + count, 0)).toBe(pages.length);
    expect(stderr).toMatch(`Done: ${pages.length} pages of 4 hosts in `);
    for (const [kind, count] of Object.entries(faults)) {
      expect(stderr).toMatch(new RegExp(`^ {2}${kind} +${count} {2}http`, 'm'));
    }
    for (const [status, count] of Object.entries(countBy(pages, (page) => page.status?.toString()))) {
      expect(stderr).toMatch(new RegExp(`^ {2}${status} +${count} {2}█+$`, 'm'));
    }
  });

  test('the report shows the limits, the peak and the reuse of the pool for each host', () => {
    const {stderr} = run;
    expect(stderr).toMatch('Pool: limit 8, 3 for each host');
    const [, active, open] = /Peak +(\d+) in use, (\d+) open/.exec(stderr) ?? [];
    expect(Number(active)).toBeGreaterThan(3);
    expect(Number(open)).toBeLessThanOrEqual(8);
    const [, sent] = /Reuse +(\d+) requests over \d+ connections, \d+% /.exec(stderr) ?? [];
    expect(Number(sent)).toBe(site.log.requests.length);
    for (const home of site.homes) expect(stderr).toContain(new URL(home).origin);
  });
});

test('without a URL, the crawl uses its own site, and prints plain lines where there is no terminal', async () => {
  const {code, stdout, stderr} = await runCrawl(['--timeout', '5000']);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toBe(stripVTControlCharacters(stdout));
  expect(stdout).not.toContain('\r');
  expect(stdout).toMatch(/^Crawling http:\/\/127\.0\.0\.1:\d+\/ and 3 more, an embedded site$/m);
  expect(stdout).toMatch(/^ {2}[\d.]+ s: \d+ of \d+ pages, 0 under way, 0 waiting, /m);
  expect(stdout).toMatch(/^Done: \d{3} pages of 4 hosts in /m);
  for (const [kind, count] of Object.entries(faults)) {
    expect(stdout).toMatch(new RegExp(`^ {2}${kind} +${count} {2}http`, 'm'));
  }
});

describe('on a small site', () => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({hosts: 2, pagesPerHost: 14});
  });

  afterAll(() => site.close());

  test('--max-pages ends the crawl, and the remaining pages are counted', async () => {
    const before = site.log.requests.length;
    const {code, stdout, stderr} = await runCrawl([
      '--json',
      '--max-pages',
      '7',
      '--timeout',
      '5000',
      ...site.homes,
    ]);
    expect(code).toBe(0);
    expect(parsePages(stdout)).toHaveLength(7);
    expect(site.log.requests.slice(before).filter(({path}) => path !== '/robots.txt')).toHaveLength(7);
    expect(stderr).toMatch(/^ {2}page limit +\d+$/m);
  });

  test('--all-hosts lets the crawl leave the given hosts', async () => {
    const {stdout} = await runCrawl(['--json', '--all-hosts', '--timeout', '5000', ...site.homes]);
    const pages = parsePages(stdout);
    expect(pages.filter(({url}) => url.startsWith(site.outside))).toHaveLength(2);
  });

  test('a start URL that redirects to another host starts the crawl there', async () => {
    const {code, stdout} = await runCrawl(['--json', `${site.homes[0]}across`]);
    expect(code).toBe(0);
    expect(parsePages(stdout).map(({url}) => url)).toEqual([
      `${site.homes[0]}across`,
      `${site.homes[1]}from-next-door`,
    ]);
  });

  test('Ctrl-C ends the crawl with the report so far and exit code 130', async () => {
    const {code, stdout, stderr} = await runCrawl(
      ['--json', '--timeout', '60000', ...site.homes],
      (child) => {
        child.stdout?.once('data', () => {
          child.kill('SIGINT');
          // A terminal sends Ctrl-C to npm and to the crawl, and npm passes its own signal on: the crawl gets it twice.
          child.kill('SIGINT');
        });
      },
    );
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Interrupted: \d+ pages? of /m);
    expect(stderr).toMatch(/, \d+ interrupted$/m);
    const pages = parsePages(stdout);
    expect(pages.some(({error}) => error?.kind === 'interrupted')).toBe(true);
    expect(stderr).toMatch(`Interrupted: ${pages.length} page`);
  });

  test('the crawl ends quietly when the reader of its output is gone', async () => {
    const {code, stderr} = await runCrawl(['--json', '--timeout', '60000', ...site.homes], (child) => {
      child.stdout?.once('data', () => child.stdout?.destroy());
    });
    expect(code).toBe(0);
    expect(stderr).not.toMatch('EPIPE');
    expect(stderr).toMatch('Pool: ');
  });
});

describe('a crawl that reads nothing', () => {
  test('a crawl of an unreachable host exits with 1', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const {port} = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const {code, stdout} = await runCrawl([`http://127.0.0.1:${port}/`]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Nothing read: 0 pages of 0 hosts in /m);
    expect(stdout).toMatch(/^ {2}robots\.txt unreachable \(connect: ECONNREFUSED\) +1$/m);
  });

  test('a crawl of a host whose robots.txt fails exits with 1', async () => {
    const paths: (string | undefined)[] = [];
    const server = createServer(({url}, response) => {
      paths.push(url);
      response.writeHead(503).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const {port} = server.address() as AddressInfo;
    const {code, stdout} = await runCrawl([`http://127.0.0.1:${port}/`]);
    server.close();
    expect(code).toBe(1);
    expect(paths).toEqual(['/robots.txt']);
    expect(stdout).toMatch(/^ {2}robots\.txt unreachable \(http 503\) +1$/m);
  });
});

describe('the command line', () => {
  test.each([['--limit', '0'], ['--nonsense'], ['not a url'], ['--timeout', 'soon', 'http://127.0.0.1:2/']])(
    '%s %s gets one line and exit code 2',
    async (...args) => {
      const {code, stdout, stderr} = await runCrawl(args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^crawl: [^\n]+\n$/);
    },
  );

  test('--help prints the usage', async () => {
    const {code, stdout, stderr} = await runCrawl(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const option of [
      '--limit',
      '--limit-per-host',
      '--max-pages',
      '--timeout',
      '--all-hosts',
      '--json',
    ]) {
      expect(stdout).toContain(option);
    }
  });
});
