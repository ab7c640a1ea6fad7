import {gather, HTTPError} from 'aiofetch';
import type {RunEvent} from '../model/events.ts';
import type {Engine, Runtime, Settings} from '../model/settings.ts';
import {buildSession} from './build-session.ts';
import {CallRecorder} from './call-recorder.ts';
import {errorRecord} from './error-record.ts';

/** A burst to send. */
export interface Burst {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly engine: Engine;
  /** The URL of each request. */
  readonly urls: readonly string[];
  /** Ends the burst: running calls are aborted. */
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
}

/** The interval of reading the pool's statistics, in ms. */
const sampleInterval = 50;

/**
 * Sends a burst and emits its events. Resolves when all its calls have settled.
 *
 * @throws InvalidOptionError, UnsupportedOptionError before anything is sent, for invalid settings
 */
export function runBurst(burst: Burst): Promise<void> {
  return burst.engine === 'session' ? runOnSession(burst) : runOnFetch(burst);
}

async function runOnSession(burst: Burst): Promise<void> {
  const {settings, runtime, emit} = burst;
  const session = buildSession(settings, runtime);
  const sample = () => {
    const {limit, limitPerHost, active, queued, idle, hosts} = session.stats();
    const time = performance.now();
    emit(['pool', time, {time, limit, limitPerHost, active, queued, idle, hosts}]);
  };
  const timer = setInterval(sample, sampleInterval);
  try {
    await send(burst, async (url, index, signal) => {
      const trace = [new CallRecorder(index, emit)];
      // A browser would hold back the second request for a URL until it knows whether its cache has the response.
      const cache = runtime === 'browser' ? ({cache: 'no-store'} as const) : {};
      const response = await session.get(url, {signal, trace, ...cache});
      await response.bytes();
      return response.status;
    });
  } finally {
    clearInterval(timer);
    await session.destroy();
    sample();
    emit(['end', performance.now()]);
  }
}

async function runOnFetch(burst: Burst): Promise<void> {
  const {emit} = burst;
  try {
    await send(burst, async (url, index, signal) => {
      emit(['phase', performance.now(), index, 1, 'waiting']);
      let status: number | undefined;
      let bytes = 0;
      try {
        const response = await fetch(url, {signal, cache: 'no-store'});
        status = response.status;
        emit(['phase', performance.now(), index, 1, 'receiving']);
        bytes = (await response.arrayBuffer()).byteLength;
        if (!response.ok) throw new Error(`Status ${status}, for which fetch itself doesn't reject`);
        return status;
      } finally {
        emit(['attempt', performance.now(), index, 1, {status, bytes, isSent: true}]);
      }
    });
  } finally {
    emit(['end', performance.now()]);
  }
}

async function send(
  {settings, urls, signal, emit}: Burst,
  request: (url: string, index: number, signal: AbortSignal) => Promise<number>,
): Promise<void> {
  emit(['begin', performance.now()]);
  await gather(
    paced(urls),
    async (url, context) => {
      const {index} = context;
      emit(['start', performance.now(), index]);
      try {
        const status = await request(url, index, context.signal);
        emit(['settled', performance.now(), index, {status}]);
      } catch (error) {
        const status = error instanceof HTTPError ? error.status : undefined;
        emit(['settled', performance.now(), index, {status, error: errorRecord(error)}]);
      }
    },
    {concurrency: settings.concurrency || Infinity, signal},
  ).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

/** How long calls are started without a pause, in ms: starting thousands of them takes longer than a frame. */
const stretch = 8;

async function* paced(urls: readonly string[]): AsyncGenerator<string> {
  let since = performance.now();
  for (const url of urls) {
    if (performance.now() - since > stretch) {
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    yield url;
  }
}
