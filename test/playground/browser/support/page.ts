import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {env} from 'node:process';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {chromium} from 'playwright-core';
import type {Settings} from '../../../../playground/model/settings.ts';
import {system} from '../../../conformance/support/binaries.ts';

/** Whether there is no browser to test in. CI has one, and says so. */
export const isMissing = system.chromium === undefined && !env['AIOFETCH_REQUIRE_BROWSERS'];

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({executablePath: system.chromium as string, args});
}

/** The playground in a page of its own, and what is to be read from it. */
export interface Playground {
  readonly page: Page;
  /** What it wrote to its console as an error or a warning, and what it threw. */
  readonly complaints: readonly string[];
  /** Presses the button, and waits until all is over. Gives what the page says of it. */
  run(): Promise<string | null>;
  /** What the summary says under this name, one for each lane. */
  figures(name: string): Promise<string[]>;
}

export async function openPlayground(
  browser: Browser,
  address: string,
  settings: Partial<Settings> = {},
  options: BrowserContextOptions = {},
): Promise<Playground> {
  const context = await browser.newContext({viewport: {width: 1440, height: 1000}, ...options});
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A browser says so itself of each answer that is an error and each connection that breaks: what the server was
    // asked for.
    const isAskedFor =
      message.text().startsWith('Failed to load resource') && message.location().url.includes('/r/');
    if (['error', 'warning'].includes(message.type()) && !isAskedFor) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  const hash = new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  await page.goto(`${address}#${hash}`);

  const run = page.getByRole('button', {name: 'Run burst'});
  await run.and(page.locator(':enabled')).waitFor();
  return {
    page,
    complaints,
    async run() {
      const status = page.getByRole('status').filter({hasText: /^(?:Done|Stopped)\./});
      await run.click();
      await status.waitFor({state: 'attached', timeout: 45_000});
      return status.textContent();
    },
    async figures(name) {
      const cells = page.locator('#summary dl > div').filter({has: page.getByText(name, {exact: true})});
      return cells.locator('dd').allTextContents();
    },
  };
}

/** Where pictures of the page's states are left, to be looked at. */
const pictures = join(tmpdir(), 'aiofetch-playground');

export async function takePicture(page: Page, name: string): Promise<void> {
  await page.screenshot({path: join(pictures, `${name}.png`), fullPage: true});
}
