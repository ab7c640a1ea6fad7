import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {InvalidOptionError, UnsupportedOptionError} from '../../errors/index.ts';
import {checkDuration, checkKnown} from '../../utils/check-options.ts';
import {anyFetch} from './any-fetch.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {checkOneWay, toProxyUrl} from './proxy-url.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';

/** TLS options of {@link denoConnector}. */
export interface DenoTlsOptions {
  /** Authorities to trust, besides those that are well known; PEM. */
  readonly ca?: string | readonly string[] | undefined;
  /** The client's certificate chain, PEM; with `key`. */
  readonly cert?: string | undefined;
  /** The client's private key, PEM; with `cert`. */
  readonly key?: string | undefined;
}

/** Options of {@link denoConnector}. */
export interface DenoConnectorOptions extends ConnectorOptions {
  /**
   * How many unused connections to one host stay open.
   *
   * @default Deno's
   */
  readonly maxIdlePerHost?: number | undefined;
  /**
   * How long an unused connection stays open, in ms; 0, `Infinity` or `false`: for ever.
   *
   * @default Deno's
   */
  readonly keepAliveTimeout?: number | false | undefined;
  /** TLS for `https:` hosts. */
  readonly tls?: DenoTlsOptions | undefined;
  /**
   * A proxy's URL: `http:`, `https:` or `socks5:`, with name and password in it if it asks for them.
   *
   * @default what the environment says (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`)
   */
  readonly proxy?: string | URL | undefined;
  /** The Unix socket that all requests go to, whatever their host. */
  readonly socketPath?: string | undefined;
  /**
   * Whether HTTP/2 is spoken where the server does.
   *
   * @default true
   */
  readonly http2?: boolean | undefined;
  /** The address to connect from. */
  readonly localAddress?: string | undefined;
}

// What is used of Deno's types, so that nobody needs them.
interface DenoHttpClient {
  close(): void;
}

interface DenoNamespace {
  createHttpClient(options: Record<string, unknown>): DenoHttpClient;
}

const name = 'deno';
const where = 'the deno connector';

const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: true,
  manualRedirect: true,
};

const knownOptions = new Set([
  'limit',
  'limitPerHost',
  'maxIdlePerHost',
  'keepAliveTimeout',
  'tls',
  'proxy',
  'socketPath',
  'http2',
  'localAddress',
]);
const knownTlsOptions = new Set(['ca', 'cert', 'key']);

/**
 * The connector of Deno: its `fetch`, with an HTTP client, and so a pool of connections, of its own.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be, or this isn't Deno
 *
 * @example
 * ```ts ignore
 * import {createSession} from 'aiofetch';
 * import {denoConnector} from 'aiofetch/deno';
 *
 * const connector = denoConnector({limit: 100, maxIdlePerHost: 10, tls: {ca: await Deno.readTextFile('ca.pem')}});
 * await using session = createSession({connector});
 * ```
 */
export function denoConnector(options: DenoConnectorOptions = {}): Connector {
  checkKnown(where, options, knownOptions, 'connector.');
  checkKnown(`${where}’s tls`, options.tls ?? {}, knownTlsOptions, 'connector.tls.');
  const {Deno} = globalThis as {Deno?: Partial<DenoNamespace>};
  if (typeof Deno?.createHttpClient !== 'function') {
    throw new UnsupportedOptionError('connector', where, 'it is of Deno.createHttpClient, and there is none');
  }
  const {limit, limitPerHost} = options;
  const client = Deno.createHttpClient(clientOptions(options));
  try {
    return createNativeConnector(
      {...anyFetch, name, capabilities, init: {client}, dispose: () => client.close()},
      {limit, limitPerHost},
    );
  } catch (error) {
    client.close();
    throw error;
  }
}

function clientOptions(options: DenoConnectorOptions): Record<string, unknown> {
  const {maxIdlePerHost, keepAliveTimeout, tls, proxy, socketPath, http2, localAddress} = options;
  if (maxIdlePerHost !== undefined && !(Number.isInteger(maxIdlePerHost) && maxIdlePerHost >= 0)) {
    throw new InvalidOptionError('connector.maxIdlePerHost', maxIdlePerHost, 'a whole number from 0');
  }
  if (http2 !== undefined && typeof http2 !== 'boolean') {
    throw new InvalidOptionError('connector.http2', http2, 'true or false');
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw new InvalidOptionError('connector.tls', 'cert without key, or key without cert', 'both or neither');
  }
  checkOneWay(proxy, socketPath);
  const idle = checkDuration('connector.keepAliveTimeout', keepAliveTimeout);
  return {
    // Left out where they aren't set: what Deno does then is Deno's.
    ...(maxIdlePerHost !== undefined && {poolMaxIdlePerHost: maxIdlePerHost}),
    ...(keepAliveTimeout !== undefined && {poolIdleTimeout: idle ?? false}),
    ...(tls?.ca !== undefined && {caCerts: [tls.ca].flat()}),
    ...(tls?.cert !== undefined && {cert: tls.cert, key: tls.key}),
    ...(http2 !== undefined && {http2}),
    ...(localAddress !== undefined && {localAddress}),
    ...(proxy !== undefined && {proxy: toDenoProxy(proxy)}),
    ...(socketPath !== undefined && {proxy: {transport: 'unix', path: socketPath}}),
  };
}

function toDenoProxy(proxy: string | URL): Record<string, unknown> {
  const url = toProxyUrl(proxy, ['http:', 'https:', 'socks5:', 'socks5h:']);
  const {username, password} = url;
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    ...(username !== '' && {
      basicAuth: {username: decodeURIComponent(username), password: decodeURIComponent(password)},
    }),
  };
}
