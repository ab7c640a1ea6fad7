import type {Connector, ConnectorCapabilities, ConnectorOptions} from '../../core/connector.ts';
import {UnsupportedOptionError} from '../../errors/index.ts';
import {checkKnown} from '../../utils/check-options.ts';
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

/** TLS options of {@link bunConnector}. */
export interface BunTlsOptions {
  /**
   * Whether a certificate that can't be verified ends the connection.
   *
   * @default true
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Authorities to trust instead of the well-known ones, PEM. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined;
  /** The client's certificate chain, PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** The client's private key, PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** For an encrypted `key`. */
  readonly passphrase?: string | undefined;
  /** The name to ask for (SNI) and to verify; the URL's host when left out. */
  readonly servername?: string | undefined;
}

/** Options of {@link bunConnector}. */
export interface BunConnectorOptions extends ConnectorOptions {
  /** TLS for `https:` hosts. */
  readonly tls?: BunTlsOptions | undefined;
  /**
   * A proxy's URL: `http:` or `https:`, with name and password in it if it asks for them.
   *
   * @default what the environment says (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`)
   */
  readonly proxy?: string | URL | undefined;
  /** The Unix socket that all requests go to, whatever their host. */
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

const knownOptions = new Set(['limit', 'limitPerHost', 'tls', 'proxy', 'socketPath']);
const knownTlsOptions = new Set(['rejectUnauthorized', 'ca', 'cert', 'key', 'passphrase', 'servername']);

/**
 * The connector of Bun: its `fetch`, with what that takes beyond the standard.
 *
 * @throws InvalidOptionError, UnsupportedOptionError when an option is not what it may be, or this isn't Bun
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
    throw new UnsupportedOptionError('connector', where, 'it is of Bun, and there is none');
  }
  const {limit, limitPerHost} = options;
  return createNativeConnector(
    {...anyFetch, name, capabilities, init: fetchOptions(options)},
    {limit, limitPerHost},
  );
}

function fetchOptions({tls, proxy, socketPath}: BunConnectorOptions): Record<string, unknown> {
  checkOneWay(proxy, socketPath);
  return {
    ...(tls !== undefined && {tls}),
    ...(proxy !== undefined && {proxy: toProxyUrl(proxy, ['http:', 'https:']).href}),
    ...(socketPath !== undefined && {unix: socketPath}),
  };
}
