/**
 * The server that the suite of `aiofetch/conformance` runs against. It runs on Node only.
 *
 * @module
 */
import type {IncomingMessage, RequestListener, Server, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {Http2SecureServer, ServerHttp2Session} from 'node:http2';
import {createSecureServer} from 'node:http2';
import type {AddressInfo} from 'node:net';
import type {ConformanceServerAddress} from '../server-address.ts';
import {endpoints} from './endpoints.ts';
import type {Connection} from './rooms.ts';
import {Room} from './rooms.ts';

export type {ConformanceServerAddress} from '../server-address.ts';

/** Options of {@link startConformanceServer}. */
export interface ConformanceServerOptions {
  /** Certificate and key in PEM. With them, the server also has an origin with TLS and HTTP/2. */
  readonly tls?: {readonly cert: string; readonly key: string} | undefined;
}

/** A running conformance server. */
export interface ConformanceServer extends ConformanceServerAddress {
  /** Stops the server, and cuts all connections. */
  close(): Promise<void>;
}

const host = '127.0.0.1';

/**
 * Starts the server that the suite runs against, on free ports of loopback. It allows requests from every page (CORS).
 *
 * @example
 * ```ts
 * import {startConformanceServer} from 'aiofetch/conformance/server';
 *
 * const server = await startConformanceServer();
 * console.log(server.origins);
 * await server.close();
 * ```
 */
export async function startConformanceServer(
  options: ConformanceServerOptions = {},
): Promise<ConformanceServer> {
  const rooms = new Map<string, Room>();
  const listener: RequestListener = (request, response) => answer(rooms, request, response);
  const listening = await Promise.all([1, 2, 3, 4].map(() => listenPlainly(listener)));
  const [first, second, third, control] = listening.map(({origin}) => origin) as [
    string,
    string,
    string,
    string,
  ];
  const secure = options.tls && (await listenSecurely(options.tls, listener));
  if (secure) listening.push(secure);
  return {
    origins: [first, second, third],
    control,
    refused: await freeOrigin(),
    secure: secure?.origin,
    async close() {
      await Promise.all(listening.map(({stop}) => stop()));
    },
  };
}

function answer(rooms: Map<string, Room>, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url as string, `http://${host}`);
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', '*');
  // A browser sends requests for one URL one after the other as long as it might cache the response.
  response.setHeader('cache-control', 'no-store');
  if (request.method === 'OPTIONS' && 'access-control-request-method' in request.headers) {
    preflight(request, response);
    return;
  }
  const name = url.searchParams.get('room') ?? '';
  let room = rooms.get(name);
  if (!room) {
    room = new Room();
    rooms.set(name, room);
  }
  const toRoom = roomActions[url.pathname];
  if (toRoom) {
    toRoom(room, url.searchParams);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(room.stats()));
    return;
  }
  visit(room, url, request, response);
}

const roomActions: Readonly<Record<string, (room: Room, query: URLSearchParams) => void>> = {
  '/room': () => undefined,
  '/release': (room, query) => room.release(Number(query.get('count') ?? Infinity)),
};

function visit(room: Room, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const origin = String(request.socket.localPort);
  const {searchParams: query} = url;
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    room.ended(origin, !response.writableFinished);
  };
  response.once('finish', end);
  response.once('close', end);
  // The cases cut connections on purpose.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  room.arrived(query.get('label') ?? url.pathname, origin, connectionOf(request));
  const endpoint = endpoints[url.pathname];
  if (endpoint) {
    void endpoint({request, response, query, room});
  } else {
    response.statusCode = 404;
    response.end(`There is no ${url.pathname}`);
  }
}

function preflight(request: IncomingMessage, response: ServerResponse): void {
  const {headers} = request;
  response.setHeader('access-control-allow-methods', headers['access-control-request-method'] as string);
  response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '*');
  response.setHeader('access-control-max-age', '600');
  response.statusCode = 204;
  response.end();
}

/** The connection of a request: its socket, or its session in HTTP/2. */
function connectionOf(request: IncomingMessage): Connection {
  const {stream} = request as {stream?: {session?: ServerHttp2Session}};
  return stream?.session ?? request.socket;
}

interface Listening {
  readonly origin: string;
  stop(): Promise<void>;
}

/** Sends 100 Continue, except from `/early`, which answers without the body. */
function continuing(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (!request.url?.startsWith('/early')) response.writeContinue();
    listener(request, response);
  };
}

async function listenPlainly(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener);
  server.on('checkContinue', continuing(listener));
  // Longer than a case, so that only the connector or an endpoint closes a connection.
  server.keepAliveTimeout = 60_000;
  return {
    origin: `http://${await listen(server)}`,
    stop: () => stop(server, () => server.closeAllConnections()),
  };
}

async function listenSecurely(
  tls: {readonly cert: string; readonly key: string},
  listener: RequestListener,
): Promise<Listening> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer({...tls, allowHTTP1: true});
  // Node gives HTTP/2 requests and responses the interface of HTTP/1.1 here.
  server.on('request', listener as never);
  server.on('checkContinue', continuing(listener) as never);
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  return {
    origin: `https://${await listen(server)}`,
    stop: () =>
      stop(server, () => {
        for (const session of sessions) session.destroy();
      }),
  };
}

async function listen(server: Server | Http2SecureServer): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return `${host}:${(server.address() as AddressInfo).port}`;
}

/** An origin where nothing listens: a server has just been closed there. */
async function freeOrigin(): Promise<string> {
  const {origin, stop} = await listenPlainly(() => undefined);
  await stop();
  return origin;
}

async function stop(server: Server | Http2SecureServer, cut: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    cut();
  });
}
