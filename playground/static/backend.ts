import {HttpResponse, http} from 'msw';
import {setupWorker} from 'msw/browser';
import type {Fate} from '../model/fate.ts';
import type {ServerLog, Visit} from '../model/server-log.ts';
import {createServerLog} from '../model/server-log.ts';
import {hostCount} from '../model/settings.ts';
import type {Backend} from '../page/backend.ts';

const hosts = ['a', 'b', 'c', 'd'].slice(0, hostCount).map((name) => `https://${name}.playground.test`);
const pieces = 4;

/** The embedded server inside the page: msw's service worker passes each request to it. */
export async function createStaticBackend(): Promise<Backend> {
  const logs = new Map<string, ServerLog>();
  const handlers = hosts.map((origin, host) =>
    http.get<{run: string; key: string}>(`${origin}/r/:run/:key`, ({request, params}) => {
      const log = logs.get(params.run);
      if (!log) return new HttpResponse(null, {status: 404});
      return answer(log.arrive(host, Number(params.key), performance.now()), request.signal);
    }),
  );
  await setupWorker(...handlers).start({
    quiet: true,
    onUnhandledFrame: 'bypass',
    serviceWorker: {url: new URL('mockServiceWorker.js', document.baseURI).href},
  });
  return {
    async createRun(settings) {
      const id = crypto.randomUUID();
      logs.set(id, createServerLog(settings, settings.hosts));
      return {id, hosts: hosts.slice(0, settings.hosts), path: `/r/${id}/`};
    },
    async summary(id) {
      const log = logs.get(id);
      if (!log) throw new Error('No run has this id');
      return log.summary();
    },
    runOnNode: undefined,
  };
}

async function answer({fate, ended}: Visit, signal: AbortSignal): Promise<Response> {
  signal.addEventListener('abort', () => ended('left'), {once: true});
  await delay(fate.delay);
  if (fate.kind === 'reset') {
    ended('reset');
    return HttpResponse.error();
  }
  const headers = fate.retryAfter === undefined ? {} : {'retry-after': String(fate.retryAfter)};
  return new HttpResponse(bodyOf(fate, ended), {status: fate.status, headers});
}

function bodyOf({kind, size, bodyTime}: Fate, ended: Visit['ended']): ReadableStream<Uint8Array> {
  const count = size >= pieces ? pieces : 1;
  const last = kind === 'cut' ? Math.floor(count / 2) : count;
  let piece = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (piece === last) {
          ended(kind === 'cut' ? 'cut' : 'answered');
          if (kind === 'cut') controller.error(new TypeError('The body was cut'));
          else controller.close();
          return;
        }
        if (bodyTime > 0 && count > 1) await delay(bodyTime / count);
        const length = Math.floor((size * (piece + 1)) / count) - Math.floor((size * piece) / count);
        piece++;
        if (length > 0) controller.enqueue(new Uint8Array(length).fill(46));
        else if (piece === last) {
          ended('answered');
          controller.close();
        }
      },
      cancel: () => ended('left'),
    },
    {highWaterMark: 0},
  );
}

function delay(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}
