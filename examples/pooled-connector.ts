/**
 * A connector with options: how many connections, how long they stay open, and what TLS checks. The comments give the
 * names of the same options of aiohttp's TCPConnector.
 *
 *     npm run example pooled-connector [url]
 */
import {createSession, gather} from 'aiofetch';
import {undiciConnector} from 'aiofetch/undici';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => ({fast: true}));
  const target = url ?? server?.url ?? '';

  // The program closes the connector that it made, because several sessions may share it.
  await using connector = undiciConnector({
    limit: 100, // limit
    limitPerHost: 30, // limit_per_host
    keepAliveTimeout: 60_000, // keepalive_timeout, in ms
    forceClose: false, // force_close: a new connection for each request
    connectTimeout: 10_000, // ClientTimeout.connect
    tls: {rejectUnauthorized: true}, // ssl, verify_ssl
    // enable_cleanup_closed has no counterpart: closed connections are removed at once.
  });

  await using first = createSession({connector});
  await using second = createSession({connector});
  await gather([first, second, first, second], (session) => session.get(target).text(), {concurrency: 1});

  const {limit, limitPerHost, totals} = connector.stats();
  console.log(`limit ${limit}, ${limitPerHost} for each host`);
  console.log(`two sessions sent ${totals.sent} requests over ${totals.opened} connection`);
  return {limit, limitPerHost, totals};
}

await runDirectly(import.meta, main);
