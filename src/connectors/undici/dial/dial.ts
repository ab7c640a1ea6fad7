import type {LookupFunction, NetConnectOpts} from 'node:net';
import {connect, isIP, Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {TraceSignals} from '../../../core/trace.ts';
import type {Phase} from '../../../errors/index.ts';
import {realSetImmediate} from '../real-timers.ts';
import {toError} from '../to-error.ts';
import type {Address, AddressGuard} from './address.ts';
import {refusalsOf} from './address.ts';
import type {Resolver} from './dns.ts';
import type {RaceOptions} from './happy-eyeballs.ts';
import {Race, socketOptions} from './happy-eyeballs.ts';
import {withoutRoot} from './host-name.ts';
import type {ProxyServer} from './proxy.ts';
import {http2NeedsStream, linkSockets, SocketStream} from './socket-stream.ts';
import type {TlsClient} from './tls.ts';
import {openTunnel} from './tunnel.ts';

/** How a connector opens connections. */
export interface DialOptions {
  readonly resolver: Resolver;
  /** TLS to the target, not to a proxy. */
  readonly tls: TlsClient;
  /** Whether HTTP/2 is offered. */
  readonly http2: boolean;
  readonly socketPath: string | undefined;
  readonly localAddress: string | undefined;
  /** The only IP version to connect with; 0 is both. */
  readonly family: 0 | 4 | 6;
  readonly allowAddress: AddressGuard | undefined;
  /** How long one address is tried alone, in ms; `undefined` is until it has failed. */
  readonly attemptDelay: number | undefined;
}

/** Where a dial leads. */
export interface DialTarget {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  readonly proxy: ProxyServer | undefined;
  /** Whether HTTP/2 is not offered, although the options allow it. */
  readonly onlyHttp1?: boolean;
}

/** The trace signals that a dial emits. */
export type DialSignal = Extract<keyof TraceSignals, `dns${string}` | `tls${string}`>;

/**
 * The events of a dial. Unless the dial is cancelled before, exactly one of `connected`, `failed` and `timedOut` is called,
 * and always asynchronously.
 */
export interface DialOutcome {
  emit<Type extends DialSignal>(type: Type, detail: TraceSignals[Type]): void;
  /** @param raw - the TCP socket under `socket`, which closes last */
  connected(socket: Socket, raw: Socket): void;
  failed(error: Error, phase: Phase): void;
  /** @param cause - a failure that happened before the time ran out, if there was one */
  timedOut(limit: number, cause: Error | undefined): void;
  /** The dial did not connect, and all its sockets are closed now. */
  gone(): void;
}

// Tools that intercept sockets, such as msw, replace this method. They have to see the name of the host rather than its address.
const ownConnect = Socket.prototype.connect;

/** The current step of a dial. */
interface Step {
  cancel(): void;
}

const http1 = ['http/1.1'];
const http2 = ['h2', 'http/1.1'];

/**
 * Opens one connection: DNS, TCP, a proxy's tunnel, TLS.
 *
 * The class is long because all steps share two things: the current phase, which a failure names, and the sockets that were
 * opened, which are closed unless the dial ends with a connection.
 */
export class Dial {
  readonly #target: DialTarget;
  readonly #options: DialOptions;
  readonly #outcome: DialOutcome;
  #phase: Phase = 'connect';
  #settled = false;
  #hasFailed = false;
  #isGone = false;
  /** How many sockets are open, being opened or being closed. */
  #open = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #step: Step | undefined = undefined;
  #socket: Socket | undefined = undefined;
  /** The TCP socket under `#socket`, which is destroyed with it. */
  #raw: Socket | undefined = undefined;
  /** The errors of addresses that were skipped or could not be connected to. */
  #errors: Error[] = [];

  constructor(target: DialTarget, options: DialOptions, outcome: DialOutcome) {
    this.#target = target;
    this.#options = options;
    this.#outcome = outcome;
  }

  /** @param timeout - the limit for all steps together, in ms; `undefined` or `Infinity` is no limit */
  start(timeout: number | undefined): void {
    if (timeout !== undefined && timeout !== Infinity) {
      // After the event loop was blocked, timers run before the events of connections that were opened in time.
      this.#timer = setTimeout(() => realSetImmediate(() => this.#onTimeout(timeout)), timeout);
    }
    this.#run().then(
      (socket) => {
        if (this.#settled) return;
        this.#settled = true;
        clearTimeout(this.#timer);
        // The connection owns the socket from here on, and the socket must not keep the dial in memory.
        this.#raw?.off('close', this.#onClose);
        this.#outcome.connected(socket, this.#raw as Socket);
      },
      (thrown: unknown) => {
        if (!this.#settle()) return;
        this.#outcome.failed(toError(thrown), this.#phase);
        this.#checkGone();
      },
    );
  }

  /** Cancels the dial. Only `gone` is called after that. */
  cancel(): void {
    if (this.#settle()) this.#checkGone();
  }

  /** The failures so far, if there were any. */
  get failure(): Error | undefined {
    const errors = this.#errors;
    return errors.length > 1 ? new AttemptsError(errors) : errors[0];
  }

  #onTimeout(timeout: number): void {
    if (!this.#settle()) return;
    this.#outcome.timedOut(timeout, this.failure);
    this.#checkGone();
  }

  /** Ends the dial without a connection. Returns false when the dial is over already. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#hasFailed = true;
    clearTimeout(this.#timer);
    this.#step?.cancel();
    this.#socket?.destroy();
    this.#raw?.destroy();
    return true;
  }

  #opened(socket: Socket): void {
    this.#open++;
    socket.on('close', this.#onClose);
  }

  readonly #onClose = () => {
    this.#open--;
    if (this.#hasFailed) this.#checkGone();
  };

  #checkGone(): void {
    if (this.#open > 0 || this.#isGone) return;
    this.#isGone = true;
    this.#outcome.gone();
  }

  async #run(): Promise<Socket> {
    const {secure, hostname, port, proxy, onlyHttp1 = false} = this.#target;
    const {socketPath, tls} = this.#options;
    const offersHttp2 = this.#options.http2 && !onlyHttp1;
    if (socketPath !== undefined) await this.#connectOnce({path: socketPath});
    else if (proxy) await this.#connectProxy(proxy);
    else await this.#connect(hostname, port, this.#options.allowAddress);
    if (secure && offersHttp2) await this.#startTlsForHttp2(tls, hostname, port);
    else if (secure) await this.#startTls(tls, hostname, port, http1);
    return this.#socket as Socket;
  }

  async #connectProxy(proxy: ProxyServer): Promise<void> {
    const {secure, hostname, port} = this.#target;
    try {
      await this.#connect(proxy.hostname, proxy.port, undefined);
      if (proxy.tls) await this.#startTls(proxy.tls, proxy.hostname, proxy.port, http1);
    } catch (error) {
      throw new ProxyUnreachableError(error as Error);
    }
    // An HTTP proxy takes requests without TLS itself, so that they need no tunnel.
    if (proxy.kind === 'http' && !secure) return;
    let name = hostname;
    if (proxy.resolvesHere) {
      const [first] = this.#find(hostname) ?? (await this.#load(hostname));
      name = (first as Address).address;
    }
    this.#phase = 'connect';
    await openTunnel(this.#requireOpenSocket(), proxy, {hostname: name, port});
  }

  async #connect(hostname: string, port: number, guard: AddressGuard | undefined): Promise<void> {
    const {resolver, family: only, localAddress, attemptDelay} = this.#options;
    const isIntercepted = Socket.prototype.connect !== ownConnect;
    // With a guard or another option about addresses, the connection has to be opened by address all the same.
    if (isIntercepted && !guard && only === 0 && localAddress === undefined && isIP(hostname) === 0) {
      return this.#connectOnce({host: hostname, port, lookup: this.#lookup});
    }
    const found = this.#find(hostname) ?? (await this.#load(hostname));
    this.#phase = 'connect';
    const refusals = guard && (await refusalsOf(guard, found, {hostname: withoutRoot(hostname), port}));
    // The dial may have ended while it waited for the guard.
    if (this.#settled) throw new Error('Dial has ended');
    const addresses: Address[] = [];
    for (const [index, candidate] of found.entries()) {
      const {address, family} = candidate;
      const refusal = refusals?.[index];
      if (refusal) {
        this.#errors.push(refusal);
      } else if (only !== 0 && family !== only) {
        this.#errors.push(new FamilyError(`Address ${address} is not an IPv${only} address`));
      } else {
        addresses.push(candidate);
      }
    }
    if (addresses.length === 0) throw this.failure as Error;
    const options = {port, localAddress, attemptDelay};
    try {
      await this.#race(addresses, options, (address) => resolver.failed(hostname, address));
    } catch (error) {
      resolver.forget(hostname);
      throw error;
    }
    this.#errors = [];
  }

  #find(hostname: string): readonly Address[] | undefined {
    const family = isIP(hostname);
    if (family !== 0) return [{address: hostname, family: family as 4 | 6}];
    const found = this.#options.resolver.find(hostname);
    this.#outcome.emit(found ? 'dnsCacheHit' : 'dnsCacheMiss', {host: hostname});
    return found;
  }

  #load(hostname: string): Promise<readonly Address[]> {
    this.#phase = 'dns';
    this.#outcome.emit('dnsResolveStart', {host: hostname});
    return new Promise((resolve, reject) => {
      const cancel = this.#options.resolver.load(hostname, (error, addresses) => {
        if (error) {
          reject(error);
          return;
        }
        this.#outcome.emit('dnsResolveEnd', {
          host: hostname,
          addresses: addresses.map(({address}) => address),
        });
        resolve(addresses);
      });
      this.#step = {cancel};
    });
  }

  #race(
    addresses: readonly Address[],
    options: RaceOptions,
    onFailed: (address: string) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const race = new Race(addresses, options, {
        opened: (socket) => this.#opened(socket),
        connected: (socket) => {
          this.#socket = socket;
          this.#raw = socket;
          resolve();
        },
        failed: (address, error) => {
          this.#errors.push(error);
          onFailed(address);
        },
        allFailed: () => reject(this.failure),
      });
      this.#step = race;
      race.start();
    });
  }

  /** The `lookup` option of a socket. It asks the resolver of the connector, with its cache. */
  readonly #lookup: LookupFunction = (hostname, {all}, done) => {
    const settle = (addresses: readonly Address[]) => {
      this.#phase = 'connect';
      if (all) done(null, [...addresses]);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    };
    const found = this.#find(hostname);
    if (found) settle(found);
    else this.#load(hostname).then(settle, (error) => done(error, []));
  };

  #connectOnce(to: NetConnectOpts): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({...socketOptions, ...to});
      this.#opened(socket);
      this.#socket = socket;
      this.#raw = socket;
      const onError = (error: Error) => reject(error);
      socket.once('error', onError).once('connect', () => {
        socket.off('error', onError);
        resolve();
      });
      socket.on('error', ignore);
    });
  }

  #startTlsForHttp2(tls: TlsClient, hostname: string, port: number): Promise<void> {
    if (!http2NeedsStream) return this.#startTls(tls, hostname, port, http2);
    const raw = this.#requireOpenSocket();
    const secured = this.#startTls(tls, hostname, port, http2, new SocketStream(raw));
    linkSockets(raw, this.#socket as Socket);
    return secured;
  }

  #startTls(
    tls: TlsClient,
    hostname: string,
    port: number,
    protocols: readonly string[],
    over: Duplex = this.#requireOpenSocket(),
  ): Promise<void> {
    this.#phase = 'tls';
    this.#outcome.emit('tlsStart', {host: hostname});
    return new Promise((resolve, reject) => {
      const target = {hostname, port};
      this.#socket = tls.handshake(over, target, protocols, {
        onSecured: () => {
          this.#outcome.emit('tlsEnd', {host: hostname});
          resolve();
        },
        failed: reject,
      });
    });
  }

  // Between two steps, a socket may fail while no step listens for its error.
  #requireOpenSocket(): Socket {
    const socket = this.#socket as Socket;
    if (socket.destroyed) throw socket.errored ?? new Error('Socket was closed');
    return socket;
  }
}

/** No address could be connected to. */
class AttemptsError extends AggregateError {
  /** The first error code among the errors. */
  readonly code: string | undefined;

  constructor(errors: readonly Error[]) {
    super(errors, errors.map(({message}) => message).join('; '));
    this.code = (errors as ReadonlyArray<{code?: string}>).find(({code}) => code !== undefined)?.code;
  }
}

class ProxyUnreachableError extends Error {
  readonly code: string | undefined;

  constructor(cause: Error) {
    super(`Proxy could not be reached: ${cause.message}`, {cause});
    this.code = (cause as {code?: string}).code;
  }
}

class FamilyError extends Error {
  readonly code = 'EADDRNOTAVAIL';
}

function ignore(): void {}
