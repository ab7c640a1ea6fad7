import {abortUnread} from '../../core/abort-unread.ts';
import type {Connector, ConnectorCapabilities, ConnectorStats} from '../../core/connector.ts';
import {afterNotifications} from '../../core/notify.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {InvalidOptionError, SessionClosedError} from '../../errors/index.ts';
import {urlParts} from '../../utils/url-parts.ts';
import {checkNative} from './check-native.ts';
import {diagnosticsListeners} from './diagnostics.ts';
import {Exchange} from './exchange.ts';
import {checkedResponse} from './integrity.ts';
import type {UndiciConnectorOptions} from './options.ts';
import {checkOptions} from './options.ts';
import {isHttp, isLocal, localConnector} from './other-schemes.ts';
import {Pool} from './pool/pool.ts';
import {preconnectHost} from './pool/preconnect.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';
export type {AddressGuard, GuardedTarget} from './dial/address.ts';
export {isPublicAddress} from './dial/address.ts';
export type {DnsOptions} from './dial/dns.ts';
export type {ProxyAuth, ProxyOption, ProxyOptions} from './dial/proxy.ts';
export type {TlsOptions} from './dial/tls.ts';
export type {UndiciConnectorOptions} from './options.ts';
export {presets} from './presets.ts';

/** The {@link Connector} of Node. It can open connections before there are requests. */
export interface UndiciConnector extends Connector {
  /**
   * Opens connections in advance, so that the first requests need not wait for DNS, TCP and TLS. These connections count
   * towards the limits, wait in the queue like requests, and are closed like any other idle connection. A host that has
   * enough idle connections gets no more.
   *
   * @param origins - URLs, of which only scheme, host and port count
   * @param options - `connections`: how many idle connections each host is to have (default 1)
   * @returns a promise that resolves when all connections are open, and rejects as soon as one could not be opened
   * @throws ConnectionError, TimeoutError when a connection can't be opened
   * @throws InvalidOptionError when `connections` is not a whole number from 1
   * @throws SessionClosedError when the connector is closed
   * @throws TypeError when an origin is not an HTTP URL
   */
  preconnect(
    origins: Iterable<string | URL>,
    options?: {readonly connections?: number | undefined},
  ): Promise<void>;
}

const name = 'undici';

const capabilities: ConnectorCapabilities = {
  sockets: true,
  connectTimeout: true,
  requestStreams: true,
  integrity: true,
  maxResponseSize: true,
  downloadProgress: true,
  uploadProgress: true,
  expectContinue: true,
  manualRedirect: true,
};

// Closes the idle connections of a connector that was garbage-collected without being closed.
const collected = new FinalizationRegistry<Pool>((pool) => void pool.close());

/**
 * Creates the connector of Node: a pool of connections over undici's dispatch. It has a hard limit on open sockets, idle
 * sockets included, and a queue that is fair across hosts. Redirects, decompression and responses follow the Fetch standard.
 *
 * @throws InvalidOptionError when an option has a value that is not allowed
 * @throws UnsupportedOptionError for an option that the connector doesn't know
 *
 * @example
 * ```ts
 * import {createSession} from 'aiofetch';
 * import {undiciConnector} from 'aiofetch/undici';
 *
 * const connector = undiciConnector({limit: 100, limitPerHost: 20, keepAliveTimeout: 60_000});
 * await using session = createSession({connector});
 * ```
 */
export function undiciConnector(options: UndiciConnectorOptions = {}): UndiciConnector {
  const pool = new Pool(checkOptions(options));

  const connector: UndiciConnector = {
    name,
    capabilities,
    fetch: (request) => send(pool, request),
    preconnect: (origins, {connections = 1} = {}) => preconnect(pool, origins, connections),
    stats: () => statsOf(pool),
    listeners: diagnosticsListeners,
    close: () => close(pool),
    destroy: (reason) => destroy(pool, reason ?? new SessionClosedError('Connector was destroyed')),
    [Symbol.asyncDispose]: () => close(pool),
  };
  collected.register(connector, pool);
  return connector;
}

function send(pool: Pool, request: ConnectorRequest): Promise<Response> {
  if (pool.closed) return Promise.reject(new SessionClosedError('Connector is closed', {request}));
  return new Promise((resolve, reject) => {
    // An error that this throws rejects the promise.
    if (request.native) checkNative(request, `the ${name} connector`);
    if (!isHttp(request.url) && isLocal(request.url)) resolve(sendLocally(request));
    else new Exchange(pool, request, withIntegrity(request, resolve), reject).start();
  });
}

let local: Connector | undefined;

function sendLocally(request: ConnectorRequest): Promise<Response> {
  local ??= localConnector(name, capabilities);
  return local.fetch(request);
}

/** Lets a request with `integrity` resolve with its response only when the body was checked. */
function withIntegrity(
  request: ConnectorRequest,
  resolve: (response: Response | Promise<Response>) => void,
): (response: Response) => void {
  if (!request.native?.integrity) return resolve;
  return (response) => resolve(checkedResponse(response, request));
}

async function preconnect(pool: Pool, origins: Iterable<string | URL>, connections: number): Promise<void> {
  if (!(Number.isInteger(connections) && connections > 0)) {
    throw new InvalidOptionError('preconnect.connections', connections, 'a whole number from 1');
  }
  if (pool.closed) throw new SessionClosedError('Connector is closed');
  const distinct = new Set(Array.from(origins, (origin) => urlParts(new URL(origin).href).origin));
  await Promise.all([...distinct].map((origin) => preconnectHost(pool, origin, connections)));
}

function statsOf(pool: Pool): ConnectorStats {
  const {limits, options, totals} = pool;
  return {
    limit: options.limit,
    limitPerHost: limits.mostPerHost,
    active: limits.active,
    queued: limits.queued,
    idle: pool.idleCount,
    hosts: limits.statsOf(({idleCount}) => idleCount),
    totals: {...totals},
  };
}

async function close(pool: Pool): Promise<void> {
  const stop = abortUnread(() => pool.running);
  try {
    await pool.close();
  } finally {
    stop();
  }
}

async function destroy(pool: Pool, reason: unknown): Promise<void> {
  const closed = pool.close();
  afterNotifications(() => {
    for (const member of pool.members()) member.aborted(reason);
    pool.destroyIdle();
  });
  await closed;
}
