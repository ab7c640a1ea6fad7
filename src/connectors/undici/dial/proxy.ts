import {BlockList, isIP} from 'node:net';
import {InvalidOptionError} from '../../../errors/index.ts';
import {checkKnown, isObject} from '../../../utils/check-options.ts';
import type {BasicCredentials} from '../../../utils/credentials.ts';
import {basicAuthorization, isBasicCredentials, isBearerToken} from '../../../utils/credentials.ts';
import {withoutBrackets} from '../../../utils/url-parts.ts';
import {plainAddress} from './address.ts';
import {normalisedHost, withoutRoot} from './host-name.ts';
import type {TlsOptions} from './tls.ts';
import {TlsClient} from './tls.ts';

/** The credentials for a proxy. */
export type ProxyAuth =
  /** `Proxy-Authorization: Basic …` (RFC 7617), or the username and password for a SOCKS5 proxy (RFC 1929). */
  | {readonly basic: {readonly username: string; readonly password: string}}
  /** `Proxy-Authorization: Bearer …` (RFC 6750). SOCKS5 doesn't support it. */
  | {readonly bearer: string};

/** A proxy, and the hosts that are reached without it. */
export interface ProxyOptions {
  /**
   * The URL of the proxy. Its scheme is `http:`, `https:` (TLS to the proxy itself), `socks5:` (the connector resolves host
   * names) or `socks5h:` (the proxy resolves host names). It may contain a username and password.
   */
  readonly url: string | URL;
  /** The credentials, which override a username and password in `url`. */
  readonly auth?: ProxyAuth | undefined;
  /** TLS options for an `https:` proxy. The connector's own `tls` is for the hosts behind the proxy. */
  readonly tls?: TlsOptions | undefined;
  /** Hosts that are reached directly, in the format of NO_PROXY: names, which include subdomains, addresses, CIDR blocks, `*`. */
  readonly noProxy?: string | readonly string[] | undefined;
}

/** The `proxy` option. `'env'` reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY when the connector is created. */
export type ProxyOption = string | URL | ProxyOptions;

/** The `proxy` option that stands for the proxies of the environment as Node's own `fetch` reads them. Compared by identity. */
export const nodeEnvProxy: ProxyOptions = {url: 'env:'};

