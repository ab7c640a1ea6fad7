import type {Socket, SocketConstructorOpts} from 'node:net';
import {connect} from 'node:net';
import {realClearTimeout, realSetTimeout} from '../real-timers.ts';
import type {Address} from './address.ts';

/** How the sockets of a {@link Race} are opened. */
export interface RaceOptions {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** How long an attempt runs alone before the next begins, in ms; `undefined` is until it has failed. */
  readonly attemptDelay: number | undefined;
}

/** The events of a race. Unless the race is cancelled before, `connected` or `allFailed` is called once. */
export interface RaceOutcome {
  /** A socket was created, which may connect or fail. */
  opened(socket: Socket): void;
  connected(socket: Socket): void;
  /** All addresses have failed. */
  allFailed(): void;
  /** One address could not be connected to. Others may still be tried. */
  failed(address: string, error: Error): void;
}

// The same sizes as in undici's own connector. A socket that reads larger chunks wakes up less often.
const readSize = 64 * 1024;
const keepAliveProbe = 60_000;

/** The options of a connector's TCP sockets. Node's types leave out `highWaterMark`. */
export const socketOptions: SocketConstructorOpts & {readonly highWaterMark: number} = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbe,
  highWaterMark: readSize,
};

/**
 * Connects to the first of several addresses that answers (RFC 8305, section 5). The next attempt begins as soon as one has
 * failed or has taken too long. Unlike with Node's `autoSelectFamily`, an attempt goes on when the next begins, and the
 * error of each attempt is reported.
 */
export class Race {
  readonly #addresses: readonly Address[];
  readonly #options: RaceOptions;
  readonly #outcome: RaceOutcome;
  readonly #attempts = new Map<Socket, () => void>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(addresses: readonly Address[], options: RaceOptions, outcome: RaceOutcome) {
    this.#addresses = addresses;
    this.#options = options;
    this.#outcome = outcome;
  }

  start(): void {
    const {port, localAddress, attemptDelay} = this.#options;
    const {address, family} = this.#addresses[this.#next++] as Address;
    const socket = connect({
      ...socketOptions,
      host: address,
      port,
      family,
      ...(localAddress !== undefined && {localAddress}),
    });
    this.#outcome.opened(socket);
    const onConnect = () => {
      this.#leave(socket);
      this.cancel();
      this.#outcome.connected(socket);
    };
    const onError = (error: Error) => {
      this.#leave(socket);
      this.#outcome.failed(address, error);
      realClearTimeout(this.#timer);
      if (this.#next < this.#addresses.length) this.start();
      else if (this.#attempts.size === 0) this.#outcome.allFailed();
    };
    socket.on('connect', onConnect).on('error', onError);
    // A socket may also fail while it is being destroyed, or between two steps of a dial.
    socket.on('error', ignore);
    // After the race, the socket must not keep the race or the dial in memory.
    this.#attempts.set(socket, () => void socket.off('connect', onConnect).off('error', onError));
    if (attemptDelay !== undefined && this.#next < this.#addresses.length) {
      this.#timer = realSetTimeout(() => this.start(), attemptDelay);
    }
  }

  /** Ends every attempt that is under way. */
  cancel(): void {
    realClearTimeout(this.#timer);
    for (const socket of [...this.#attempts.keys()]) {
      this.#leave(socket);
      socket.destroy();
    }
  }

  #leave(socket: Socket): void {
    this.#attempts.get(socket)?.();
    this.#attempts.delete(socket);
  }
}

function ignore(): void {}
