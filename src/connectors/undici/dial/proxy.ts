import {BlockList, isIP} from 'node:net';
import {InvalidOptionError} from '../../../errors/index.ts';
import {checkKnown, isObject} from '../../../utils/check-options.ts';
import type {BasicCredentials} from '../../../utils/credentials.ts';
import {basicAuthorization, isBasicCredentials, isBearerToken} from '../../../utils/credentials.ts';
import {withoutBrackets} from '../../../utils/url-parts.ts';
import {plainAddress} from './address.ts';
import type {TlsOptions} from './tls.ts';
import {TlsClient} from './tls.ts';

/** What a proxy is told of who asks. */
export type ProxyAuth =
  /** `Proxy-Authorization: Basic …` (RFC 7617), or a SOCKS5 proxy's username and password (RFC 1929). */
  | {readonly basic: {readonly username: string; readonly password: string}}
  /** `Proxy-Authorization: Bearer …` (RFC 6750). Not for SOCKS5. */
  | {readonly bearer: string};

/** A proxy, and what is not to go through it. */
export interface ProxyOptions {
  /**
   * `http:`, `https:` (TLS to the proxy itself), `socks5:` (names are looked up here) or `socks5h:` (by the proxy). A
   * username and password may be in it.
   */
  readonly url: string | URL;
  /** Goes before a username and password in `url`. */
  readonly auth?: ProxyAuth | undefined;
  /** TLS to an `https:` proxy; the connector's own `tls` is for what is behind it. */
  readonly tls?: TlsOptions | undefined;
  /** Hosts that are reached directly, written as in NO_PROXY: names with their subdomains, addresses, CIDR blocks, `*`. */
  readonly noProxy?: string | readonly string[] | undefined;
}

/** As the option comes; `'env'` is what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say when the connector is made. */
export type ProxyOption = string | URL | ProxyOptions;

/** Where a request leads to. */
interface ProxyTarget {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** One proxy, ready to be dialled. */
export interface ProxyServer {
  readonly kind: 'http' | 'socks5';
  /** TLS to the proxy. */
  readonly tls: TlsClient | undefined;
  readonly hostname: string;
  readonly port: number;
  /** The value of Proxy-Authorization. */
  readonly authorization: string | undefined;
  /** For SOCKS5. */
  readonly login: BasicCredentials | undefined;
  /** Names are looked up here, and the proxy gets addresses. */
  readonly resolvesHere: boolean;
}

/** The proxy that a target is reached through; `undefined`: directly. */
export type ChooseProxy = (target: ProxyTarget) => ProxyServer | undefined;

const known = new Set(['url', 'auth', 'tls', 'noProxy']);
const schemes = '"http:", "https:", "socks5:" or "socks5h:"';
const defaultPorts: Record<string, number> = {'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080};

/**
 * @param env - where `'env'` looks
 * @returns `undefined` when there is none
 * @throws InvalidOptionError, UnsupportedOptionError when it is not what it may be; what it shows holds no credentials
 */
export function createProxies(
  proxy: ProxyOption | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ChooseProxy | undefined {
  if (proxy === undefined) return undefined;
  if (proxy === 'env') return proxiesOf(env);
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
  // As curl has it: lower case goes before upper case; and a server's CGI scripts get a request's "Proxy" header as HTTP_PROXY.
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
      'basic: a SOCKS5 proxy knows usernames and passwords',
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

// A value is never shown: there may be a password in it.
function parseUrl(option: string, given: unknown): URL {
  const allowed = `a URL whose scheme is ${schemes}`;
  if (given instanceof URL || typeof given === 'string') {
    let url: URL;
    try {
      url = new URL(given);
    } catch {
      throw new InvalidOptionError(option, new Error('no URL'), allowed);
    }
    if (url.protocol in defaultPorts && url.hostname !== '') return specialised(url);
    throw new InvalidOptionError(option, new Error(`scheme ${url.protocol}`), allowed);
  }
  throw new InvalidOptionError(option, given, allowed);
}

/** Hosts of schemes that the URL standard doesn't know aren't normalised; as http: they are. */
function specialised(url: URL): URL {
  if (!url.protocol.startsWith('socks5')) return url;
  const twin = new URL(url.href.replace(/^socks5h?:/, 'http:'));
  url.host = twin.host;
  return url;
}

function loginOf(option: string, url: URL, auth: ProxyAuth | undefined): BasicCredentials | undefined {
  if (auth !== undefined) {
    if (!isObject(auth) || 'basic' in auth === 'bearer' in auth) {
      throw new InvalidOptionError(`${option}.auth`, typeof auth, 'an object with basic, or with bearer');
    }
    if ('bearer' in auth) {
      if (isBearerToken(auth.bearer)) return undefined;
      throw new InvalidOptionError(`${option}.auth.bearer`, typeof auth.bearer, 'visible ASCII characters');
    }
    if (isBasicCredentials(auth.basic)) return {...auth.basic};
    throw new InvalidOptionError(
      `${option}.auth.basic`,
      typeof auth.basic,
      'a username without ":" and a password',
    );
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

/** What NO_PROXY means, as curl and Go have it: a name stands for its subdomains too, and an address may be a CIDR block. */
function createBypass(option: string, given: string | readonly string[] | undefined): Rule {
  if (given === undefined) return () => false;
  const list: unknown = typeof given === 'string' ? given.split(/[\s,]+/) : given;
  if (!Array.isArray(list)) throw new InvalidOptionError(option, list, 'hosts, addresses and blocks');
  const rules: Rule[] = [];
  for (const item of list) {
    if (typeof item !== 'string') throw new InvalidOptionError(option, item, 'hosts, addresses and blocks');
    const text = item.trim().toLowerCase();
    if (text !== '') rules.push(createRule(text));
  }
  return (target) => rules.some((rule) => rule(target));
}

function createRule(text: string): Rule {
  if (text === '*') return () => true;
  const block = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(text);
  if (block) return blockRule(block[1] as string, Number(block[2]));
  // "[::1]:8080", "host:8080", and "::1", which has colons and no port.
  const [, host = text, port] = isIP(text) ? [] : (/^(.*?)(?::(\d+))?$/.exec(text) ?? []);
  const isPort: Rule = port === undefined ? () => true : (target) => target.port === Number(port);
  const bare = withoutBrackets(host);
  if (isIP(bare)) {
    const inside = blockRule(bare, isIP(bare) === 4 ? 32 : 128);
    return (target) => isPort(target) && inside(target);
  }
  const name = bare.replace(/^\*?\./, '');
  return (target) => isPort(target) && (target.hostname === name || target.hostname.endsWith(`.${name}`));
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
