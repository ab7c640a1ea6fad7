import axe from 'axe-core';
import type {Browser, Page} from 'playwright-core';
import type {ViteDevServer} from 'vite';
import {afterAll, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest';
import type {LogSummary} from '../../../playground/model/server-log.ts';
import type {Settings} from '../../../playground/model/settings.ts';
import {answerApi} from '../../../playground/server/api.ts';
import {startPlayground} from '../../../playground/server/start.ts';
import type {Playground} from './support/page.ts';
import {isMissing, launchBrowser, openPlayground, takePicture} from './support/page.ts';
import {buildPage, listen} from './support/site.ts';

const small: Partial<Settings> = {
  requests: 60,
  hosts: 2,
  latency: 10,
  bodyTime: 0,
  failures: 0,
  minDelay: 20,
};

// A busy machine may take most of it for 5,000 requests.
describe.skipIf(isMissing)('the playground in Chromium', {timeout: 150_000}, () => {
  let browser: Browser;
  let devServer: ViteDevServer;
  let page: Awaited<ReturnType<typeof buildPage>>;
  let server: Awaited<ReturnType<typeof listen>>;
  let devAddress: string;
  /** The address of the built page. Loading it takes a tenth of the time that the modules of the dev server take. */
  let address: string;
  /** What the server saw of the runs of this test, in their order. */
  let logs: () => LogSummary[];

  beforeAll(async () => {
    const started = await startPlayground(0);
    ({server: devServer, address: devAddress} = started);
    const {runs} = started;
    page = await buildPage(false);
    server = await listen(async (request, response) => {
      if (!(await answerApi(runs, request, response))) page.serve(request, response);
    });
    address = `${server.origin}/`;
    const create = vi.spyOn(runs, 'create');
    logs = () =>
      create.mock.results
        .map(({value}) => runs.find(value.id)?.log.summary())
        .filter((log) => log !== undefined);
    browser = await launchBrowser();
  });
  beforeEach(() => {
    vi.clearAllMocks();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await page?.remove();
    await devServer?.close();
  });

  async function open(settings: Partial<Settings> = {}, options = {}): Promise<Playground> {
    return openPlayground(browser, address, {...small, ...settings}, options);
  }

  it('the page sends a burst, and its counters match those of the server', async () => {
    const settings = {...small, failures: 20, throttled: 5, retryAfter: 0, cuts: 5, limitPerHost: 4};
    const playground = await openPlayground(browser, devAddress, settings);
    const {page, complaints, figures} = playground;
    await playground.run();

    const [log] = logs() as [LogSummary];
    expect(log.active).toBe(0);
    expect(log.arrived).toBeGreaterThan(60);
    expect(await figures('Settled')).toEqual(['60 / 60']);
    expect(await figures('Sent')).toEqual([String(log.arrived)]);
    expect(await figures('Server saw')).toEqual([String(log.arrived)]);
    expect(await figures('Server’s peak')).toEqual([String(log.peak)]);
    expect(log.hosts.map(({peak}) => peak <= 4)).toEqual([true, true]);
    // Failed calls are those whose body was cut, and those whose last response was a 503 or 429.
    const {cut} = log.outcomes;
    const failed = Number((await figures('Failed'))[0]);
    expect(failed).toBeGreaterThanOrEqual(cut);
    expect(await page.locator('#table [role=grid]').getAttribute('aria-rowcount')).toBe('61');
    await page.getByLabel('Failed only').check();
    expect(await page.locator('#table [role=grid]').getAttribute('aria-rowcount')).toBe(String(failed + 1));
    await expect
      .poll(() => page.locator('#waterfalls canvas').getAttribute('aria-label'))
      .toContain(`Of 60 requests ${60 - failed} succeeded and ${failed} failed`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(['browser', 'node'])(
    'the stop button aborts the requests of %s, and the server notices',
    async (runtime) => {
      const playground = await open({latency: 60_000, latencyShape: 'fixed', requests: 40, limitPerHost: 4});
      const {page, complaints, figures} = playground;
      await page.locator(`input[name=runtime][value=${runtime}]`).check({force: true});
      await page.getByRole('button', {name: 'Run burst'}).click();
      await expect.poll(() => logs()[0]?.active).toBe(8);
      await page.getByRole('button', {name: 'Stop'}).click();
      await page.getByRole('status').filter({hasText: 'Stopped.'}).waitFor({state: 'attached'});

      expect(logs()).toMatchObject([{arrived: 8, active: 0, outcomes: {left: 8, answered: 0}}]);
      expect(await figures('Settled')).toEqual(['40 / 40']);
      expect(await figures('Failed')).toEqual(['40']);
      expect(await figures('Sent')).toEqual(['8']);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it('the page shows plain fetch beside the session, each with a server of the same kind', async () => {
    const playground = await open({failures: 30, retries: 4, retryBudget: 0});
    const {page, complaints, figures} = playground;
    await page.getByLabel('Beside plain fetch').check();
    await playground.run();

    const [first, second] = logs();
    expect(second?.arrived).toBe(60);
    expect(await figures('Settled')).toEqual(['60 / 60', '60 / 60']);
    expect(await figures('Server saw')).toEqual([String(first?.arrived), '60']);
    // Plain fetch retries nothing.
    expect((await figures('Failed'))[1]).toBe(String(second?.statuses['503']));
    expect(await page.locator('#waterfalls canvas').count()).toBe(2);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('the page runs a burst on Node over the pool, and streams its events', async () => {
    const playground = await open({limitPerHost: 3, failures: 10});
    const {page, complaints, figures} = playground;
    await page.locator('input[name=runtime][value=node]').check({force: true});
    await playground.run();

    const [log] = logs() as [LogSummary];
    expect(await figures('Settled')).toEqual(['60 / 60']);
    expect(await figures('Sent')).toEqual([String(log.arrived)]);
    expect(log.hosts.map(({peak}) => peak)).toEqual([3, 3]);
    // Only Node shows that connections are opened and kept.
    await page.locator('#table tbody tr[data-index="0"]').click();
    const detail = page.locator('#detail');
    expect(await detail.textContent()).toContain('Connecting');
    expect(await detail.textContent()).toContain('new connection');
    const peaks = await page.locator('.pool tbody tr td:last-child').allTextContents();
    expect(peaks.slice(1)).toEqual(['3', '3']);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('an error opens in full by keyboard alone, and gives the focus back', async () => {
    const playground = await open({failures: 100, retries: 0});
    const {page} = playground;
    await playground.run();
    await page.locator('#table .grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const detail = page.locator('#detail');
    expect(await detail.locator('h3').textContent()).toBe('Request 1');
    const text = await detail.textContent();
    for (const part of ['HTTPError', 'Status 503', 'ERR_HTTP_STATUS', 'attempts', 'Stack'])
      expect(text).toContain(part);
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('grid');
    expect(await page.locator('#table .grid').getAttribute('aria-activedescendant')).toBe('request-1');
    await page.context().close();
  });

  it('the page says what is wrong with invalid settings', async () => {
    const playground = await open({hasHedging: true, hedgePercentile: 300});
    const {page} = playground;
    await page.getByRole('button', {name: 'Run burst'}).click();
    const problem = page.getByRole('alert');
    await problem.filter({hasText: 'hedge.percentile'}).waitFor();
    expect(await page.getByRole('button', {name: 'Run burst'}).isEnabled()).toBe(true);
    await page.context().close();
  });

  it('the page keeps its settings in its address', async () => {
    const {page} = await open();
    await page.getByRole('spinbutton', {name: 'Requests'}).fill('77');
    await expect.poll(() => page.url()).toContain('requests=77');
    expect(await page.locator('#code').textContent()).toContain('length: 77');
    await page.context().close();
  });

  it.each([
    ['light', 1_440],
    ['dark', 1_440],
    ['light', 390],
  ] as const)('the page has no fault that axe finds, %s at %i px', async (colorScheme, width) => {
    const playground = await open({failures: 40, retries: 0}, {colorScheme, viewport: {width, height: 900}});
    const {page} = playground;
    expect(await faults(page)).toEqual([]);
    await takePicture(page, `empty-${colorScheme}-${width}`);
    await page.getByLabel('Beside plain fetch').check();
    await playground.run();
    await page.getByLabel('Failed only').check();
    await page.locator('#table tbody tr[data-index]').first().click();
    for (const details of await page.locator('#settings details').all()) {
      await details.evaluate((node) => node.setAttribute('open', ''));
    }
    expect(await faults(page)).toEqual([]);
    await takePicture(page, `failures-${colorScheme}-${width}`);
    // No element is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.context().close();
  });

  it('the page handles 5,000 requests, and contains only the visible rows', async () => {
    const playground = await open({requests: 5_000, hosts: 4, limitPerHost: 0, latency: 5, size: 100});
    const {page, complaints, figures} = playground;
    // On Node, which produces events faster than the fetch of a browser.
    await page.locator('input[name=runtime][value=node]').check({force: true});
    await page.evaluate(() => {
      const seen = {longest: 0, tasks: 0, frames: 0, slowest: 0, last: performance.now()};
      Object.assign(globalThis, {seen});
      new PerformanceObserver((list) => {
        for (const {duration} of list.getEntries()) {
          seen.tasks++;
          seen.longest = Math.max(seen.longest, duration);
        }
      }).observe({type: 'longtask'});
      const frame = (now: number) => {
        seen.frames++;
        seen.slowest = Math.max(seen.slowest, now - seen.last);
        seen.last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    const took = await playground.run();
    const seen = await page.evaluate(() => (globalThis as unknown as {seen: Record<string, number>}).seen);
    console.log(`5,000 requests in ${took}; tasks over 50 ms, the longest, frames and the slowest:`, seen);

    expect(await figures('Settled')).toEqual(['5,000 / 5,000']);
    expect(logs()[0]?.arrived).toBe(5_000);
    await takePicture(page, 'five-thousand');
    // The page contains only the visible rows.
    expect(await page.locator('#table tbody tr').count()).toBeLessThan(40);
    await page.locator('#table .grid').focus();
    await page.keyboard.press('End');
    expect(await page.locator('#table tbody tr[aria-selected=true]').getAttribute('data-index')).toBe('4999');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const {axe} = globalThis as unknown as {axe: typeof import('axe-core')};
    return (await axe.run()).violations;
  });
  return violations.flatMap(({id, nodes}) =>
    nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`),
  );
}
