import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import type {TlsOptions} from 'node:tls';
import {onTestFinished} from 'vitest';
import type {SocketWatch} from './socket-watch.ts';
import {createSocketWatch} from './socket-watch.ts';

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly socket: Socket;
}

export interface HttpServer {
  /** The origin, with the port and without a slash at its end. */
  readonly origin: string;
  readonly port: number;
  readonly sockets: SocketWatch;
  /** The requests, in the order of their arrival. */
  readonly requests: readonly SeenRequest[];
  /** How many requests are without a finished response, and the highest number of them so far. */
  readonly active: number;
  readonly peak: number;
  readonly server: Server;
}

export interface HttpServerOptions {
  /** Counts the sockets of this server together with those of another. */
  readonly sockets?: SocketWatch;
  readonly tls?: TlsOptions;
  /** The keepAliveTimeout of `node:http`: how long the server keeps an idle connection, in ms. The server announces it. */
  readonly keepAliveTimeout?: number;
  readonly host?: string;
}

/** Starts a real HTTP server on loopback that counts its requests and sockets, and ends with the test. */
export async function startServer(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: HttpServerOptions = {},
): Promise<HttpServer> {
  const {sockets = createSocketWatch(), tls, keepAliveTimeout = 60_000, host = '127.0.0.1'} = options;
  const requests: SeenRequest[] = [];
  let active = 0;
  let peak = 0;
  function listener(request: IncomingMessage, response: ServerResponse): void {
    requests.push({
      method: request.method as string,
      path: request.url as string,
      headers: request.headers,
      socket: request.socket,
    });
    active++;
    peak = Math.max(peak, active);
    response.once('close', () => active--);
    // A client that closes its connection is not an error of the handler.
    Promise.resolve(handler(request, response)).catch((error) => {
      if (!request.destroyed) throw error;
    });
  }
  const server = tls
    ? createTlsServer({keepAliveTimeout, ...tls}, listener)
    : createServer({keepAliveTimeout}, listener);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
  const {port} = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    origin: `${tls ? 'https' : 'http'}://${name}:${port}`,
    port,
    sockets,
    requests,
    get active() {
      return active;
    },
    get peak() {
      return peak;
    },
    server: server as Server,
  };
}

/** Reads the whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
