import {isIP} from 'node:net';
import type {ConnectorOptions} from '../../core/connector.ts';
import {InvalidOptionError} from '../../errors/index.ts';
import {
  checkDuration,
  checkKnown,
  checkLimit,
  checkLimitPerHost,
  checkNumber,
} from '../../utils/check-options.ts';
import type {AddressGuard} from './dial/address.ts';
import {checkGuard} from './dial/address.ts';
import type {DnsOptions} from './dial/dns.ts';
import {Resolver} from './dial/dns.ts';
import type {ProxyOption} from './dial/proxy.ts';
import {createProxies} from './dial/proxy.ts';
import type {TlsOptions} from './dial/tls.ts';
import {TlsClient} from './dial/tls.ts';
import {defaultMaxHeaderSize} from './head-size.ts';
import type {Lifespan} from './lifespan.ts';
import type {PoolOptions} from './pool/pool.ts';

/** Options of `undiciConnector`. */
export interface UndiciConnectorOptions extends ConnectorOptions {
  /**
   * How long an unused connection stays open if the server announces no time of its own, in ms.
   *
   * @default 15_000
   */
  readonly keepAliveTimeout?: number | undefined;
  /**
   * How long an unused connection stays open at most if the server announces a time (`Keep-Alive: timeout`), in ms. If the
   * server announces a shorter time, that time applies.
   *
   * @default keepAliveTimeout
   */
  readonly keepAliveMaxTimeout?: number | undefined;
  /**
   * How old a connection may be when it is given a request, in ms; 0, `Infinity` or `false` is no limit. This option bounds
   * how long requests still go to a server after its name has moved to another address.
   *
   * @default none
   */
  readonly maxConnectionAge?: number | false | undefined;
  /**
   * How many requests a connection serves before it is replaced; 0 or `Infinity` is no limit.
   *
   * @default 0
   */
  readonly maxRequestsPerConnection?: number | undefined;
  /**
   * Whether each connection is closed after one request.
   *
   * @default false
   */
  readonly forceClose?: boolean | undefined;
  /**
   * How many bytes the names and values of a response's headers may have together, and those of its trailers; a larger head
   * fails the call with a `ConnectionError` of the code `UND_ERR_HEADERS_OVERFLOW`. Over HTTP/2 a head may also have no more
   * than 2,000 fields. All informational responses (1xx) before a response may have 240 KiB more.
   *
   * @default 16_384
   */
  readonly maxHeaderSize?: number | undefined;
  /**
   * Whether each response makes an entry of `performance.getEntriesByType('resource')`, as those of Node's own `fetch` do: when
   * its body has arrived, and a coded body when it has been read. An entry has the URL without its fragment as `name`,
   * `initiatorType` "fetch", sizes in bytes, and the times of the request and of the redirects that it followed, in ms on the
   * clock of `performance`. A request that fails makes none. An entry takes up to 1.5 µs.
   *
   * @default false
   *
   * @example
   * ```ts
   * import {createSession} from 'aiofetch';
   *
   * await using session = createSession({connector: {resourceTiming: true}});
   * await session.get('https://example.com/').text();
   * console.log(performance.getEntriesByType('resource').at(-1)?.duration);
   * ```
   */
  readonly resourceTiming?: boolean | undefined;
  /**
   * How long it may take to open a connection (DNS, TCP, a proxy's tunnel and TLS together), in ms; 0, `Infinity` or `false`
   * is no limit. The `connect` timeout of a session or call overrides this option.
   *
   * @default 10_000
   */
  readonly connectTimeout?: number | false | undefined;
  /**
   * How long one of several addresses is tried alone before the next address is tried at the same time (RFC 8305, section
   * 5), in ms. With 0, `Infinity` or `false`, the next address is tried only after the one before has failed. Simultaneous
   * attempts count as one connection.
   *
   * @default 250
   */
  readonly happyEyeballsDelay?: number | false | undefined;
  /** How host names are resolved. Answers are cached for ten seconds, and simultaneous look-ups of a name share one query. */
  readonly dns?: DnsOptions | undefined;
  /**
   * The only IP version to connect with.
   *
   * @default both
   */
  readonly family?: 4 | 6 | undefined;
  /** The IP address of this machine to connect from. */
  readonly localAddress?: string | undefined;
  /** The path of a Unix domain socket, or of a named pipe on Windows, to connect to instead of the URL's host. */
  readonly socketPath?: string | undefined;
  /** TLS options for `https:` hosts. */
  readonly tls?: TlsOptions | undefined;
  /**
   * Whether HTTP/2 is offered to `https:` hosts (ALPN). Hosts that don't support it get HTTP/1.1. With HTTP/2, a slot is a
   * stream: `limit` and `limitPerHost` bound the requests under way, and there are never more connections than that.
   *
   * @default false
   */
  readonly http2?: boolean | undefined;
  /**
   * The proxy to connect through: a URL (`http:`, `https:`, `socks5:`, `socks5h:`), `'env'` for the proxies that the
   * environment variables name, or an object with more options. Limits and statistics refer to the hosts behind the proxy.
   *
   * @default none
   */
  readonly proxy?: ProxyOption | undefined;
  /**
   * Which IP addresses may be connected to: `'public'` for addresses of the public Internet, which excludes this machine
   * and its networks, or a function. The check follows the DNS look-up and covers each new connection, also for redirects.
   * It protects against server-side request forgery, where a harmless host name leads to an internal address.
   *
   * @default all
   */
  readonly allowAddress?: 'public' | AddressGuard | undefined;
}

