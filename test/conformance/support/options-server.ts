import {randomUUID} from 'node:crypto';
import {rm} from 'node:fs/promises';
import type {IncomingMessage, RequestListener, Server} from 'node:http';
import {createServer, request as sendRequest} from 'node:http';
import {createSecureServer} from 'node:http2';
import type {AddressInfo, Socket} from 'node:net';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TLSSocket} from 'node:tls';
import {certificates} from '../../support/certificates.ts';

/** The addresses, as plain data, of servers that show the effect of a connector's own options. */
export interface OptionsAddress {
  /** Answers with the connection of the request: its number, its other end, and how many are open. */
  readonly plain: string;
  /** The same over TLS, by an authority that only the tests know, with HTTP/1.1 and 2. It asks for a client certificate. */
  readonly secure: string;
  /** A proxy with the name and the password that it demands. */
  readonly proxy: string;
  readonly socketPath: string;
  readonly ca: string;
  readonly client: {readonly cert: string; readonly key: string};
}

/** The answer of the servers. */
export interface OptionsAnswer {
  readonly httpVersion: string;
  /** The number of the connection, and how many are open that began with the same query. */
  readonly connection: number;
  readonly open: number;
  readonly from: string;
  readonly host: string;
  /** The name in the client certificate; none without a certificate that can be verified. */
  readonly client?: string | undefined;
  /** How many requests the proxy has forwarded, and how many tunnels it has opened. */
  readonly proxied: {readonly forwarded: number; readonly tunnelled: number};
}

const credentials = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;

export async function startOptionsServer(): Promise<OptionsAddress & {close(): Promise<void>}> {
  const {ca, server: identity, client} = await certificates();
  const proxied = {forwarded: 0, tunnelled: 0};
  const sockets = new Set<Socket>();

  function watched<Kind extends Server>(server: Kind): Kind {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    return server;
  }

  const plain = watched(createServer(answering(proxied)));
  const secure = watched(
    createSecureServer({
      ...identity,
      ca,
      allowHTTP1: true,
      requestCert: true,
      rejectUnauthorized: false,
    }) as never as Server,
  );
  secure.on('request', answering(proxied));
  const onSocket = watched(createServer(answering(proxied)));
  const proxy = watched(createProxy(proxied));
  const socketPath = join(tmpdir(), `aiofetch-${randomUUID()}.sock`);
  await Promise.all([listen(plain, 0), listen(secure, 0), listen(onSocket, socketPath), listen(proxy, 0)]);

  return {
    plain: `http://127.0.0.1:${portOf(plain)}`,
    secure: `https://localhost:${portOf(secure)}`,
    proxy: `http://user:p%40ss@127.0.0.1:${portOf(proxy)}`,
    socketPath,
    ca,
    client,
    async close() {
      const closed = [plain, secure, onSocket, proxy].map(
        (server) => new Promise((resolve) => server.close(resolve)),
      );
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      await rm(socketPath, {force: true});
    },
  };
}

function answering(proxied: OptionsAnswer['proxied']): RequestListener {
  const connections = new Map<Socket, {number: number; query: string}>();
  let count = 0;
  return (request, response) => {
    const socket = socketOf(request);
    const [, query = ''] = (request.url ?? '').split('?');
    if (!connections.has(socket)) {
      connections.set(socket, {number: ++count, query});
      socket.once('close', () => connections.delete(socket));
    }
    const certificate = (socket as TLSSocket).authorized
      ? (socket as TLSSocket).getPeerCertificate()
      : undefined;
    const answer: OptionsAnswer = {
      httpVersion: request.httpVersion,
      connection: connections.get(socket)?.number ?? 0,
      open: [...connections.values()].filter((connection) => connection.query === query).length,
      from: socket.remoteAddress ?? '',
      host: String(request.headers.host ?? request.headers[':authority']),
      client: certificate?.subject?.CN as string | undefined,
      proxied,
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  };
}

function socketOf(request: IncomingMessage): Socket {
  const {stream} = request as {stream?: {session?: {socket: Socket}}};
  return stream?.session?.socket ?? request.socket;
}

function createProxy(proxied: {forwarded: number; tunnelled: number}): Server {
  const server = createServer((request, response) => {
    if (request.headers['proxy-authorization'] !== credentials) {
      response.writeHead(407, {'proxy-authenticate': 'Basic'}).end();
      return;
    }
    proxied.forwarded++;
    const {method, headers, url = ''} = request;
    const forwarded = sendRequest(url, {method, headers}, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.headers['proxy-authorization'] !== credentials) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n',
      );
      return;
    }
    proxied.tunnelled++;
    const [name, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), name === 'localhost' ? '127.0.0.1' : name, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  return server;
}

async function listen(server: Server, where: number | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'number') server.listen(where, '127.0.0.1', resolve);
    else server.listen(where, resolve);
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
