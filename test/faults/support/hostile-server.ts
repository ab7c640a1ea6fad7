import type {Socket} from 'node:net';
import type {Draw} from './draw.ts';
import {openGate} from './gate.ts';
import type {Play} from './http1-server.ts';
import {playHttp1} from './http1-server.ts';
import {playHttp2} from './http2-server.ts';
import {prefixed} from './log.ts';
import type {Identities} from './tls.ts';
import {identities, startTls} from './tls.ts';
import {createWire} from './wire.ts';

/** HTTP/1.1 over TCP, HTTP/1.1 over TLS, HTTP/2 over TLS. */
export type Transport = 'tcp' | 'tls' | 'http2';

export const transports: readonly Transport[] = ['tcp', 'tls', 'http2'];

export interface HostileServer {
  readonly origin: string;
  readonly port: number;
  /** The certificate of the authority that the client is to trust. */
  readonly authority: string | undefined;
  /** How many connections are open, be they half-closed. */
  readonly open: number;
  /** Resets the connections that have not been accepted, and refuses later ones. */
  stop(): void;
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
  const gate = await openGate(async (socket, index) => {
    const ownDraw = draw.fork('connection', index);
    const log = prefixed(options.log, `  server ${index}: `);
    log('accepts');
    if (ownDraw.chance(options.malice * 0.03)) {
      log('resets at once');
      socket.resetAndDestroy();
      return;
    }
    await playConnection(socket, ownDraw, {...options, origin, log}, transport, trusted);
  });
  const origin = `${trusted ? 'https' : 'http'}://127.0.0.1:${gate.port}`;
  return {
    ...gate,
    origin,
    authority: trusted?.authority,
    get open() {
      return gate.open;
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