/** The server of a request. */
interface ProxyTarget {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** A proxy that was checked and can be dialled. */
export interface ProxyServer {
  readonly kind: 'http' | 'socks5';
  /** TLS to an `https:` proxy. */
  readonly tls: TlsClient | undefined;
  readonly hostname: string;
  readonly port: number;
  /** The value of Proxy-Authorization, for an HTTP proxy. */
  readonly authorization: string | undefined;
  /** The username and password for a SOCKS5 proxy. */
  readonly login: BasicCredentials | undefined;
  /** Whether the connector resolves host names, so that the proxy gets addresses. */
  readonly resolvesHere: boolean;
}

/** Chooses the proxy for a target; `undefined` is a direct connection. */
export type ChooseProxy = (target: ProxyTarget) => ProxyServer | undefined;

const known = new Set(['url', 'auth', 'tls', 'noProxy']);
const schemes = '"http:", "https:", "socks5:" or "socks5h:"';
const defaultPorts: Record<string, number> = {'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080};

/**
 * Checks the `proxy` option.
 *
 * @param env - the environment variables that `'env'` reads
 * @returns `undefined` when there is no proxy
 * @throws InvalidOptionError when an option has a value that is not allowed; the error shows no credentials
 * @throws UnsupportedOptionError for an option that the connector doesn't know
 */
export function createProxies(
  proxy: ProxyOption | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ChooseProxy | undefined {
  if (proxy === undefined) return undefined;
  if (proxy === 'env') return proxiesOf(env);
  if (proxy === nodeEnvProxy) return proxiesOf(asNodeReads(env));
  const options = typeof proxy === 'string' || proxy instanceof URL ? {url: proxy} : proxy;
  if (!isObject(options))
    throw new InvalidOptionError('connector.proxy', options, 'a URL, "env" or an object');
  checkKnown('connector.proxy', options, known);
  const {url, auth, tls, noProxy} = options;
  const made = createProxy('connector.proxy', url, auth, tls);
  const bypasses = createBypass('connector.proxy.noProxy', noProxy);
  return (target) => (bypasses(target) ? undefined : made);
}

function proxiesOf(env: Readonly<Record<string, string | undefined>>): ChooseProxy | undefined {
  // As in curl, lower case overrides upper case. HTTP_PROXY is ignored in CGI scripts, which get a request's "Proxy" header in it.
  const read = (name: string) => {
    const upper = name === 'http_proxy' && env['REQUEST_METHOD'] ? undefined : env[name.toUpperCase()];
    return (env[name] ?? upper)?.trim() || undefined;
  };
  const make = (name: string) => {
    const value = read(name);
    if (value === undefined) return undefined;
    return createProxy(
      `connector.proxy (${name})`,
      value.includes('://') ? value : `http://${value}`,
      undefined,
      undefined,
    );
  };
  const all = make('all_proxy');
  const plain = make('http_proxy') ?? all;
  const secure = make('https_proxy') ?? all;
  if (!plain && !secure) return undefined;
  const bypasses = createBypass('connector.proxy (no_proxy)', read('no_proxy'));
  return (target) => (bypasses(target) ? undefined : target.secure ? secure : plain);
}

/** Under `NODE_USE_ENV_PROXY`, Node ignores ALL_PROXY, and uses the proxy for `http:` for `https:` too if there is no other. */
function asNodeReads(env: Readonly<Record<string, string | undefined>>): typeof env {
  const plain = env['http_proxy'] ?? env['HTTP_PROXY'];
  const secure = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? plain;
  return {http_proxy: plain, https_proxy: secure, no_proxy: env['no_proxy'] ?? env['NO_PROXY']};
}

function createProxy(
  option: string,
  given: unknown,
  auth: ProxyAuth | undefined,
  tls: TlsOptions | undefined,
): ProxyServer {
  const url = parseUrl(option, given);
  const isSocks = url.protocol.startsWith('socks5');
  if (tls !== undefined && url.protocol !== 'https:') {
    throw new InvalidOptionError(`${option}.tls`, tls, 'TLS options for a proxy whose URL is https:');
  }
  const login = loginOf(option, url, auth);
  const bearer = auth && 'bearer' in auth ? auth.bearer : undefined;
  if (isSocks && bearer !== undefined) {
    throw new InvalidOptionError(
      `${option}.auth`,
      auth,
      'basic: SOCKS5 supports only a username and password',
    );
  }
  if (
    isSocks &&
    login &&
    (login.username === '' || !fitsSocks(login.username) || !fitsSocks(login.password))
  ) {
    throw new InvalidOptionError(
      `${option}.auth`,
      new Error('too long, or empty'),
      'a username and a password of at most 255 bytes each (RFC 1929)',
    );
  }
  return {
    kind: isSocks ? 'socks5' : 'http',
    tls: url.protocol === 'https:' ? new TlsClient(tls, `${option}.tls`) : undefined,
    hostname: withoutBrackets(url.hostname),
    port: Number(url.port) || (defaultPorts[url.protocol] as number),
    authorization: isSocks ? undefined : authorizationOf(login, bearer),
    login: isSocks ? login : undefined,
    resolvesHere: url.protocol === 'socks5:',
  };
}

// The errors never show the value, which may contain a password.
function parseUrl(option: string, given: unknown): URL {
  const allowed = `a URL whose scheme is ${schemes}`;
  if (given instanceof URL || typeof given === 'string') {
    let url: URL;
    try {
      url = new URL(given);
    } catch {
      throw new InvalidOptionError(option, new Error('not a URL'), allowed);
    }
    if (url.protocol in defaultPorts && url.hostname !== '') return withNormalisedHost(url);
    throw new InvalidOptionError(option, new Error('its scheme is another'), allowed);
  }
  throw new InvalidOptionError(option, given, allowed);
}

/** Normalises the host of a SOCKS5 URL, which the URL standard does only for schemes such as `http:`. */
function withNormalisedHost(url: URL): URL {
  if (!url.protocol.startsWith('socks5')) return url;
  const twin = new URL(url.href.replace(/^socks5h?:/, 'http:'));
  url.host = twin.host;
  return url;
}

function loginOf(option: string, url: URL, auth: ProxyAuth | undefined): BasicCredentials | undefined {
  if (auth !== undefined) {
    if (!isObject(auth) || 'basic' in auth === 'bearer' in auth) {
      throw new InvalidOptionError(`${option}.auth`, auth, 'an object with basic, or with bearer');
    }
    if ('bearer' in auth) {
      if (isBearerToken(auth.bearer)) return undefined;
      throw new InvalidOptionError(`${option}.auth.bearer`, auth.bearer, 'visible ASCII characters');
    }
    if (isBasicCredentials(auth.basic)) return {...auth.basic};
    throw new InvalidOptionError(`${option}.auth.basic`, auth.basic, 'a username without ":" and a password');
  }
  if (url.username === '' && url.password === '') return undefined;
  try {
    return {username: decodeURIComponent(url.username), password: decodeURIComponent(url.password)};
  } catch {
    throw new InvalidOptionError(option, new Error('userinfo that is not percent-encoded UTF-8'), 'a URL');
  }
}

function fitsSocks(text: string): boolean {
  return Buffer.byteLength(text) < 256;
}

function authorizationOf(
  login: BasicCredentials | undefined,
  bearer: string | undefined,
): string | undefined {
  if (bearer !== undefined) return `Bearer ${bearer}`;
  return login && basicAuthorization(login);
}

type Rule = (target: ProxyTarget) => boolean;

/** Parses NO_PROXY as curl and Go do: a name includes its subdomains, and an address may be a CIDR block. */
function createBypass(option: string, given: string | readonly string[] | undefined): Rule {
  if (given === undefined) return () => false;
  const list: unknown = typeof given === 'string' ? given.split(/[\s,]+/) : given;
  if (!Array.isArray(list))
    throw new InvalidOptionError(option, list, 'host names, addresses and CIDR blocks');
  const rules: Rule[] = [];
  for (const item of list) {
    if (typeof item !== 'string')
      throw new InvalidOptionError(option, item, 'host names, addresses and CIDR blocks');
    const text = item.trim().toLowerCase();
    if (text !== '') rules.push(createRule(text));
  }
  return (target) => rules.some((rule) => rule(target));
}

function createRule(text: string): Rule {
  if (text === '*') return () => true;
  const block = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(text);
  if (block) return blockRule(block[1] as string, Number(block[2]));
  // The forms are "[::1]:8080", "host:8080" and "::1", which has colons but no port.
  const [, host = text, port] = isIP(text) ? [] : (/^(.*?)(?::(\d+))?$/.exec(text) ?? []);
  const isPort: Rule = port === undefined ? () => true : (target) => target.port === Number(port);
  const bare = withoutBrackets(host);
  if (isIP(bare)) {
    const inside = blockRule(bare, isIP(bare) === 4 ? 32 : 128);
    return (target) => isPort(target) && inside(target);
  }
  const name = normalisedHost(bare.replace(/^\*?\./, ''));
  return (target) => {
    const hostname = withoutRoot(target.hostname);
    return isPort(target) && (hostname === name || hostname.endsWith(`.${name}`));
  };
}

function blockRule(network: string, prefix: number): Rule {
  const kind = isIP(network);
  if (kind === 0 || prefix > (kind === 4 ? 32 : 128)) return () => false;
  const block = new BlockList();
  block.addSubnet(network, prefix, kind === 4 ? 'ipv4' : 'ipv6');
  return ({hostname}) => {
    const address = plainAddress(hostname);
    const family = isIP(address);
    return family !== 0 && block.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}