const known = new Set([
  'limit',
  'limitPerHost',
  'unreadTimeout',
  'keepAliveTimeout',
  'keepAliveMaxTimeout',
  'maxConnectionAge',
  'maxRequestsPerConnection',
  'forceClose',
  'maxHeaderSize',
  'resourceTiming',
  'connectTimeout',
  'happyEyeballsDelay',
  'dns',
  'family',
  'localAddress',
  'socketPath',
  'tls',
  'http2',
  'proxy',
  'allowAddress',
]);

const defaultKeepAlive = 15_000;
const defaultConnectTimeout = 10_000;
// RFC 8305, section 8: the recommended "Connection Attempt Delay".
const defaultAttemptDelay = 250;

/**
 * Checks the options of a connector and fills in the defaults.
 *
 * @throws InvalidOptionError when an option has a value that is not allowed
 * @throws UnsupportedOptionError for an option that the connector doesn't know
 */
export function checkOptions(options: UndiciConnectorOptions): PoolOptions {
  checkKnown('the undici connector', options, known, 'connector.');
  const {family = 0, localAddress, socketPath, allowAddress} = options;
  if (family !== 0 && family !== 4 && family !== 6) {
    throw new InvalidOptionError('connector.family', family, '4 or 6');
  }
  const localFamily = localAddress === undefined ? 0 : isIP(localAddress);
  if (localAddress !== undefined && (localFamily === 0 || (family !== 0 && localFamily !== family))) {
    const allowed = family === 0 ? 'an IP address' : `an IPv${family} address, as family says`;
    throw new InvalidOptionError('connector.localAddress', localAddress, allowed);
  }
  checkSocketPath(options);
  const proxies = createProxies(options.proxy);
  if (proxies && allowAddress !== undefined) {
    throw new InvalidOptionError(
      'connector.allowAddress',
      allowAddress,
      'none with a proxy: the connector doesn’t see which address a proxy connects to',
    );
  }
  const http2 = checkBoolean('http2', options.http2);
  const attemptDelay = checkDuration(
    'connector.happyEyeballsDelay',
    options.happyEyeballsDelay,
    defaultAttemptDelay,
  );
  return {
    limit: checkLimit('connector.limit', options.limit, 100),
    limitPerHost: checkLimitPerHost(options.limitPerHost),
    unreadTimeout: options.unreadTimeout,
    connectTimeout: checkDuration('connector.connectTimeout', options.connectTimeout, defaultConnectTimeout),
    life: checkLife(options),
    maxHeaderSize: checkNumber('connector.maxHeaderSize', options.maxHeaderSize, defaultMaxHeaderSize, {
      min: 1_024,
      max: 2 ** 24,
      whole: true,
    }),
    resourceTiming: checkBoolean('resourceTiming', options.resourceTiming),
    proxies,
    dial: {
      resolver: new Resolver(options.dns, family),
      tls: new TlsClient(options.tls),
      http2,
      socketPath,
      localAddress,
      family: family || (localFamily as 0 | 4 | 6),
      allowAddress: checkGuard('connector.allowAddress', allowAddress),
      attemptDelay,
    },
  };
}

function checkLife(options: UndiciConnectorOptions): Lifespan {
  const keepAliveTimeout = checkKeepAlive('keepAliveTimeout', options.keepAliveTimeout, defaultKeepAlive);
  const forceClose = checkBoolean('forceClose', options.forceClose);
  const maxRequests = checkLimit('connector.maxRequestsPerConnection', options.maxRequestsPerConnection, 0);
  return {
    keepAliveTimeout,
    keepAliveMaxTimeout: checkKeepAlive('keepAliveMaxTimeout', options.keepAliveMaxTimeout, keepAliveTimeout),
    maxRequests: forceClose ? 1 : maxRequests || Infinity,
    maxAge: checkDuration('connector.maxConnectionAge', options.maxConnectionAge) ?? Infinity,
  };
}

function checkKeepAlive(name: string, value: number | undefined, fallback: number): number {
  const checked = checkDuration(`connector.${name}`, value, fallback);
  if (checked !== undefined) return checked;
  throw new InvalidOptionError(
    `connector.${name}`,
    value,
    'a number of ms above 0; to keep no connection open, use forceClose',
  );
}

function checkBoolean(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new InvalidOptionError(`connector.${name}`, value, 'true or false');
}

/** Options on how a host is resolved and reached have no meaning when one socket serves all hosts. */
function checkSocketPath(options: UndiciConnectorOptions): void {
  const {socketPath} = options;
  if (socketPath === undefined) return;
  if (typeof socketPath !== 'string' || socketPath === '') {
    throw new InvalidOptionError('connector.socketPath', socketPath, 'the path of a socket, not empty');
  }
  for (const name of [
    'proxy',
    'localAddress',
    'family',
    'dns',
    'allowAddress',
    'happyEyeballsDelay',
  ] as const) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    throw new InvalidOptionError(`connector.${name}`, value, 'none with socketPath');
  }
}
