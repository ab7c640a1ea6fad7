import {isIP} from 'node:net';
import type {ConnectorOptions} from '../../core/connector.ts';
import {InvalidOptionError} from '../../errors/index.ts';
import {
  checkDuration,
  checkKnown,
  checkLimit,
  checkLimitPerHost,
  isObject,
} from '../../utils/check-options.ts';
import type {AddressGuard} from './dial/address.ts';
import {checkGuard} from './dial/address.ts';
import type {DnsOptions} from './dial/dns.ts';
import {Resolver} from './dial/dns.ts';
import type {ProxyOption} from './dial/proxy.ts';
import {createProxies} from './dial/proxy.ts';
import type {TlsOptions} from './dial/tls.ts';
import {TlsClient} from './dial/tls.ts';
import type {Lifespan} from './lifespan.ts';
import type {PoolOptions} from './pool/pool.ts';

/** Options of `undiciConnector`. */
export interface UndiciConnectorOptions extends ConnectorOptions {
  /**
   * How long an unused connection stays open when the server says nothing of that, in ms.
   *
   * @default 15_000
   */
  readonly keepAliveTimeout?: number | undefined;
  /**
   * How long an unused connection stays open at most when the server announces a time (`Keep-Alive: timeout`), in ms. A
   * shorter one that it announces always wins.
   *
   * @default keepAliveTimeout
   */
  readonly keepAliveMaxTimeout?: number | undefined;
  /**
   * How old a connection may be when it is given a request, in ms; 0, `Infinity` or `false`: of any age. It bounds how
   * long requests go to a server whose name leads elsewhere by now.
   *
   * @default none
   */
  readonly maxConnectionAge?: number | false | undefined;
  /**
   * How many requests a connection serves before it is replaced; 0 or `Infinity`: any number.
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
   * How long opening a connection may take, DNS, TCP, a proxy's tunnel and TLS together, in ms; 0, `Infinity` or `false`:
   * no limit. The `connect` timeout of a session or call goes before it.
   *
   * @default 10_000
   */
  readonly connectTimeout?: number | false | undefined;
  /**
   * How long one of several addresses is tried alone before the next is tried beside it (RFC 8305, section 5), in ms; 0,
   * `Infinity` or `false`: until it has failed. Attempts that go on side by side count as one connection.
   *
   * @default 250
   */
  readonly happyEyeballsDelay?: number | false | undefined;
  /** How names become addresses. Answers are kept for ten seconds, and asked for once by all who wait for them. */
  readonly dns?: DnsOptions | undefined;
  /**
   * Addresses of one family only.
   *
   * @default both
   */
  readonly family?: 4 | 6 | undefined;
  /** The address of this machine to connect from. */
  readonly localAddress?: string | undefined;
  /** A Unix domain socket, or a named pipe of Windows, to connect to instead of the URL's host. */
  readonly socketPath?: string | undefined;
  /** TLS for `https:` hosts. */
  readonly tls?: TlsOptions | undefined;
  /**
   * Whether HTTP/2 is offered to `https:` hosts (ALPN); those that don't have it are spoken to in HTTP/1.1. A slot is a
   * stream there: `limit` and `limitPerHost` bound requests under way, and connections are never more than those.
   *
   * @default false
   */
  readonly http2?: boolean | undefined;
  /**
   * The proxy that hosts are reached through: a URL (`http:`, `https:`, `socks5:`, `socks5h:`), `'env'` for what the
   * environment says, or an object with more. Limits and statistics go by the hosts behind it.
   *
   * @default none
   */
  readonly proxy?: ProxyOption | undefined;
  /**
   * Which addresses may be connected to: `'public'` for those that the whole Internet can reach and nothing of this
   * machine or its networks, or a function. Asked after the name was looked up, for each new connection, redirects'
   * included: what a URL says is not to be trusted to stay outside (server-side request forgery).
   *
   * @default all
   */
  readonly allowAddress?: 'public' | AddressGuard | undefined;
}

const known = new Set([
  'limit',
  'limitPerHost',
  'keepAliveTimeout',
  'keepAliveMaxTimeout',
  'maxConnectionAge',
  'maxRequestsPerConnection',
  'forceClose',
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
// RFC 8305, section 8: "Connection Attempt Delay", recommended.
const defaultAttemptDelay = 250;

/** @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be */
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
      'none beside a proxy: what that connects to is not seen from here',
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
    connectTimeout: checkDuration('connector.connectTimeout', options.connectTimeout, defaultConnectTimeout),
    life: checkLife(options),
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
    'a number of ms above 0; forceClose keeps none open',
  );
}

function checkBoolean(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new InvalidOptionError(`connector.${name}`, value, 'true or false');
}

/** What says how a host is found and reached means nothing where there is one socket for all of them. */
function checkSocketPath(options: UndiciConnectorOptions): void {
  const {socketPath} = options;
  if (socketPath === undefined) return;
  if (typeof socketPath !== 'string' || socketPath === '') {
    throw new InvalidOptionError('connector.socketPath', socketPath, 'the path of a socket');
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
    throw new InvalidOptionError(
      `connector.${name}`,
      isObject(value) || name === 'proxy' ? {} : value,
      'none beside socketPath',
    );
  }
}
