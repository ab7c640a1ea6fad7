import type {Browser} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {isMissing, launchBrowser, openPlayground} from './support/page.ts';
import {buildPage, listen} from './support/site.ts';

describe.skipIf(isMissing)('the static site in Chromium', () => {
  let page: Awaited<ReturnType<typeof buildPage>>;
  let server: Awaited<ReturnType<typeof listen>>;
  let browser: Browser;
  let address: string;
  /** The paths of all requests to the site. */
  const asked: string[] = [];

  beforeAll(async () => {
    page = await buildPage(true);
    server = await listen((request, response) => {
      asked.push(request.url ?? '');
      // Below a path, as project sites usually are.
      request.url = request.url?.replace(/^\/site\//, '/');
      page.serve(request, response);
    });
    address = `${server.origin}/site/`;
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await page?.remove();
  });

  it('the static site sends a burst to its service worker, which acts as the server, and nothing to the network', async () => {
    const playground = await openPlayground(browser, address, {
      requests: 50,
      hosts: 2,
      latency: 10,
      failures: 20,
      throttled: 5,
      retryAfter: 0,
      resets: 5,
      cuts: 5,
      minDelay: 10,
    });
    const {page, complaints, figures} = playground;
    const filesBefore = asked.length;
    await playground.run();
    expect(await figures('Settled')).toEqual(['50 / 50']);
    expect(await figures('Server saw')).toEqual(await figures('Sent'));
    expect(Number((await figures('Extra attempts'))[0])).toBeGreaterThan(0);
    // The browser checks at any time whether there is a newer service worker.
    expect(asked.slice(filesBefore).filter((path) => !path.endsWith('/mockServiceWorker.js'))).toEqual([]);
    expect(await page.locator('input[name=runtime][value=node]').isDisabled()).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('the stop button of the static site aborts the requests', async () => {
    const playground = await openPlayground(browser, address, {requests: 20, latency: 60_000, failures: 0});
    const {page, complaints, figures} = playground;
    await page.getByRole('button', {name: 'Run burst'}).click();
    await page
      .locator('#legend li')
      .filter({hasText: /Waiting\s*[1-9]/})
      .waitFor();
    await page.getByRole('button', {name: 'Stop'}).click();
    await page.getByRole('status').filter({hasText: 'Stopped.'}).waitFor({state: 'attached'});
    expect(await figures('Failed')).toEqual(['20']);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
