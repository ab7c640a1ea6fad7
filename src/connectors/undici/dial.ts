import {X509Certificate} from 'node:crypto';
import type {Socket, TcpSocketConnectOpts} from 'node:net';
import {connect as connectTcp, isIP} from 'node:net';
import type {ConnectionOptions, SecureContext, SecureContextOptions, TLSSocket} from 'node:tls';
import {connect as connectTls, createSecureContext} from 'node:tls';
import type {Phase} from '../../errors.ts';
import {InvalidOptionError} from '../../errors.ts';

/** TLS options of a connector, as `node:tls` has them. */
export interface TlsOptions {
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
  /** @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
}

/** TLS options made ready: what can't be used is found when the connector is made, and the rest is read only once. */
export interface TlsSettings {
  readonly rejectUnauthorized?: boolean | undefined;
  readonly servername?: string | undefined;
  readonly secureContext?: SecureContext | undefined;
}

/** @throws InvalidOptionError when a certificate, key or version is none */
export function readTlsOptions(options: TlsOptions | undefined): TlsSettings {
  if (!options) return {};
  const {rejectUnauthorized, servername, ...material} = options;
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean') {
    throw new InvalidOptionError('connector.tls.rejectUnauthorized', rejectUnauthorized, 'true or false');
  }
  if (servername !== undefined && typeof servername !== 'string') {
    throw new InvalidOptionError('connector.tls.servername', servername, 'a host name');
  }
  try {
    // An authority that is no PEM is passed over by node:tls without a word.
    for (const ca of [material.ca ?? []].flat()) new X509Certificate(Buffer.from(ca).toString('latin1'));
    const secureContext = createSecureContext(material as SecureContextOptions);
    return {rejectUnauthorized, servername, secureContext};
  } catch (error) {
    // OpenSSL tells what it could not read, and not what that said.
    const {message} = error as Error;
    throw new InvalidOptionError('connector.tls', options, `what node:tls can use, which says "${message}"`);
  }
}

/** Where a dial leads. */
export interface DialTarget {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** How a dial ended: one of the first three is called, once, unless it is cancelled before. */
export interface DialOutcome {
  connected(socket: Socket): void;
  failed(error: Error, phase: Phase): void;
  timedOut(limit: number): void;
  /** It did not connect, and by now its socket is closed. */
  gone(): void;
}

const maxSessions = 100;

/** TLS sessions by server, so that a second connection resumes the first one's (RFC 8446, section 2.2). */
export type TlsSessions = Map<string, Buffer>;

// What undici's own connector gives its sockets: a socket that reads in larger pieces wakes up less often.
const tcpReadSize = 64 * 1024;
const tlsReadSize = 16 * 1024;
const keepAliveProbe = 60_000;

/**
 * Opens one connection: DNS, TCP (happy eyeballs), TLS. Knows which of these it is at, so that a failure says so.
 *
 * @param timeout - ms, or `undefined` for none
 * @returns a function that cancels it; only `gone` is called after that
 */
export function dial(
  target: DialTarget,
  tls: TlsSettings,
  sessions: TlsSessions,
  timeout: number | undefined,
  outcome: DialOutcome,
): () => void {
  let phase: Phase = isIP(target.hostname) ? 'connect' : 'dns';
  let settled = false;
  const socket = target.secure ? openTls(target, tls, sessions) : openTcp(target);
  // After a blocked event loop, timers come before connections that were opened in time.
  const timer =
    timeout === undefined || timeout === Infinity
      ? undefined
      : setTimeout(() => setImmediate(onTimeout), timeout);

  function settle(): boolean {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    return true;
  }

  function onTimeout(): void {
    if (!settle()) return;
    socket.destroy();
    outcome.timedOut(timeout as number);
  }

  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveProbe);
  // 'lookup' comes once an address, and not at all for an address in the URL.
  function onLookup(error: Error | null): void {
    if (!error) phase = 'connect';
  }
  socket.on('lookup', onLookup);
  if (target.secure) {
    socket.once('connect', () => {
      phase = 'tls';
    });
  }
  socket.once(target.secure ? 'secureConnect' : 'connect', () => {
    if (!settle()) return;
    // What they hold is the request that the connection was opened for.
    socket.off('error', onError).off('lookup', onLookup).off('close', onClose);
    outcome.connected(socket);
  });
  function onError(error: Error): void {
    if (!settle()) return;
    socket.destroy();
    outcome.failed(error, phase);
  }
  function onClose(): void {
    onError(new Error('The connection was closed'));
    outcome.gone();
  }
  socket.on('error', onError).on('close', onClose);

  return () => {
    if (!settle()) return;
    // The listener stays: a socket may still fail on its way out.
    socket.destroy();
  };
}

function openTcp(target: DialTarget): Socket {
  // How much a socket reads at once is an option that the types leave out.
  const options: TcpSocketConnectOpts & {highWaterMark: number} = {
    host: target.hostname,
    port: target.port,
    highWaterMark: tcpReadSize,
  };
  return connectTcp(options);
}

function openTls(target: DialTarget, tls: TlsSettings, sessions: TlsSessions): TLSSocket {
  const servername = tls.servername ?? (isIP(target.hostname) ? '' : target.hostname);
  const key = `${servername || target.hostname}:${target.port}`;
  const session = sessions.get(key);
  const {rejectUnauthorized, secureContext} = tls;
  const options = {
    // Left out, it is what the environment says.
    ...(rejectUnauthorized !== undefined && {rejectUnauthorized}),
    ...(secureContext && {secureContext}),
    host: target.hostname,
    port: target.port,
    servername,
    ALPNProtocols: ['http/1.1'],
    highWaterMark: tlsReadSize,
    ...(session && {session}),
  };
  const socket = connectTls(options as ConnectionOptions);
  socket.on('session', (next: Buffer) => {
    // Renewed ones move to the end: the one that goes is the one unused for longest.
    sessions.delete(key);
    if (sessions.size >= maxSessions) sessions.delete(sessions.keys().next().value as string);
    sessions.set(key, next);
  });
  return socket;
}
