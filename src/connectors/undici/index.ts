import type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../connector.ts';
import {InvalidOptionError, SessionClosedError} from '../../errors.ts';
import {checkDuration, checkKnown, checkLimit} from '../../options.ts';
import type {ConnectorRequest} from '../../request.ts';
import {abortUnread} from '../../unread.ts';
import {integrityRefusal} from '../integrity.ts';
import type {TlsOptions} from './dial.ts';
import {readTlsOptions} from './dial.ts';
import {Exchange} from './exchange.ts';
import {Pool} from './pool.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../connector.ts';
export type {TlsOptions} from './dial.ts';

/** Options of {@link undiciConnector}. */
export interface UndiciConnectorOptions extends ConnectorOptions {
  /**
   * How long an unused connection stays open, in ms; a shorter time that the server announces wins.
   *
   * @default 15_000
   */
  readonly keepAliveTimeout?: number | undefined;
  /**
   * Whether each connection is closed after one request.
   *
   * @default false
   */
  readonly forceClose?: boolean | undefined;
  /**
   * How long opening a connection may take, DNS, TCP and TLS together, in ms; 0, `Infinity` or `false`: no limit.
   * The `connect` timeout of a session or call goes before it.
   *
   * @default 10_000
   */
  readonly connectTimeout?: number | false | undefined;
  /** TLS for `https:` hosts. */
  readonly tls?: TlsOptions | undefined;
}

const name = 'undici';

const capabilities: ConnectorCapabilities = {
  sockets: true,
  connectTimeout: true,
  requestStreams: true,
  manualRedirect: true,
};

const knownOptions = new Set([
  'limit',
  'limitPerHost',
  'keepAliveTimeout',
  'forceClose',
  'connectTimeout',
  'tls',
]);
const knownTlsOptions = new Set([
  'rejectUnauthorized',
  'ca',
  'cert',
  'key',
  'passphrase',
  'servername',
  'minVersion',
]);

// A connector that is dropped while open: its idle connections must not stay behind.
const dropped = new FinalizationRegistry<Pool>((pool) => void pool.close());

/**
 * The connector of Node: a pool of connections over undici's dispatch, with a hard limit on open sockets, idle ones
 * included, a queue that is fair across hosts, and redirects, decompression and responses as the Fetch standard has them.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be
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
export function undiciConnector(options: UndiciConnectorOptions = {}): Connector {
  checkKnown('connector', name, options, knownOptions);
  checkKnown('connector.tls', name, options.tls ?? {}, knownTlsOptions);
  const limit = checkLimit('connector.limit', options.limit, 100);
  const limitPerHost = checkLimit('connector.limitPerHost', options.limitPerHost, 0);
  if (options.forceClose !== undefined && typeof options.forceClose !== 'boolean') {
    throw new InvalidOptionError('connector.forceClose', options.forceClose, 'true or false');
  }
  const pool = new Pool({
    limit,
    limitPerHost,
    keepAliveTimeout: checkKeepAlive(options.keepAliveTimeout),
    forceClose: options.forceClose ?? false,
    connectTimeout: checkDuration('connector.connectTimeout', options.connectTimeout, 10_000),
    tls: readTlsOptions(options.tls),
  });

  const connector: Connector = {
    name,
    capabilities,
    fetch: (request) => send(pool, request),
    stats: () => statsOf(pool),
    close: () => close(pool),
    destroy: (reason) => destroy(pool, reason ?? new SessionClosedError('Connector was destroyed')),
    [Symbol.asyncDispose]: () => close(pool),
  };
  dropped.register(connector, pool);
  return connector;
}

function checkKeepAlive(value: number | undefined): number {
  const checked = checkDuration('connector.keepAliveTimeout', value, 15_000);
  if (checked === undefined) {
    throw new InvalidOptionError(
      'connector.keepAliveTimeout',
      value,
      'a number of ms above 0; forceClose keeps none open',
    );
  }
  return checked;
}

function send(pool: Pool, request: ConnectorRequest): Promise<Response> {
  if (pool.closed) return Promise.reject(new SessionClosedError('Connector is closed', {request}));
  const refusal = integrityRefusal(request, {name, capabilities});
  if (refusal) return Promise.reject(refusal);
  return new Promise((resolve, reject) => new Exchange(pool, request, resolve, reject).start());
}

function statsOf(pool: Pool): ConnectorStats {
  const {limits, options, totals} = pool;
  const hosts: Record<string, HostStats> = {};
  for (const [origin, host] of limits.hosts) {
    const stats = {active: host.active, queued: host.waiting.size, idle: host.idle.length};
    if (stats.active + stats.queued + stats.idle > 0) hosts[origin] = stats;
  }
  return {
    limit: options.limit,
    limitPerHost: options.limitPerHost,
    active: limits.active,
    queued: limits.queued,
    idle: pool.idleCount,
    hosts,
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
  for (const member of pool.members()) member.aborted(reason);
  pool.destroyIdle();
  await closed;
}
