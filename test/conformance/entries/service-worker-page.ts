import type {ConformanceCase} from 'aiofetch/conformance';
import type {EntryConfig} from '../support/entry.ts';
import {runAndReport} from '../support/entry.ts';
import {check} from '../support/option-cases.ts';

const config = JSON.parse(new URL(location.href).searchParams.get('config') as string) as EntryConfig;
const {serviceWorker: container} = navigator;

const controlled = new Promise((resolve) => {
  container.addEventListener('controllerchange', resolve, {once: true});
});
await container.register(`${location.pathname}-worker.js`);
await controlled;

function it(name: string, run: () => Promise<void>): ConformanceCase {
  return {topic: 'service worker', name, run};
}

function equal(actual: unknown, expected: unknown, what: string): void {
  check(actual === expected, `${what} ${expected}, not ${actual}`);
}

function redirectTo(path: string): string {
  return `/site/redirect?${new URLSearchParams({to: path})}`;
}

/** Lets the worker do something itself, and gives what it answers. */
function order(what: string, name = ''): Promise<unknown> {
  const {port1, port2} = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({data}) => resolve(data);
    container.controller?.postMessage({order: what, name}, [port2]);
  });
}

/** Opens a page in a frame, and gives the path and the title that it has then. */
async function navigate(path: string): Promise<string> {
  const frame = document.createElement('iframe');
  frame.src = path;
  const loaded = new Promise((resolve) => {
    frame.onload = resolve;
  });
  document.body.append(frame);
  await loaded;
  const shown = `${frame.contentWindow?.location.pathname} ${frame.contentDocument?.title}`;
  frame.remove();
  return shown;
}

async function rejects(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  check(error instanceof TypeError, `a TypeError, not ${error}`);
  return error;
}

await runAndReport(config, [
  it('a navigation is answered by session.fetch(event.request)', async () => {
    equal(await navigate('/site/page'), '/site/page A page of the site', 'the page');
  }),
  it('a navigation that is redirected shows the URL that it was redirected to', async () => {
    equal(await navigate(redirectTo('/site/page')), '/site/page A page of the site', 'the page');
  }),
  it('a page gets the url and redirected of a fetch that was redirected', async () => {
    const response = await fetch(redirectTo('/site/text'));
    equal(new URL(response.url).pathname, '/site/text', 'url');
    equal(response.redirected, true, 'redirected');
    equal(await response.text(), 'GET ', 'text');
  }),
  it('a page gets the url of a fetch that was not redirected', async () => {
    const response = await fetch('/site/text?query');
    equal(response.url, `${location.origin}/site/text?query`, 'url');
    equal(response.redirected, false, 'redirected');
  }),
  it('a module that was redirected has the URL that it was redirected to', async () => {
    const {url} = await import(redirectTo('/site/modules/module.js'));
    equal(new URL(url).pathname, '/site/modules/module.js', 'import.meta.url');
  }),
  ...['/site/half?name=plain', redirectTo('/site/half?name=moved')].map((path, index) =>
    it(`a body streams to the page${index ? ' after a redirect' : ''}`, async () => {
      const response = await fetch(path);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const first = await reader.read();
      equal(new TextDecoder().decode(first.value), 'one', 'the first half');
      await fetch(`/site/rest?name=${index ? 'moved' : 'plain'}`);
      const second = await reader.read();
      equal(new TextDecoder().decode(second.value), 'two', 'the second half');
      equal((await reader.read()).done, true, 'done');
    }),
  ),
  ...[204, 304, 404].map((code) =>
    it(`a page gets a ${code}`, async () => {
      const response = await fetch(`/site/status?code=${code}`, {headers: {'if-none-match': '"x"'}});
      equal(response.status, code, 'status');
      equal(await response.text(), '', 'text');
    }),
  ),
  it('the body of a POST is sent, also after a 302, which makes it a GET', async () => {
    equal(await (await fetch('/site/text', {method: 'POST', body: 'é'})).text(), 'POST é', 'text');
    const moved = await fetch(redirectTo('/site/text'), {method: 'POST', body: 'x'});
    equal(await moved.text(), 'GET ', 'text');
  }),
  it('a page gets an opaque response for mode: "no-cors"', async () => {
    const {type} = await fetch(`${config.server.control}/room`, {mode: 'no-cors'});
    equal(type, 'opaque', 'type');
  }),
  it('a page gets an opaque redirect for redirect: "manual", and a network error for "error"', async () => {
    equal((await fetch(redirectTo('/site/text'), {redirect: 'manual'})).type, 'opaqueredirect', 'type');
    await rejects(fetch(redirectTo('/site/text'), {redirect: 'error'}));
  }),
  it('a page gets a network error for a connection that breaks', async () => {
    await rejects(fetch('/site/broken'));
  }),
  it('the worker itself can read a response that was redirected', async () => {
    equal(await order('text'), '/site/text GET ', 'path and text');
  }),
  it('an abort ends the body of a response that was redirected', async () => {
    equal(await order('abort', 'aborted'), 'AbortError', 'the error');
  }),
  it('maxResponseSize holds for a response that was redirected', async () => {
    const error = order('limit', 'limited');
    equal(await error, 'ResponseTooLargeError', 'the error');
  }),
  it('no slot is left in use', async () => {
    equal(await order('active'), 0, 'active');
  }),
]);
