import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {env} from 'node:process';
import {build} from 'esbuild';
import {expect, it} from 'vitest';
import {system} from '../conformance/support/binaries.ts';
import {start} from '../conformance/support/child.ts';
import {bodyOf, startServer} from '../support/http-server.ts';

const {chromium} = system;
// CI has Chromium, and says so by the variable.
const isMissing = chromium === undefined && !env['AIOFETCH_REQUIRE_BROWSERS'];

it.skipIf(isMissing)('setupWorker answers a session in Chromium, without configuration', async () => {
  const {outputFiles} = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    format: 'esm',
    conditions: ['@aiofetch/source', 'browser'],
    write: false,
  });
  const worker = await readFile(createRequire(import.meta.url).resolve('msw/mockServiceWorker.js'));
  const files: Record<string, readonly [type: string, content: string | Buffer]> = {
    '/': ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', outputFiles[0]?.text ?? ''],
    '/mockServiceWorker.js': ['text/javascript', worker],
  };
  const reported = Promise.withResolvers<unknown>();
  const server = await startServer(async (request, response) => {
    const [type, content] = files[request.url ?? ''] ?? ['text/plain', `real ${request.url}`];
    response.setHeader('content-type', type);
    response.end(content);
    if (request.url === '/report') reported.resolve(JSON.parse(String(await bodyOf(request))));
  });

  const profile = await mkdtemp(join(tmpdir(), 'aiofetch-msw-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ];
  const browser = start(chromium as string, [...flags, `--user-data-dir=${profile}`, server.origin]);
  try {
    const gone = browser.gone.then(() => Promise.reject(new Error(browser.output())));
    expect(await Promise.race([reported.promise, gone])).toEqual({
      before: 'real /real',
      verb: {id: '1'},
      fetch: {id: '2'},
      body: {body: {name: 'Ada'}},
      missing: {name: 'HTTPError', status: 404, data: {reason: 'none'}},
      failed: {name: 'TypeError'},
      passedThrough: 'real /real',
      unhandled: 'real /other',
      after: 'real /users/1',
      connector: 'fetch',
      active: 0,
      sent: 9,
    });
  } finally {
    await browser.end();
    await rm(profile, {recursive: true, force: true, maxRetries: 5});
  }
});
