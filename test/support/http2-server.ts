import type {
  Http2SecureServer,
  Http2ServerRequest,
  Http2ServerResponse,
  SecureServerOptions,
  ServerHttp2Session,
} from 'node:http2';
import {createSecureServer} from 'node:http2';
import type {AddressInfo, Socket} from 'node:net';
import {onTestFinished} from 'vitest';
import type {SocketWatch} from './socket-watch.ts';
import {createSocketWatch} from './socket-watch.ts';

export interface Http2Server {
  readonly origin: string;
  readonly port: number;
  readonly sockets: SocketWatch;
  /** The HTTP/2 connections, in the order in which they opened. */
  readonly sessions: readonly ServerHttp2Session[];
  /** How many requests have arrived. */
  readonly requests: readonly Http2ServerRequest[];
  /** The most requests that were active at once. */
  readonly peak: number;
  readonly server: Http2SecureServer;
}

/** Starts a server for HTTP/2 over TLS on loopback. It ends with the test. */
export async function startHttp2Server(
  options: SecureServerOptions,
  handler: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<Http2Server> {
  const sockets = createSocketWatch();
  const sessions: ServerHttp2Session[] = [];
  const requests: Http2ServerRequest[] = [];
  let active = 0;
  let peak = 0;
  const server = createSecureServer(options, (request, response) => {
    requests.push(request);
    active++;
    peak = Math.max(peak, active);
    response.once('close', () => active--);
    handler(request, response);
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('session', (session) => sessions.push(session));
  // Tests cut connections on purpose, so the errors of the server don't matter.
  server.on('sessionError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const session of sessions) session.destroy();
    for (const socket of sockets.open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const {port} = server.address() as AddressInfo;
  return {
    origin: `https://localhost:${port}`,
    port,
    sockets,
    sessions,
    requests,
    server,
    get peak() {
      return peak;
    },
  };
}
