import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import type {ConnectorRequest} from '../../core/request.ts';
import {InvalidOptionError, UnsupportedOptionError} from '../../errors/index.ts';
import {checkDuration, checkKnown} from '../../utils/check-options.ts';
import {lazyResponseOfTurn} from '../base/lazy-response.ts';
import {networkError} from '../base/network-error.ts';
import {anyFetch} from './any-fetch.ts';
import {createNativeConnector} from './create-native-connector.ts';
import {checkProxyOrSocket, parseProxyUrl} from './proxy-url.ts';
import {fetchCheck} from './replaced-fetch-error.ts';

export type {
  Connector,
  ConnectorCapabilities,
  ConnectorOptions,
  ConnectorStats,
  HostStats,
} from '../../core/connector.ts';

/** TLS options of {@link denoConnector}. */
export interface DenoTlsOptions {
  /** The certificate authorities to trust in addition to the well-known ones, in PEM. */
  readonly ca?: string | readonly string[] | undefined;
  /** The client's certificate chain, in PEM. Needs `key`. */
  readonly cert?: string | undefined;
  /** The client's private key, in PEM. Needs `cert`. */
  readonly key?: string | undefined;
}

/** Options of {@link denoConnector}. */
export interface DenoConnectorOptions extends ConnectorOptions {
  /**
   * The most idle connections to one host.
   *
   * @default Deno's own value
   */
  readonly maxIdlePerHost?: number | undefined;
  /**
   * How long an idle connection stays open, in ms. 0, `Infinity` and `false` mean for ever.
   *
   * @default Deno's own value
   */
  readonly keepAliveTimeout?: number | false | undefined;
  /** TLS for `https:` hosts. */
  readonly tls?: DenoTlsOptions | undefined;
  /**
   * The URL of a proxy: `http:`, `https:`, `socks5:` or `socks5h:`, with user name and password if the proxy needs them.
   *
   * @default the proxy of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`)
   */
  readonly proxy?: string | URL | undefined;
  /** The path of a Unix socket. All requests go to it, whatever the host of their URLs. */
  readonly socketPath?: string | undefined;
  /**
   * Whether HTTP/2 is used with servers that support it.
   *
   * @default true
   */
  readonly http2?: boolean | undefined;
  /** The local IP address to connect from. */
  readonly localAddress?: string | undefined;
}

// The part of Deno's types that is used here, so that users don't need Deno's types.
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
  'unreadTimeout',
  'maxIdlePerHost',
  'keepAliveTimeout',
  'tls',
  'proxy',
  'socketPath',
  'http2',
  'localAddress',
]);
const knownTlsOptions = new Set(['ca', 'cert', 'key']);

// Deno's own `fetch`, unless a program replaced it before it loaded this module.
const {fetch: ownFetch} = globalThis;
// A replaced `fetch` may drop the client, which applies these options.
const protections = ['tls', 'proxy', 'socketPath', 'localAddress'];

/**
 * Makes a connector over Deno's `fetch`, with an HTTP client of its own, and so with a connection pool of its own. A global
 * `fetch` that replaces Deno's may not apply `tls`, `proxy`, `socketPath` and `localAddress`: with one of these options,
 * requests reject with an `UnsupportedOptionError` while the global `fetch` is replaced.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option, or when the
 * runtime has no `Deno.createHttpClient`
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
    throw new UnsupportedOptionError('connector', where, 'the runtime has no Deno.createHttpClient');
  }
  const {limit, limitPerHost, unreadTimeout} = options;
  const checkFetch = fetchCheck(options, protections, ownFetch, ['client']);
  const client = Deno.createHttpClient(clientOptions(options));
  try {
    return createNativeConnector(
      {
        ...anyFetch,
        track: lazyResponseOfTurn,
        toError,
        name,
        capabilities,
        init: {client},
        checkFetch,
        dispose: () => client.close(),
      },
      {limit, limitPerHost, unreadTimeout},
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
    throw new InvalidOptionError(
      'connector.tls',
      new Error('it has cert without key, or key without cert'),
      'both or neither',
    );
  }
  checkProxyOrSocket(proxy, socketPath);
  const idle = checkDuration('connector.keepAliveTimeout', keepAliveTimeout);
  return {
    // An option that isn't set is left out, so that Deno's default applies.
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
  const url = parseProxyUrl(proxy, ['http:', 'https:', 'socks5:', 'socks5h:']);
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

/** A permission that the program doesn't have is no failure of the network: Deno's own error says which one is missing. */
function toError(error: unknown, request: ConnectorRequest, otherwise: 'send' | 'receive'): unknown {
  const isDenied = error instanceof Error && /^(?:NotCapable|PermissionDenied)$/.test(error.name);
  return isDenied ? error : networkError(error, request, otherwise);
}
