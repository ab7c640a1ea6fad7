import type {AddressInfo, Socket} from 'node:net';
import {createServer} from 'node:net';
import type {Draw} from './draw.ts';
import type {Play} from './http1-server.ts';
import {playHttp1} from './http1-server.ts';
import {createWire, wireOver} from './wire.ts';

export type Transport = 'tcp' | 'tls' | 'http2';

export const transports: readonly Transport[] = ['tcp'];

export interface HostileServer {
  readonly origin: string;
  /** The certificate of the authority that the client is to trust. */
  readonly authority: string | undefined;
  /** Stops listening. Resolves when the client has ended every connection. */
  close(): Promise<void>;
}

/** Starts a server whose behaviour is drawn for each connection anew. */
export async function startHostileServer(
  _transport: Transport,
  draw: Draw,
  options: Omit<Play, 'origin'>,
): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({allowHalfOpen: true}, (socket) => {
    const index = count++;
    const ownDraw = draw.fork('connection', index);
    sockets.add(socket);
    // The client has ended its side.
    socket.on('end', () => {
      sockets.delete(socket);
      socket.end();
    });
    socket.on('close', () => void sockets.delete(socket)).on('error', () => {});
    const log = (what: string) => options.log(`  server ${index}: ${what}`);
    log('accepts');
    if (ownDraw.chance(options.malice * 0.03)) {
      socket.resetAndDestroy();
      return;
    }
    const wire = createWire(socket, () => socket.resetAndDestroy());
    playHttp1(wire, ownDraw, {...options, origin, log}).catch((error: unknown) => {
      if (error !== wireOver) throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    authority: undefined,
    async close() {
      server.close();
      while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}
