import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {extname, join} from 'node:path';
import type {Browser} from 'playwright-core';
import {build} from 'vite';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {root} from '../../support/snippets.ts';
import {isMissing, launchBrowser, openPlayground} from './support/page.ts';

const types: Record<string, string> = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css'};

describe.skipIf(isMissing)('the static site in Chromium', () => {
  let folder: string;
  let browser: Browser;
  let address: string;
  /** The paths of all requests to the site. */
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://site.test').pathname;
    asked.push(path);
    try {
      // Below a path, as project sites usually are.
      const file = path.replace(/^\/site\//, '').replace(/^$/, 'index.html');
      const content = await readFile(join(folder, file));
      response
        .writeHead(200, {'content-type': types[extname(file)] ?? 'application/octet-stream'})
        .end(content);
    } catch {
      response.writeHead(404).end();
    }
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aiofetch-playground-'));
    await build({
      configFile: join(root, 'playground/vite.config.ts'),
      build: {outDir: folder},
      logLevel: 'error',
      mode: 'production',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/site/`;
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server.close();
    server.closeAllConnections();
    await rm(folder, {recursive: true, force: true});
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
