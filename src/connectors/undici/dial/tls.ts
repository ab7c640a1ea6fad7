import {createHash, X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';
import type {Duplex} from 'node:stream';
import type {ConnectionOptions, PeerCertificate, SecureContext, TLSSocket} from 'node:tls';
import {checkServerIdentity, connect, createSecureContext} from 'node:tls';
import {InvalidOptionError} from '../../../errors/index.ts';
import {checkKnown, isObject} from '../../../utils/check-options.ts';
import {normalisedHost, withoutRoot} from './host-name.ts';

/** TLS options of a connector: those of `node:tls`, and certificate pins. */
export interface TlsOptions {
  /**
   * Whether the connection fails when the server's certificate can't be verified.
   *
   * @default true
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The certificate authorities to trust instead of the well-known ones, PEM. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined;
  /** The client's certificate chain, PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** The client's private key, PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** The passphrase of an encrypted `key`. */
  readonly passphrase?: string | undefined;
  /**
   * The host name to request (SNI) and to verify.
   *
   * @default the URL's host
   */
  readonly servername?: string | undefined;
  /**
   * The lowest version of TLS to accept.
   *
   * @default 'TLSv1.2'
   */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /**
   * Pins of certificates: `sha256/` and the base64 of the SHA-256 of a certificate (DER) or of its public key (SPKI, as in
   * RFC 7469, section 2.4). One pin must match the server's certificate or one that signed it. Pins are checked in addition
   * to the usual verification. With `rejectUnauthorized: false`, only the pins are checked.
   */
  readonly pin?: string | readonly string[] | undefined;
}

/** The server of a TLS handshake. */
export interface TlsTarget {
  readonly hostname: string;
  readonly port: number;
}

/** The outcome of a handshake. One of these is called, once. */
export interface TlsOutcome {
  onSecured(socket: TLSSocket): void;
  failed(error: Error): void;
}

/** The server's certificate matches no pin. */
class PinError extends Error {
  readonly code = 'ERR_TLS_PIN';

  constructor(found: string, cause?: unknown) {
    super(`Certificate matches no pin: ${found}`, {cause});
    this.name = 'PinError';
  }
}

const known = new Set([
  'rejectUnauthorized',
  'ca',
  'cert',
  'key',
  'passphrase',
  'servername',
  'minVersion',
  'pin',
]);

const readSize = 16 * 1024;
const maxSessions = 100;
const longestChain = 10;

/** Makes TLS handshakes with one set of options, and keeps sessions so that later handshakes resume them. */
export class TlsClient {
  readonly #rejectUnauthorized: boolean | undefined;
  readonly #servername: string | undefined;
  readonly #pins: ReadonlySet<string> | undefined;
  readonly #options: TlsOptions;
  #context: SecureContext | undefined = undefined;
  /** Sessions by server, so that a second connection resumes the session of the first (RFC 8446, section 2.2). */
  readonly #sessions = new Map<string, Buffer>();

  /**
   * @param where - the name of the option, for errors
   * @throws InvalidOptionError when an option has a value that is not allowed
   * @throws UnsupportedOptionError for an option that the connector doesn't know
   */
  constructor(options: TlsOptions = {}, where = 'connector.tls') {
    if (!isObject(options)) throw new InvalidOptionError(where, options, 'an object');
    checkKnown(where, options, known);
    const {rejectUnauthorized, ca, cert, key, servername, minVersion, pin} = options;
    if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean') {
      throw new InvalidOptionError(`${where}.rejectUnauthorized`, rejectUnauthorized, 'true or false');
    }
    if (servername !== undefined && (typeof servername !== 'string' || isIP(servername) !== 0)) {
      throw new InvalidOptionError(`${where}.servername`, servername, 'a host name');
    }
    if (minVersion !== undefined && minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') {
      throw new InvalidOptionError(`${where}.minVersion`, minVersion, '"TLSv1.2" or "TLSv1.3"');
    }
    if ((cert === undefined) !== (key === undefined)) {
      const missing = cert === undefined ? 'cert' : 'key';
      throw new InvalidOptionError(`${where}.${missing}`, undefined, 'PEM: cert and key need each other');
    }
    if (ca !== undefined) checkAuthorities(`${where}.ca`, ca);
    this.#options = options;
    this.#rejectUnauthorized = rejectUnauthorized;
    this.#servername = servername && normalisedHost(servername);
    this.#pins = pin === undefined ? undefined : checkPins(`${where}.pin`, pin);
    // Without a client certificate, the context is created on first use: it costs more than the rest of a connector.
    if (cert !== undefined) {
      try {
        this.#context = createContext(options);
      } catch (error) {
        // OpenSSL's error shows no part of a key.
        throw new InvalidOptionError(
          `${where}.key`,
          error,
          'a private key, PEM, that matches cert and passphrase',
        );
      }
    }
  }

  /**
   * Makes a TLS handshake over a socket or another stream.
   *
   * @param protocols - for ALPN (RFC 7301), in the order of preference
   * @returns the TLS socket, which may be destroyed to cancel the handshake
   */
  handshake(raw: Duplex, target: TlsTarget, protocols: readonly string[], outcome: TlsOutcome): TLSSocket {
    const hostname = withoutRoot(target.hostname);
    const servername = this.#servername ?? (isIP(hostname) ? '' : hostname);
    const key = `${servername || hostname}:${target.port}`;
    const session = this.#sessions.get(key);
    this.#context ??= createContext(this.#options);
    const rejectUnauthorized = this.#rejectUnauthorized;
    const options = {
      socket: raw,
      secureContext: this.#context,
      // If left out, the environment variable NODE_TLS_REJECT_UNAUTHORIZED applies.
      ...(rejectUnauthorized !== undefined && {rejectUnauthorized}),
      // The certificate is verified for this host when there is no server name.
      host: hostname,
      servername,
      ALPNProtocols: protocols,
      checkServerIdentity: identityError,
      highWaterMark: readSize,
      ...(session && {session}),
    };
    const socket = connect(options as ConnectionOptions);
    const pins = this.#pins;
    const sessions = this.#sessions;
    const rememberNow = rememberSessions(socket, sessions, key);
    const onSecure = () => {
      socket.off('error', onError).off('close', onClose);
      const wrong = pins && !socket.isSessionReused() ? checkChain(socket, pins) : undefined;
      if (wrong) {
        socket.destroy();
        outcome.failed(wrong);
        return;
      }
      rememberNow();
      outcome.onSecured(socket);
    };
    const onError = (error: Error) => {
      socket.off('secureConnect', onSecure).off('close', onClose);
      // The server may have refused the resumed session.
      if (session && sessions.get(key) === session) sessions.delete(key);
      outcome.failed(error);
    };
    const onClose = () => onError(new Error('Socket was closed'));
    socket.once('secureConnect', onSecure).once('error', onError).once('close', onClose);
    socket.on('error', ignore);
    return socket;
  }
}

