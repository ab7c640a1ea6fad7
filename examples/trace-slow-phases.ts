/**
 * Where the time goes: each call's time by phase, the slow ones pointed out with the phase to blame, and one line for each
 * call in the log.
 *
 *     node --conditions=@aiofetch/source examples/trace-slow-phases.ts [url]
 */

import {setTimeout as delay} from 'node:timers/promises';
import type {CallTimings, PhaseTimings} from 'aiofetch';
import {createSession, gather, logCalls, recordTimings} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

const advice: Record<keyof PhaseTimings, string> = {
  queued: 'raise limit or limitPerHost, or send less at once',
  dns: 'raise dns.ttl',
  connect: 'keep connections: raise keepAliveTimeout, or preconnect',
  tls: 'keep connections: raise keepAliveTimeout, or preconnect',
  send: 'send less, or from nearer',
  wait: 'the server takes its time: cache, or hedge',
  receive: 'ask for less, or for it compressed',
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
  // Six at once on two connections: some of them wait for the others.
  await gather(['1', '2', '3', '4', '5', '6'], (path) => session.get(path).json(), {concurrency: 6});
  return slow;
}

/** Takes its time for `/slow`, and some for what is counted. */
async function slowServer() {
  return await serveJson(async ({url}) => {
    await delay(url === '/slow' ? 150 : url === '/fast' ? 0 : 80);
    return {url};
  });
}

await runDirectly(import.meta, main);
