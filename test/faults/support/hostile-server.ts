import type {AddressInfo, Socket} from 'node:net';
import {createServer} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {Draw} from './draw.ts';
import type {Play} from './http1-server.ts';
import {playHttp1} from './http1-server.ts';
import {playHttp2} from './http2-server.ts';
import type {Identities} from './tls.ts';
import {identities, startTls} from './tls.ts';
import {createWire, wireOver} from './wire.ts';

/** HTTP/1.1 over TCP, HTTP/1.1 over TLS, HTTP/2 over TLS. */
export type Transport = 'tcp' | 'tls' | 'http2';

export const transports: readonly Transport[] = ['tcp', 'tls', 'http2'];

export interface HostileServer {
  readonly origin: string;
  /** The certificate of the authority that the client is to trust. */
  readonly authority: string | undefined;
  /** Stops listening. Resolves when the client has ended every connection. */
  close(): Promise<void>;
}

/** Starts a server whose behaviour is drawn for each connection anew. */
export async function startHostileServer(
  transport: Transport,
  draw: Draw,
  options: Omit<Play, 'origin'>,
): Promise<HostileServer> {
  const trusted = transport === 'tcp' ? undefined : await identities();
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({allowHalfOpen: true}, (socket) => {
    const index = count++;
    const ownDraw = draw.fork('connection', index);
    const log = (what: string) => options.log(`  server ${index}: ${what}`);
    const play = {...options, origin, log};
    sockets.add(socket);
    // The client has ended its side.
    socket.on('end', () => {
      sockets.delete(socket);
      socket.end();
    });
    socket.on('close', () => void sockets.delete(socket)).on('error', () => {});
    log('accepts');
    if (ownDraw.chance(options.malice * 0.03)) {
      socket.resetAndDestroy();
      return;
    }
    playConnection(socket, ownDraw, play, transport, trusted)
      .catch((error: unknown) => {
        if (error !== wireOver) throw error;
      })
      // The streams over a socket take its events.
      .finally(() => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `${trusted ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    authority: trusted?.authority,
    async close() {
      server.close();
      while (sockets.size > 0) await delay(1);
    },
  };
}

async function playConnection(
  socket: Socket,
  draw: Draw,
  play: Play,
  transport: Transport,
  trusted: Identities | undefined,
): Promise<void> {
  if (!trusted)
    return playHttp1(
      createWire(socket, () => socket.resetAndDestroy()),
      draw,
      play,
    );
  const takesHttp2 = transport === 'http2' && !draw.chance(play.malice * 0.1);
  const protocols = takesHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'];
  const wire = await startTls(socket, draw.fork('tls'), {...play, identities: trusted, protocols});
  if (!wire) return;
  await (wire.protocol === 'h2' ? playHttp2(wire, draw, play) : playHttp1(wire, draw, play));
}
