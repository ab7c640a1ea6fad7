import {AsyncLocalStorage} from 'node:async_hooks';
import type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';
import {foreignFetch} from '../../core/fetch-origin.ts';
import type {Platform} from '../../core/platform.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {lifetimeOf} from '../../core/request.ts';
import {sharedPlatform} from '../base/shared-platform.ts';
import {anyFetch} from '../native/any-fetch.ts';
import {createNativeConnector} from '../native/create-native-connector.ts';
import {firstSet, replacedFetchError} from '../native/replaced-fetch-error.ts';
import {nodeEnvProxy} from '../undici/dial/proxy.ts';
import {isDispatcherReplaced, usesEnvProxy} from '../undici/global-dispatcher.ts';
import type {UndiciConnectorOptions} from '../undici/index.ts';
import {undiciConnector} from '../undici/index.ts';
import {checkInit} from './check-init.ts';
import {openNodeBody} from './open-node-body.ts';
import {ownFetch, replacedFetch} from './replaced-fetch.ts';

// The capabilities of any `fetch` that replaces Node's. The session sees the pool's capabilities instead, because it is
// made before the first request shows whether the global fetch is replaced.
const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: true,
  manualRedirect: true,
};

// The options that decide where a connection leads and how it is protected. A replaced fetch applies none of them. The
// other options only tune the pool, except for the limits, which also apply to a replaced fetch.
const protections = ['allowAddress', 'proxy', 'tls', 'dns', 'socketPath', 'localAddress', 'family'];

const advice =
  'to use the option, pass connector: undiciConnector({…}) of aiofetch/undici, which never calls the global fetch; to use ' +
  'the replacement, leave the option out';

// The connector whose request is inside a replaced fetch. If that fetch leads back to the session, it may do so later and
// with a new request, so only the async context connects the two.
const connectorInside = new AsyncLocalStorage<Connector>();

/**
 * The connector of a session on Node that is given no connector: the pool. If a test or a framework has replaced the
 * global `fetch`, requests go through the replacement, within the same limits and counted in the same statistics. Each
 * request checks for a replacement, so that the connector follows every change.
 *
 * A replacement can't apply options such as `allowAddress`. With such an option, requests reject with an
 * `UnsupportedOptionError` while the global `fetch` is replaced.
 */
export function defaultConnector(options: ConnectorOptions = {}): Connector {
  const {proxy, socketPath}: UndiciConnectorOptions = options;
  const isDirect = proxy === undefined && socketPath === undefined;
  const pool = undiciConnector(usesEnvProxy && isDirect ? {...options, proxy: nodeEnvProxy} : options);
  const {limit, limitPerHost, unreadTimeout} = options;
  const protection = firstSet(options, protections);
  // The requests for Node's own `fetch`, which `native` sends beside those for a replaced one.
  const forOwn = new WeakSet<ConnectorRequest>();
  let native: Connector | undefined;
  let isClosed = false;

  function fetch(request: ConnectorRequest): Promise<Response> {
    const isReplaced = isFetchReplaced(request);
    // Node's own `fetch` sends what is for a dispatcher of undici.
    const isForOwn = !isReplaced && usesDispatcher(request) && ownFetch() !== undefined;
    if (isClosed || !(isReplaced || isForOwn)) return pool.fetch(request);
    if (protection !== undefined) {
      const replaced = isReplaced ? undefined : 'a dispatcher of undici';
      return Promise.reject(replacedFetchError(protection, advice, replaced));
    }
    native ??= createNativeConnector(
      {
        ...anyFetch,
        name: pool.name,
        capabilities,
        owner: connector,
        fetchFor: (sent) => (forOwn.has(sent) ? ownFetch() : undefined),
      },
      {limit, limitPerHost, unreadTimeout},
    );
    if (isReplaced) return connectorInside.run(connector, native.fetch, request);
    forOwn.add(request);
    return native.fetch(request);
  }

  /** Whether the global `fetch` was replaced by one that doesn't lead back to this connector. */
  function isFetchReplaced(request: ConnectorRequest): boolean {
    return (
      replacedFetch() !== undefined &&
      foreignFetch(connector, lifetimeOf(request).cameFrom) !== undefined &&
      connectorInside.getStore() !== connector
    );
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

function usesDispatcher({native}: ConnectorRequest): boolean {
  return isDispatcherReplaced() || Boolean(native && 'dispatcher' in native && native.dispatcher);
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

/** Adds the members that are numbers, and keeps the others of `a`. */
function add<T extends object>(a: T, b: Partial<T>): T {
  const members = Object.entries(a).map(([name, value]) => [
    name,
    typeof value === 'number' ? value + ((b[name as keyof T] as number) ?? 0) : value,
  ]);
  return Object.fromEntries(members) as T;
}

/** The platform of Node. */
export const platform: Platform = {...sharedPlatform, defaultConnector, openBody: openNodeBody, checkInit};

/** The same: `aiofetch/core` has a smaller connector in pages only. */
export {platform as corePlatform};
