import type {AddressInfo, Socket} from 'node:net';
import {createServer} from 'node:net';
import {wireOver} from './wire.ts';

/** A listening socket, and the connections that came in through it. */
export interface Gate {
  readonly port: number;
  /** How many connections are open, be they half-closed. */
  readonly open: number;
  /**
   * Stops listening. Connections that the kernel has accepted and the process has not are reset, and later ones are refused.
   */
  stop(): void;
  /** Stops listening. Resolves when the client has ended every connection. */
  close(): Promise<void>;
}

/**
 * Listens on loopback.
 *
 * @param play - what happens on a connection; rejects with {@link wireOver} when the client has ended it
 */
export async function openGate(play: (socket: Socket, index: number) => Promise<void>): Promise<Gate> {
  const open = new Set<Socket>();
  /** The connections whose client hasn't ended its side, and that the server plays. */
  const held = new Set<Socket>();
  let whenFree = () => {};
  let count = 0;
  const server = createServer({allowHalfOpen: true}, (socket) => {
    const release = () => {
      if (held.delete(socket) && held.size === 0) whenFree();
    };
    open.add(socket);
    held.add(socket);
    socket
      .on('end', () => {
        release();
        socket.end();
      })
      .on('close', () => {
        open.delete(socket);
        release();
      })
      .on('error', () => {});
    // The streams over a socket take its events.
    play(socket, count++)
      .catch((error: unknown) => {
        if (error !== wireOver) throw error;
      })
      .finally(release);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => void server.close();
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return open.size;
    },
    stop,
    async close() {
      stop();
      if (held.size === 0) return;
      await new Promise<void>((resolve) => {
        whenFree = resolve;
      });
    },
  };
}
