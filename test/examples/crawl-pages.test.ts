import {expect, test} from 'vitest';
import {createCrawler} from '../../examples/crawl/crawler.ts';
import type {Page} from '../../examples/crawl/page.ts';
import {mockConnector} from '../../src/connectors/mock.ts';
import {createSession} from '../../src/index.ts';

/** Crawls a site of these pages, given as bytes in latin-1, and returns the addresses of the pages that were found. */
async function crawl(pages: Record<string, string>, type = 'text/html'): Promise<string[]> {
  await using session = createSession({
    connector: mockConnector(({url}) => {
      const page = pages[new URL(url).pathname];
      if (page === undefined) return new Response('', {status: 404});
      return new Response(Buffer.from(page, 'latin1'), {headers: {'content-type': type}});
    }),
  });
  const options = {
    session,
    starts: ['http://a.test/'],
    limit: 2,
    limitPerHost: 2,
    maxPages: 100,
    maxSize: 1e6,
  };
  const found: Page[] = [];
  for await (const page of createCrawler({...options, allHosts: false, userAgent: 'crawl'})) found.push(page);
  return found.filter(({status}) => status === 200).map(({url}) => new URL(url).pathname);
}

test('a page without a charset is read as windows-1252', async () => {
  expect(await crawl({'/': '<a href="/caf\xE9">x</a>', '/caf%C3%A9': 'x'})).toEqual(['/', '/caf%C3%A9']);
});

test('a page in UTF-8 that only its meta names is read as UTF-8', async () => {
  const page = '<!doctype html><meta charset=utf-8><a href="/caf\xC3\xA9">x</a>';
  expect(await crawl({'/': page, '/caf%C3%A9': 'x'})).toEqual(['/', '/caf%C3%A9']);
});

test('the target of a refresh is crawled', async () => {
  const page = '<meta http-equiv="refresh" content="0; url=/moved">';
  expect(await crawl({'/': page, '/moved': 'x'})).toEqual(['/', '/moved']);
});
