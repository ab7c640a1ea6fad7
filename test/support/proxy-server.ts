import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer, request as forward} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {connect, createServer as createTcpServer} from 'node:net';
import type {TlsOptions} from 'node:tls';
import {onTestFinished} from 'vitest';
import type {SocketWatch} from './socket-watch.ts';
import {createSocketWatch} from './socket-watch.ts';

/** A proxy for one test. It connects every name to loopback. */
export interface ProxyServer {
  readonly port: number;
  /** The requests to the proxy: `CONNECT host:port` or `GET http://host:port/path`. */
  readonly asked: readonly string[];
  /** The credentials that the proxy received. */
  readonly credentials: ReadonlyArray<string | undefined>;
  readonly sockets: SocketWatch;
}

export interface ProxyServerOptions {
  /** The only value of Proxy-Authorization that the proxy accepts. */
  readonly authorization?: string;
  readonly tls?: TlsOptions;
  /** The response to CONNECT, instead of a connection. */
  readonly answer?: string;
}

async function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function pipe(a: Socket, b: Socket): void {
  a.pipe(b);
  b.pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

/** Starts an HTTP proxy: for CONNECT, and for requests in absolute-form. */
export async function startProxy(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  const {authorization, tls, answer} = options;
  const asked: string[] = [];
  const credentials: Array<string | undefined> = [];
  const sockets = createSocketWatch();
  const isWelcome = (request: IncomingMessage) => {
    asked.push(`${request.method} ${request.url}`);
    const given = request.headers['proxy-authorization'];
    credentials.push(given);
    return authorization === undefined || given === authorization;
  };
  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (!isWelcome(request)) {
      response.writeHead(407, {'proxy-authenticate': 'Basic realm="proxy"'}).end('Who are you?');
      return;
    }
    const {port, pathname, search} = new URL(request.url as string);
    const {'proxy-authorization': _, ...headers} = request.headers;
    const onward = forward({
      host: '127.0.0.1',
      port,
      path: pathname + search,
      method: request.method,
      headers,
    });
    onward.on('response', (incoming) => {
      response.writeHead(incoming.statusCode as number, {...incoming.headers, via: '1.1 proxy'});
      incoming.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  }
  function onConnect(request: IncomingMessage, socket: Socket): void {
    if (!isWelcome(request)) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\n\r\n',
      );
      return;
    }
    if (answer !== undefined) {
      socket.end(answer);
      return;
    }
    const target = connect(Number(new URL(`http://${request.url}`).port), '127.0.0.1');
    target.once('connect', () => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\n');
      pipe(socket, target);
    });
    target.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket.on('error', () => target.destroy());
  }
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  server.on('connect', onConnect);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listen(server);
  onTestFinished(async () => {
    for (const socket of sockets.open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {port, asked, credentials, sockets};
}

export interface SocksServerOptions {
  readonly login?: {readonly username: string; readonly password: string};
  /** The reply to CONNECT, instead of a connection. */
  readonly reply?: number;
}

/** Starts a SOCKS5 proxy. It accepts messages in pieces, down to single bytes. */
export async function startSocks(options: SocksServerOptions = {}): Promise<ProxyServer> {
  const {login, reply} = options;
  const asked: string[] = [];
  const credentials: Array<string | undefined> = [];
  const sockets = createSocketWatch();

  async function serve(socket: Socket): Promise<void> {
    async function take(size: number): Promise<Buffer> {
      for (;;) {
        const taken = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null);
        if (taken) return taken;
        await once(socket, 'readable');
        if (socket.readableEnded) throw new Error('The client is gone');
      }
    }
    // In pieces, as a network may deliver it.
    const say = (...bytes: number[]) => {
      for (const byte of bytes) socket.write(Buffer.from([byte]));
    };
    const [, count = 0] = await take(2);
    const methods = [...(await take(count))];
    const method = login ? 2 : 0;
    say(5, methods.includes(method) ? method : 0xff);
    if (login) {
      const [, length = 0] = await take(2);
      const username = (await take(length)).toString();
      const password = (await take((await take(1))[0] ?? 0)).toString();
      credentials.push(`${username}:${password}`);
      const isRight = username === login.username && password === login.password;
      say(1, isRight ? 0 : 1);
      if (!isRight) {
        socket.end();
        return;
      }
    } else {
      credentials.push(undefined);
    }
    const [, , , kind] = await take(4);
    let host = '';
    if (kind === 1) host = [...(await take(4))].join('.');
    else if (kind === 3) host = (await take((await take(1))[0] ?? 0)).toString();
    else host = (await take(16)).toString('hex');
    const port = (await take(2)).readUInt16BE();
    asked.push(`CONNECT ${host}:${port}`);
    if (reply !== undefined) {
      say(5, reply, 0, 1, 0, 0, 0, 0, 0, 0);
      socket.end();
      return;
    }
    const target = connect(port, kind === 4 ? '::1' : '127.0.0.1');
    await new Promise((resolve, reject) => target.once('connect', resolve).once('error', reject));
    // RFC 1928 allows a name as the bound address.
    say(5, 0, 0, 3, 2, 0x6d, 0x65, 0, 80);
    pipe(socket, target);
  }

  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket).catch(() => socket.destroy());
  });
  const port = await listen(server);
  onTestFinished(async () => {
    for (const socket of sockets.open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {port, asked, credentials, sockets};
}
