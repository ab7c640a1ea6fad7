import type {Duplex} from 'node:stream';
import {setImmediate as turn} from 'node:timers/promises';
import type {Draw} from './draw.ts';
import type {Log} from './log.ts';

/** Thrown where a script waits for data on a connection that is over. */
export const wireOver = new Error('The connection is over');

/** The server's side of one connection, plain or under TLS. */
export interface Wire {
  readonly isOver: boolean;
  /** The protocol that TLS has agreed on (ALPN). */
  protocol: string | undefined;
  /** Waits until `take` finds what it looks for in the unread bytes, and removes as many bytes as it says. */
  take<T>(take: (unread: Buffer) => {readonly value: T; readonly size: number} | undefined): Promise<T>;
  /** Waits for so many bytes, and drops them. */
  skip(size: number): Promise<void>;
  /** Drops all bytes up to and with a text. */
  skipPast(text: string): Promise<void>;
  /** Passes all bytes on to another stream from now on, and what that one sends back. */
  tunnel(target: Duplex): void;
  /** Waits for any bytes, and leaves them unread. */
  wait(): Promise<void>;
  write(bytes: Buffer | string): void;
  /** Writes in pieces, one in each turn of the event loop. */
  drip(bytes: Buffer, sizes: readonly number[]): Promise<void>;
  /** Ends the server's side, and goes on reading. */
  end(): void;
  /** Closes the connection in order. */
  close(): void;
  /** Resets the TCP connection. */
  reset(): void;
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
}

/**
 * @param reset - resets the TCP connection under the stream
 */
const nothing = Buffer.alloc(0);

export function createWire(stream: Duplex, reset: () => void): Wire {
  let unread: Buffer = nothing;
  let isOver = false;
  let wake = () => {};
  let finish = () => {};
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const end = () => {
    isOver = true;
    wake();
    finish();
  };
  stream.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    wake();
  });
  stream.on('error', end).on('close', end);
  stream.on('end', () => {
    end();
    // A stream of TLS over a socket that may be half open stays half open as well.
    stream.end();
  });
  const news = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const write = (bytes: Buffer | string) => {
    if (!isOver && stream.writable) stream.write(bytes);
  };

  return {
    protocol: undefined,
    get isOver() {
      return isOver;
    },
    async take(take) {
      for (;;) {
        const found = take(unread);
        if (found) {
          unread = unread.subarray(found.size);
          return found.value;
        }
        if (isOver) throw wireOver;
        await news();
      }
    },
    async skip(size) {
      for (let left = size; left > 0; ) {
        if (unread.length === 0) {
          if (isOver) throw wireOver;
          await news();
        }
        const taken = Math.min(left, unread.length);
        unread = unread.subarray(taken);
        left -= taken;
      }
    },
    async skipPast(text) {
      for (;;) {
        const start = unread.indexOf(text);
        if (start !== -1) {
          unread = unread.subarray(start + text.length);
          return;
        }
        unread = unread.subarray(Math.max(0, unread.length + 1 - text.length));
        if (isOver) throw wireOver;
        await news();
      }
    },
    tunnel(target) {
      if (unread.length > 0) target.write(unread);
      unread = nothing;
      stream.removeAllListeners('data').pipe(target).pipe(stream);
    },
    async wait() {
      if (unread.length === 0 && !isOver) await news();
      if (isOver) throw wireOver;
    },
    write,
    async drip(bytes, sizes) {
      let start = 0;
      for (const size of sizes) {
        if (isOver || start >= bytes.length) break;
        write(bytes.subarray(start, start + size));
        start += size;
        await turn();
      }
      if (start < bytes.length) write(bytes.subarray(start));
    },
    end: () => void stream.end(),
    close: () => void stream.end(() => stream.destroy()),
    reset,
    over,
  };
}

/** How a server breaks a connection off, or doesn't. */
const breaks = {close: 4, halfClose: 1, reset: 4, stall: 0.6, garbage: 2, silence: 0.2};

/** Does to a connection what a draw says. A stall lasts until the client gives up. */
export async function breakOff(wire: Wire, draw: Draw, log: Log): Promise<void> {
  const kind = draw.weighted(breaks);
  log(kind);
  switch (kind) {
    case 'close':
      return wire.close();
    case 'halfClose':
      wire.end();
      break;
    case 'reset':
      return wire.reset();
    case 'garbage':
      wire.write(draw.bytes(1 + draw.int(200)));
      if (draw.chance(0.8)) return draw.chance(0.5) ? wire.close() : wire.reset();
      break;
    default:
  }
  await wire.over;
}
