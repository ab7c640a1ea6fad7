import type {AddressInfo, Socket} from 'node:net';
import {createServer} from 'node:net';
import {onTestFinished} from 'vitest';
import type {SocketWatch} from './socket-watch.ts';
import {createSocketWatch} from './socket-watch.ts';

interface RawRequest {
  /** The request line and the headers, unchanged. */
  readonly head: string;
  readonly method: string;
  readonly path: string;
  /** The headers, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came over the wire, with its chunk framing. */
  readonly body: Buffer;
}

/** The server's side of one connection of a {@link RawServer}. */
export interface RawConnection {
  readonly socket: Socket;
  /** The number of the connection, from 0. */
  readonly index: number;
  /** Waits for the whole next request. Rejects if the connection closes before that. */
  request(): Promise<RawRequest>;
  /** Waits for the head of the next request, and leaves its body unread. */
  head(): Promise<RawRequest>;
  send(data: string | Uint8Array): void;
  /** Sends a plain response. */
  respond(body: string, headers?: string): void;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
}

export interface RawServer {
  readonly origin: string;
  readonly port: number;
  readonly sockets: SocketWatch;
  readonly connections: readonly RawConnection[];
}

/** Starts a TCP server that sends on each connection what its script writes, valid HTTP or not. */
export async function startRawServer(
  script: (connection: RawConnection) => Promise<void> | void,
): Promise<RawServer> {
  const sockets = createSocketWatch();
  const connections: RawConnection[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = createConnection(socket, connections.length);
    connections.push(connection);
    // A script that waits for a request on a closed connection is over.
    Promise.resolve(connection)
      .then(script)
      .catch((error) => {
        if (error !== connectionOver) throw error;
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      for (const socket of sockets.open) socket.destroy();
    });
  });
  const {port} = server.address() as AddressInfo;
  return {origin: `http://127.0.0.1:${port}`, port, sockets, connections};
}

const connectionOver = new Error('The connection is over');

function createConnection(socket: Socket, index: number): RawConnection {
  let received = Buffer.alloc(0);
  let over = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const end = () => {
    over = true;
    wake();
  };
  socket.on('error', end).on('end', end).on('close', end);

  async function take(withBody: boolean): Promise<RawRequest> {
    for (;;) {
      const request = parse(received, withBody);
      if (request) {
        received = received.subarray(request.size);
        return request;
      }
      if (over) throw connectionOver;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    socket,
    index,
    request: () => take(true),
    head: () => take(false),
    send: (data) => void socket.write(data),
    respond: (body, headers = '') =>
      void socket.write(
        `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    closed,
  };
}

function parse(received: Buffer, withBody: boolean): (RawRequest & {readonly size: number}) | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const [line = '', ...fields] = head.split('\r\n');
  const [method = '', path = ''] = line.split(' ');
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  const start = headEnd + 4;
  let end = start;
  if (withBody && headers['transfer-encoding'] === 'chunked') {
    const last = received.indexOf('0\r\n\r\n', start);
    if (last === -1) return undefined;
    end = last + 5;
  } else if (withBody) {
    end += Number(headers['content-length'] ?? 0);
    if (received.length < end) return undefined;
  }
  return {head, method, path, headers, body: received.subarray(start, end), size: end};
}