function createContext({ca, cert, key, passphrase, minVersion = 'TLSv1.2'}: TlsOptions): SecureContext {
  return createSecureContext({
    minVersion,
    ...(ca !== undefined && {ca: ca as string}),
    ...(cert !== undefined && {cert: cert as string, key: key as string}),
    ...(passphrase !== undefined && {passphrase}),
  });
}

/**
 * Keeps the sessions that a server issues once its pins have been checked, because a resumed session isn't checked again. A
 * function of its own, because its listener stays on the socket and must not keep the dial in memory.
 *
 * @returns a function to call when the pins have been checked
 */
function rememberSessions(socket: TLSSocket, sessions: Map<string, Buffer>, key: string): () => void {
  let isChecked = false;
  let early: Buffer | undefined;
  function remember(session: Buffer): void {
    if (!isChecked) {
      early = session;
      return;
    }
    // A renewed session moves to the end, so that the one unused for longest is dropped first.
    sessions.delete(key);
    if (sessions.size >= maxSessions) sessions.delete(sessions.keys().next().value as string);
    sessions.set(key, session);
  }
  socket.on('session', remember);
  return () => {
    isChecked = true;
    if (early) remember(early);
    early = undefined;
  };
}

// OpenSSL silently ignores text that is not a certificate, so each one is parsed here.
function checkAuthorities(option: string, ca: NonNullable<TlsOptions['ca']>): void {
  const list: readonly unknown[] = Array.isArray(ca) ? ca : [ca];
  if (list.length === 0) throw new InvalidOptionError(option, ca, 'at least one certificate, PEM');
  for (const item of list) {
    try {
      new X509Certificate(item as string);
    } catch (error) {
      throw new InvalidOptionError(option, error, 'certificates, PEM');
    }
  }
}

const pinFormat = /^sha256\/[A-Za-z\d+/]{43}=$/;

function checkPins(option: string, pin: unknown): ReadonlySet<string> {
  const pins: unknown[] = Array.isArray(pin) ? pin : [pin];
  for (const item of pins) {
    if (typeof item === 'string' && pinFormat.test(item)) continue;
    throw new InvalidOptionError(
      option,
      item,
      '"sha256/" and 44 characters of base64, or an array of such pins',
    );
  }
  if (pins.length === 0) throw new InvalidOptionError(option, pin, 'at least one pin');
  return new Set(pins as string[]);
}

// Node calls this function outside the call as well, and its own one throws for names in a format that it doesn't know.
function identityError(hostname: string, certificate: PeerCertificate): Error | undefined {
  try {
    return checkServerIdentity(hostname, certificate);
  } catch (error) {
    return error as Error;
  }
}

/** Checks the pins. A certificate that can't be read fails the handshake. A throw here would end the process. */
function checkChain(socket: TLSSocket, pins: ReadonlySet<string>): PinError | undefined {
  try {
    return checkPinned(socket, pins);
  } catch (cause) {
    return new PinError('a certificate of the server cannot be read', cause);
  }
}

function checkPinned(socket: TLSSocket, pins: ReadonlySet<string>): PinError | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return new PinError('the server sent no certificate');
  let certificate = leaf;
  for (let depth = 0; depth < longestChain; depth++) {
    if (pins.has(pinOf(certificate.raw)) || pins.has(publicKeyPin(certificate))) return undefined;
    const issuer = certificate.issuerCertificate;
    // A server may send unrelated certificates. Only one that has signed the certificate before counts.
    if (!issuer || !certificate.verify(issuer.publicKey)) break;
    certificate = issuer;
  }
  return new PinError(`${pinOf(leaf.raw)}, public key ${publicKeyPin(leaf)}`);
}

function publicKeyPin(certificate: X509Certificate): string {
  return pinOf(certificate.publicKey.export({type: 'spki', format: 'der'}));
}

function pinOf(bytes: Uint8Array): string {
  return `sha256/${createHash('sha256').update(bytes).digest('base64')}`;
}

function ignore(): void {}
