import type {Socket, SocketConstructorOpts} from 'node:net';
import {connect} from 'node:net';
import type {Address} from './address.ts';

/** How the sockets of a {@link Race} are opened. */
export interface RaceOptions {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** How long an attempt goes on alone before the next begins beside it, in ms; `undefined`: until it has failed. */
  readonly attemptDelay: number | undefined;
}

/** What becomes of a race: `connected` or `lost`, once, unless it is cancelled before. */
export interface RaceOutcome {
  /** Another socket is there, whatever becomes of it. */
  opened(socket: Socket): void;
  connected(socket: Socket): void;
  /** No address is left. */
  lost(): void;
  /** One of the addresses could not be connected to; others may be left. */
  failed(address: string, error: Error): void;
}

// What undici's own connector gives its sockets: a socket that reads in larger pieces wakes up less often.
const readSize = 64 * 1024;
const keepAliveProbe = 60_000;

/** How a TCP socket of a connector reads, and is kept alive. How much it reads at once is what the types leave out. */
export const socketOptions: SocketConstructorOpts & {readonly highWaterMark: number} = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbe,
  highWaterMark: readSize,
};

/**
 * Connects to the first of several addresses that answers (RFC 8305, section 5): one attempt after the other, the next
 * as soon as one has failed, or beside it when it takes long. Unlike `autoSelectFamily`, an attempt goes on when the next
 * begins, and each one's error is told.
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
      clearTimeout(this.#timer);
      if (this.#next < this.#addresses.length) this.start();
      else if (this.#attempts.size === 0) this.#outcome.lost();
    };
    socket.on('connect', onConnect).on('error', onError);
    // A socket may fail on its way out, or between two of a dial's steps.
    socket.on('error', ignore);
    // Once it has left the race, a socket holds nothing of what it was opened for.
    this.#attempts.set(socket, () => void socket.off('connect', onConnect).off('error', onError));
    if (attemptDelay !== undefined && this.#next < this.#addresses.length) {
      this.#timer = setTimeout(() => this.start(), attemptDelay);
    }
  }

  /** Ends every attempt that is under way. */
  cancel(): void {
    clearTimeout(this.#timer);
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
