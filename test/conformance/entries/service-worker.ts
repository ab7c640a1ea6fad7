import {createSession} from 'aiofetch';

/** The events of a service worker, as far as they are used here. */
interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  skipWaiting(): void;
  readonly clients: {claim(): Promise<void>};
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

const worker = globalThis as unknown as WorkerScope;
const session = createSession({retry: false});
const redirected = '/site/redirect?to=/site/half?name=';

/** What a page can ask the worker to do itself. */
const orders: Readonly<Record<string, (name: string) => unknown>> = {
  active: () => session.stats().active,
  async text(name) {
    const {url, text} = await session
      .fetch(`/site/redirect?to=/site/text`, {method: 'POST', body: name})
      .then(async (response) => ({url: response.url, text: await response.text()}));
    return `${new URL(url).pathname} ${text}`;
  },
  async abort(name) {
    const controller = new AbortController();
    const response = await session.fetch(redirected + name, {signal: controller.signal});
    controller.abort();
    return response.text().catch((error) => error.name);
  },
  async limit(name) {
    const response = await session.fetch(redirected + name, {maxResponseSize: 2});
    return response.text().catch((error) => error.name);
  },
};

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('fetch', (event) => {
  const {url} = event.request;
  const isOfSite = new URL(url).pathname.startsWith('/site/');
  if (isOfSite || new URL(url).origin !== location.origin) event.respondWith(session.fetch(event.request));
});
worker.addEventListener('message', async ({data, ports}) => {
  ports[0]?.postMessage(await Promise.resolve(orders[data.order]?.(data.name)).catch(String));
});
