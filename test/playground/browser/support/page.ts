import {join} from 'node:path';
import {env} from 'node:process';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {chromium} from 'playwright-core';
import type {Settings} from '../../../../playground/model/settings.ts';
import {system} from '../../../conformance/support/binaries.ts';

/** Whether the tests skip for lack of a browser. Where `AIOFETCH_REQUIRE_BROWSERS` is set, as in CI, they fail instead. */
export const isMissing = system.chromium === undefined && !env['AIOFETCH_REQUIRE_BROWSERS'];

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({executablePath: system.chromium as string, args});
}

/** The playground in a page of its own. */
export interface Playground {
  readonly page: Page;
  /** The errors and warnings on its console, and its uncaught errors. */
  readonly complaints: readonly string[];
  /** Presses the button, waits until the run is over, and gives the text of its status. */
  run(): Promise<string | null>;
  /** The values of this name in the summary, one for each lane. */
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
    // The browser itself reports error responses and broken connections, which the settings ask for.
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
      await status.waitFor({state: 'attached', timeout: 120_000});
      return status.textContent();
    },
    async figures(name) {
      const cells = page.locator('#summary dl > div').filter({has: page.getByText(name, {exact: true})});
      return cells.locator('dd').allTextContents();
    },
  };
}

/** The folder for screenshots of the page. Without it none are taken, which would take longer than some tests. */
const pictures = env['AIOFETCH_PICTURES'];

export async function takePicture(page: Page, name: string): Promise<void> {
  if (pictures) await page.screenshot({path: join(pictures, `${name}.png`), fullPage: true});
}
