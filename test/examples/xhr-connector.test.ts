import {join} from 'node:path';
import type {ConformanceTopic} from 'aiofetch/conformance';
import {startConformanceServer} from 'aiofetch/conformance/server';
import {build} from 'esbuild';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {xhrConnector} from '../../examples/xhr-connector/connector.ts';
import {XmlHttpRequest} from '../../examples/xhr-connector/xml-http-request.ts';
import {main} from '../../examples/xhr-connector.ts';
import {ConnectionError, createSession, UnsupportedOptionError} from '../../src/index.ts';
import type {CaseReport} from '../conformance/support/report.ts';
import {isMissing, launchBrowser} from '../playground/browser/support/page.ts';
import {startServer} from '../support/http-server.ts';
import {rejection} from '../support/mock-session.ts';

/** A session over the connector and the small XMLHttpRequest of the example. */
function xhrSession() {
  vi.stubGlobal('XMLHttpRequest', XmlHttpRequest);
  const connector = xhrConnector();
  const session = createSession({connector, retry: false});
  onTestFinished(async () => {
    await session.close();
    await connector.close();
    vi.unstubAllGlobals();
  });
  return session;
}

describe('the example of a connector over XMLHttpRequest', () => {
  it('gives two requests a slot, queues the other four, and gets all responses', async () => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
    onTestFinished(() => void printed.mockRestore());
    expect(await main()).toEqual({texts: Array(6).fill('{"method":"GET"}'), active: 2, queued: 4});
    expect(printed).toHaveBeenCalled();
  });

  it('sends method, headers and body, and returns status, headers and the URL after a redirect', async () => {
    const server = await startServer((request, response) => {
      if (request.url === '/old') response.writeHead(307, {location: '/new'}).end();
      else response.writeHead(201, {'x-seen': `${request.method} ${request.headers['x-mine']}`}).end('made');
    });
    const session = xhrSession();
    const response = await session.fetch(`${server.origin}/old`, {
      method: 'PUT',
      headers: {'x-mine': 'yes'},
      body: 'text',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-seen')).toBe('PUT yes');
    expect(response.url).toBe(`${server.origin}/new`);
    expect(await response.text()).toBe('made');
    expect(session.stats()).toMatchObject({
      connector: 'xhr',
      active: 0,
      totals: {bytesSent: 4, bytesReceived: 4},
    });
  });

  it('returns a response without a body for status 204', async () => {
    const server = await startServer((_request, response) => response.writeHead(204).end());
    const response = await xhrSession().fetch(server.origin);
    expect([response.status, response.body]).toEqual([204, null]);
  });

  it('refuses streams as bodies, and redirect modes other than follow', async () => {
    const session = xhrSession();
    const stream = session.fetch('https://api.test/', {method: 'POST', body: new Blob(['x']).stream()});
    const manual = session.fetch('https://api.test/', {redirect: 'manual'});
    expect(await rejection(stream)).toBeInstanceOf(UnsupportedOptionError);
    expect(await rejection(manual)).toMatchObject({option: 'redirect'});
  });

  it('rejects with a ConnectionError when nothing listens at the address', async () => {
    const server = await startConformanceServer();
    onTestFinished(() => server.close());
    expect(await rejection(xhrSession().fetch(server.refused))).toBeInstanceOf(ConnectionError);
  });

  it('rejects with the reason of a signal that is aborted, and frees the slot', async () => {
    const server = await startServer(() => undefined);
    const session = xhrSession();
    const controller = new AbortController();
    const call = session.fetch(server.origin, {signal: controller.signal});
    controller.abort('enough');
    expect(await rejection(call)).toBe('enough');
    expect(session.stats().active).toBe(0);
  });
});

/**
 * Topics of the conformance suite that the connector passes as a whole. Many others need responses that arrive bit by bit,
 * or redirects that are not followed, which XMLHttpRequest doesn't have.
 */
const topics: readonly ConformanceTopic[] = ['bodies', 'queue'];

it.skipIf(isMissing)(
  'the example of a connector over XMLHttpRequest passes topics of the conformance suite in Chromium',
  async () => {
    const {outputFiles} = await build({
      entryPoints: [join(import.meta.dirname, 'support/xhr-page.ts')],
      bundle: true,
      format: 'esm',
      conditions: ['@aiofetch/source', 'browser'],
      write: false,
    });
    const script = outputFiles[0]?.text ?? '';
    const server = await startConformanceServer();
    const site = await startServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    const browser = await launchBrowser();
    onTestFinished(async () => {
      await browser.close();
      await server.close();
    });
    const {origins, control, refused} = server;
    const page = await browser.newPage();
    await page.goto(site.origin);
    await page.waitForFunction('window.runCases !== undefined');
    const target = JSON.stringify({server: {origins, control, refused}, topics});
    const reports = (await page.evaluate(`window.runCases(${target})`)) as CaseReport[];
    expect(reports.length).toBeGreaterThan(15);
    expect(reports.filter(({error}) => error !== undefined)).toEqual([]);
  },
);
