import {expect, test} from 'vitest';
import type {FrontierOptions} from '../../examples/crawl/frontier.ts';
import {createFrontier} from '../../examples/crawl/frontier.ts';
import type {Target} from '../../examples/crawl/page.ts';
import type {RobotsRules} from '../../examples/crawl/robots.ts';

const open: RobotsRules = {allows: () => true, delay: 0};

function create(options: Partial<FrontierOptions> = {}) {
  const skipped: string[] = [];
  const frontier = createFrontier({
    limitPerHost: 2,
    maxPages: 100,
    accepts: () => true,
    onSkip: (reason) => skipped.push(reason),
    ...options,
  });
  const iterator = frontier[Symbol.asyncIterator]();
  return {
    frontier,
    skipped,
    add: (...urls: string[]) => {
      for (const url of urls) frontier.add({url, depth: 0, redirects: 0, from: undefined});
    },
    take: async () => {
      const {value, done} = await iterator.next();
      return done ? undefined : (value as Target);
    },
  };
}

test('an address is given once, however often it is added', async () => {
  const {frontier, add, take} = create();
  add('http://a.test/', 'http://a.test/');
  const target = await take();
  add('http://a.test/');
  if (target) frontier.release(target);
  expect(target?.url).toBe('http://a.test/');
  expect(await take()).toBeUndefined();
});

test('the frontier does not end while an active page could add more', async () => {
  const {frontier, add, take} = create();
  add('http://a.test/1');
  const first = await take();
  const second = take();
  frontier.setRules(first as Target, open);
  add('http://a.test/2');
  expect((await second)?.url).toBe('http://a.test/2');
});

test('a host gives a single address until its robots.txt is known', async () => {
  const {frontier, add, take} = create();
  add('http://a.test/1', 'http://a.test/2', 'http://b.test/1');
  const first = (await take()) as Target;
  const other = await take();
  const second = take();
  expect(other?.url).toBe('http://b.test/1');
  frontier.setRules(first, open);
  expect((await second)?.url).toBe('http://a.test/2');
});

test('a host gives no more than its limit, and does not hold back others', async () => {
  const {frontier, add, take} = create({limitPerHost: 2});
  add('http://a.test/1', 'http://a.test/2', 'http://a.test/3', 'http://b.test/1');
  const first = (await take()) as Target;
  frontier.setRules(first, open);
  const urls = [first.url, (await take())?.url, (await take())?.url];
  expect(urls.toSorted()).toEqual(['http://a.test/1', 'http://a.test/2', 'http://b.test/1']);
  const next = take();
  frontier.release(first);
  expect((await next)?.url).toBe('http://a.test/3');
});

test('an address that robots.txt forbids is counted, and does not count towards the page limit', async () => {
  const {frontier, skipped, add, take} = create({maxPages: 1});
  add('http://a.test/private/1', 'http://a.test/private/2', 'http://a.test/open');
  const first = (await take()) as Target;
  frontier.setRules(first, {allows: (url) => !url.includes('private'), delay: 0});
  frontier.release(first);
  const second = await take();
  expect(second?.url).toBe('http://a.test/open');
  expect(skipped).toEqual(['robots.txt', 'robots.txt']);
});

test('the page limit ends the frontier', async () => {
  const {frontier, add, take} = create({maxPages: 1});
  add('http://a.test/1', 'http://a.test/2');
  const first = (await take()) as Target;
  frontier.setRules(first, open);
  frontier.release(first);
  expect(await take()).toBeUndefined();
  expect(frontier.waiting).toBe(1);
});

test('addresses of other hosts are left out and counted', async () => {
  const {skipped, add, take} = create({accepts: ({host}) => host === 'a.test'});
  add('http://b.test/');
  expect(await take()).toBeUndefined();
  expect(skipped).toEqual(['other host']);
});

test('a Crawl-delay separates the requests of its host', async () => {
  const {frontier, add, take} = create({limitPerHost: 10});
  add('http://a.test/1', 'http://a.test/2', 'http://a.test/3');
  const first = (await take()) as Target;
  const start = performance.now();
  frontier.setRules(first, {allows: () => true, delay: 30});
  await take();
  await take();
  // Timers count whole milliseconds only.
  expect(performance.now() - start).toBeGreaterThanOrEqual(58);
});

test('a stopped frontier ends at once', async () => {
  const {frontier, add, take} = create();
  add('http://a.test/1');
  await take();
  const next = take();
  frontier.stop();
  expect(await next).toBeUndefined();
});

test('a frontier keeps a hundred thousand addresses, and more only for more pages', () => {
  for (const [maxPages, most] of [
    [100, 100_000],
    [10_000, 200_000],
  ] as const) {
    const {frontier, add, skipped} = create({maxPages});
    for (let index = 0; index < most + 10; index++) add(`http://a.test/${index}`);
    expect(frontier.waiting).toBe(most);
    expect(skipped).toEqual(Array(10).fill('too many'));
  }
});

test('a frontier knows no more hosts than pages may be requested, and a thousand at least', () => {
  const {frontier, add, skipped} = create({maxPages: 100});
  for (let index = 0; index < 1_010; index++) add(`http://host${index}.test/`);
  expect(frontier.waiting).toBe(1_000);
  expect(skipped).toEqual(Array(10).fill('too many'));
});
