/**
 * Presets for three situations: very many requests, few hosts for a long time, and an API with strict limits. A preset is
 * a plain object of options: options after it replace its own.
 *
 *     npm run example presets [url]
 */
import {createSession, gather} from 'aiofetch';
import {presets, undiciConnector} from 'aiofetch/undici';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

const situations = {
  highConcurrency: {...presets.highConcurrency, dns: {ttl: 300_000}},
  longLived: presets.longLived,
  restrictedApi: {...presets.restrictedApi, limitPerHost: 1},
};

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => ({fast: true}));
  const target = url ?? server?.url ?? '';

  const opened: Record<string, number> = {};
  for (const [situation, options] of Object.entries(situations)) {
    await using connector = undiciConnector(options);
    await using session = createSession({connector});
    await gather(Array(10).fill(target), (each: string) => session.get(each).text(), {concurrency: 10});
    const {limit, limitPerHost, totals} = session.stats();
    const perHost = limitPerHost === 0 ? 'no limit' : limitPerHost;
    console.log(
      `${situation}: limit ${limit}, ${perHost} for each host; 10 requests at once opened ${totals.opened} connections`,
    );
    opened[situation] = totals.opened;
  }
  return opened;
}

await runDirectly(import.meta, main);
