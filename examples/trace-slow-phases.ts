/**
 * Where the time of calls goes: each call's time by phase, a warning for each slow call with its slowest phase, and one log
 * line for each call.
 *
 *     npm run example trace-slow-phases [url]
 */

import {setTimeout as delay} from 'node:timers/promises';
import type {CallTimings, PhaseTimings} from 'aiofetch';
import {createSession, gather, logCalls, recordTimings} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

const advice: Record<keyof PhaseTimings, string> = {
  queued: 'raise limit or limitPerHost, or send fewer requests at once',
  dns: 'raise dns.ttl',
  connect: 'keep connections: raise keepAliveTimeout, or preconnect',
  tls: 'keep connections: raise keepAliveTimeout, or preconnect',
  send: 'send less, or from a nearer place',
  wait: 'the server is slow: cache its responses, or hedge',
  receive: 'request less, or a compressed body',
};

function slowestPhase(timings: CallTimings): keyof PhaseTimings {
  const names = Object.keys(advice) as Array<keyof PhaseTimings>;
  return names.reduce((slowest, name) => (timings[name] > timings[slowest] ? name : slowest));
}

export async function main(url?: string) {
  await using server = url ? undefined : await slowServer();
  const target = url ?? server?.url ?? '';
  const slow: Array<{url: string; phase: keyof PhaseTimings}> = [];

  const findSlow = recordTimings((timings) => {
    if (timings.total < 100) return;
    const phase = slowestPhase(timings);
    slow.push({url: timings.call.url, phase});
    console.log(`slow: ${timings.call.url}: ${Math.round(timings[phase])} ms ${phase}: ${advice[phase]}`);
  });
  await using session = createSession({
    baseUrl: target,
    trace: [findSlow, logCalls(console.log)],
    connector: {limitPerHost: 2},
  });

  await session.get('fast').json();
  await session.get('slow').json();
  // Six requests at once on two connections: four of them wait.
  await gather(['1', '2', '3', '4', '5', '6'], (path) => session.get(path).json(), {concurrency: 6});
  return slow;
}

/** Answers `/fast` at once, `/slow` after 150 ms and other paths after 80 ms. */
async function slowServer() {
  return await serveJson(async ({url}) => {
    await delay(url === '/slow' ? 150 : url === '/fast' ? 0 : 80);
    return {url};
  });
}

await runDirectly(import.meta, main);
