import {AsyncLocalStorage} from 'node:async_hooks';
import type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';
import {foreignFetch} from '../../core/fetch-origin.ts';
import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {anyFetch} from '../native/any-fetch.ts';
import {createNativeConnector} from '../native/create-native-connector.ts';
import {undiciConnector} from '../undici/index.ts';
import {replacedFetch} from './replaced-fetch.ts';

// What any `fetch` has that is put in the place of Node's. To the outside the pool's hold: a session is made before
// anybody knows what its requests will go through.
const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: true,
  manualRedirect: true,
};

// Whose request is on its way through a replaced fetch: one that leads back here may do so after a while, and with
// another request than it was given.
const passing = new AsyncLocalStorage<Connector>();

/**
 * The connector a session gets on Node when it is given none: the pool. Where a test or a framework has replaced the
 * global `fetch`, requests go through that, by the same limits and counted with the others; asked at each request, so
 * that it begins and ends with the replacement.
 */
export function defaultConnector(options: ConnectorOptions = {}): Connector {
  const pool = undiciConnector(options);
  const {limit, limitPerHost} = options;
  let native: Connector | undefined;
  let isClosed = false;

  function fetch(request: ConnectorRequest): Promise<Response> {
    const isReplaced = replacedFetch() && foreignFetch(connector, lifetimeOf(request).cameFrom);
    if (!isReplaced || isClosed || passing.getStore() === connector) return pool.fetch(request);
    native ??= createNativeConnector(
      {...anyFetch, name: pool.name, capabilities, owner: connector},
      {limit, limitPerHost},
    );
    return passing.run(connector, native.fetch, request);
  }

  async function close(): Promise<void> {
    isClosed = true;
    await Promise.all([pool.close(), native?.close()]);
  }

  const connector: Connector = {
    ...pool,
    fetch,
    stats: () => (native ? sum(pool.stats(), native.stats()) : pool.stats()),
    close,
    async destroy(reason) {
      isClosed = true;
      await Promise.all([pool.destroy(reason), native?.destroy(reason)]);
    },
    [Symbol.asyncDispose]: close,
  };
  return connector;
}

function sum(a: ConnectorStats, b: ConnectorStats): ConnectorStats {
  const hosts: Record<string, HostStats> = {...a.hosts};
  for (const [origin, host] of Object.entries(b.hosts)) {
    const {limit} = host;
    hosts[origin] = {...add(host, hosts[origin] ?? {}), ...(limit && {limit})};
  }
  return {
    ...add(a, b),
    limit: a.limit,
    limitPerHost: a.limitPerHost,
    hosts,
    totals: add(a.totals, b.totals),
  };
}

/** The numbers among the members, added. */
function add<T extends object>(a: T, b: Partial<T>): T {
  const members = Object.entries(a).map(([name, value]) => [
    name,
    typeof value === 'number' ? value + ((b[name as keyof T] as number) ?? 0) : value,
  ]);
  return Object.fromEntries(members) as T;
}

/** The platform of Node. */
export const platform: Platform = {defaultConnector, openBody};
