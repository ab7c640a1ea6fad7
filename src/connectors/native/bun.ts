import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {checkKnown} from '../../utils/check-options.ts';
import {lazyResponseOfTurn} from '../base/lazy-response.ts';
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

/** TLS options of {@link bunConnector}. */
export interface BunTlsOptions {
  /**
   * Whether a request fails when the server's certificate can't be verified.
   *
   * @default true
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The certificate authorities to trust instead of the well-known ones, in PEM. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined;
  /** The client's certificate chain, in PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** The client's private key, in PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** Decrypts an encrypted `key`. */
  readonly passphrase?: string | undefined;
  /**
   * The host name that is sent (SNI) and that the certificate must have.
   *
   * @default the URL's host
   */
  readonly servername?: string | undefined;
}

/** Options of {@link bunConnector}. */
export interface BunConnectorOptions extends ConnectorOptions {
  /** TLS for `https:` hosts. */
  readonly tls?: BunTlsOptions | undefined;
  /**
   * The URL of a proxy: `http:` or `https:`, with user name and password if the proxy needs them.
   *
   * @default the proxy of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`)
   */
  readonly proxy?: string | URL | undefined;
  /** The path of a Unix socket. All requests go to it, whatever the host of their URLs. */
  readonly socketPath?: string | undefined;
}

const name = 'bun';
const where = 'the bun connector';

const capabilities: ConnectorCapabilities = {
  sockets: false,
  connectTimeout: false,
  requestStreams: true,
  manualRedirect: true,
};

const knownOptions = new Set(['limit', 'limitPerHost', 'unreadTimeout', 'tls', 'proxy', 'socketPath']);
const knownTlsOptions = new Set(['rejectUnauthorized', 'ca', 'cert', 'key', 'passphrase', 'servername']);

// Bun's own `fetch`, unless a program replaced it before it loaded this module.
const {fetch: ownFetch} = globalThis;
// A replaced `fetch` may drop the members of `init` that only Bun knows.
const protections = ['tls', 'proxy', 'socketPath'];

/**
 * Makes a connector over Bun's `fetch`, with the options that Bun adds to the standard. A global `fetch` that replaces
 * Bun's may not apply `tls`, `proxy` and `socketPath`: with one of these options, requests reject with an
 * `UnsupportedOptionError` while the global `fetch` is replaced.
 *
 * @throws InvalidOptionError for a value that is not allowed; UnsupportedOptionError for an unknown option, or when the
 * runtime isn't Bun
 *
 * @example
 * ```ts ignore
 * import {createSession} from 'aiofetch';
 * import {bunConnector} from 'aiofetch/bun';
 *
 * await using session = createSession({connector: bunConnector({limit: 10, socketPath: '/var/run/docker.sock'})});
 * const version = await session.get('http://docker/version').json();
 * ```
 */
export function bunConnector(options: BunConnectorOptions = {}): Connector {
  checkKnown(where, options, knownOptions, 'connector.');
  checkKnown(`${where}’s tls`, options.tls ?? {}, knownTlsOptions, 'connector.tls.');
  if (!('Bun' in globalThis)) {
    throw new UnsupportedOptionError('connector', where, 'the runtime is not Bun');
  }
  const {limit, limitPerHost, unreadTimeout} = options;
  const checkFetch = fetchCheck(options, protections, ownFetch, ['proxy', 'tls', 'unix']);
  return createNativeConnector(
    {
      ...anyFetch,
      track: lazyResponseOfTurn,
      name,
      capabilities,
      init: fetchOptions(options),
      checkFetch,
    },
    {limit, limitPerHost, unreadTimeout},
  );
}

function fetchOptions({tls, proxy, socketPath}: BunConnectorOptions): Record<string, unknown> {
  checkProxyOrSocket(proxy, socketPath);
  return {
    ...(tls !== undefined && {tls}),
    ...(proxy !== undefined && {proxy: parseProxyUrl(proxy, ['http:', 'https:']).href}),
    ...(socketPath !== undefined && {unix: socketPath}),
  };
}
