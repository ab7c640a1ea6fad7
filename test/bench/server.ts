import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createSecureServer} from 'node:http2';
import type {AddressInfo, Server, Socket} from 'node:net';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createServer as createTlsServer} from 'node:tls';
import {certificates} from '../support/certificates.ts';
import {large, listGzip, smallText} from './contents.ts';
import type {Nginx} from './nginx.ts';
import {startNginx} from './nginx.ts';
import type {ServerReady} from './protocol.ts';

/**
 * The server of the benchmarks, in a process of its own: HTTP/1.1 on plain sockets with prepared buffers, so that the
 * client is what is measured. nginx serves the small, fixed responses where it is installed.
 *
 * @module
 */

const hostCount = 1_000;
const backlog = 4_096;
const downloadPiece = Buffer.alloc(256 * 1024, 'The quick brown fox jumps over the lazy dog. ');

function answer(body: string | Buffer, type: string, ...headers: readonly string[]): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    'server: bench',
    'date: Tue, 24 Nov 2026 09:00:00 GMT',
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: keep-alive',
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
}

const openToPages = 'access-control-allow-origin: *';

const answers = new Map<string, Buffer>([
  ['/json', answer(smallText, 'application/json')],
  ['/large', answer(large, 'application/octet-stream')],
  // For the pages of browsers, which have another origin.
  ['/page/json', answer(smallText, 'application/json', openToPages)],
  ['/gzip', answer(listGzip, 'application/json', 'content-encoding: gzip')],
]);
const notFound = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');

function downloadHead(length: number, ...headers: readonly string[]): string {
  const head = [
    'HTTP/1.1 200 OK',
    'content-type: application/octet-stream',
    `content-length: ${length}`,
    ...headers,
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

/** One connection: requests one after another, whose bodies are counted and dropped. */
class Connection {
  readonly #socket: Socket;
  #rest: Buffer | undefined = undefined;
  #path = '';
  /** Bytes of the body, or of its current chunk, that haven't arrived yet. */
  #left = 0;
  #state: 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailer' = 'head';
  #received = 0;
  #toSend = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data) => this.#take(data as Buffer));
    socket.on('drain', () => this.#send());
    // A client that breaks a connection reports it itself.
    socket.on('error', () => undefined);
  }

  #take(data: Buffer): void {
    let input = data;
    if (this.#rest) {
      input = Buffer.concat([this.#rest, data]);
      this.#rest = undefined;
    }
    let at = 0;
    while (at < input.length) {
      const next = this.#step(input, at);
      if (next === -1) {
        this.#rest = input.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** Takes the next piece of a request, and returns where it ends; -1 when it isn't complete. */
  #step(input: Buffer, at: number): number {
    switch (this.#state) {
      case 'head': {
        const end = input.indexOf('\r\n\r\n', at);
        if (end === -1) return -1;
        this.#head(input.toString('latin1', at, end));
        return end + 4;
      }
      case 'body': {
        const taken = Math.min(this.#left, input.length - at);
        this.#left -= taken;
        this.#received += taken;
        if (this.#left === 0) this.#answer();
        return at + taken;
      }
      case 'chunk-size': {
        const end = input.indexOf('\r\n', at);
        if (end === -1) return -1;
        const size = Number.parseInt(input.toString('latin1', at, end), 16);
        this.#received += size;
        // Including the line break after the chunk.
        this.#left = size + 2;
        this.#state = size === 0 ? 'trailer' : 'chunk';
        return end + 2;
      }
      case 'chunk': {
        const taken = Math.min(this.#left, input.length - at);
        this.#left -= taken;
        if (this.#left === 0) this.#state = 'chunk-size';
        return at + taken;
      }
      case 'trailer': {
        const end = input.indexOf('\r\n', at);
        if (end === -1) return -1;
        if (end === at) this.#answer();
        return end + 2;
      }
    }
  }

  #head(head: string): void {
    const start = head.indexOf(' ') + 1;
    this.#path = head.slice(start, head.indexOf(' ', start));
    this.#received = 0;
    if (head.startsWith('GET ')) {
      this.#answer();
      return;
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    this.#left = length ? Number(length[1]) : 0;
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'chunk-size';
    else if (this.#left > 0) this.#state = 'body';
    else this.#answer();
    if (/\r\nexpect: *100-continue/i.test(head)) this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  #answer(): void {
    this.#state = 'head';
    const path = this.#path;
    const known = answers.get(path) ?? answers.get(path.replace(/\?.*/, ''));
    if (known) {
      this.#socket.write(known);
    } else if (path.startsWith('/download/')) {
      this.#toSend = Number(path.slice('/download/'.length));
      this.#socket.write(downloadHead(this.#toSend));
      this.#send();
    } else if (path.startsWith('/page/download/')) {
      this.#toSend = Number.parseInt(path.slice('/page/download/'.length), 10);
      this.#socket.write(downloadHead(this.#toSend, openToPages));
      this.#send();
    } else if (path === '/upload') {
      this.#socket.write(answer(JSON.stringify({received: this.#received}), 'application/json'));
    } else {
      this.#socket.write(notFound);
    }
  }

  // Writes as much as the socket takes; the rest follows when it drains.
  #send(): void {
    while (this.#toSend > 0) {
      const piece =
        this.#toSend < downloadPiece.length ? downloadPiece.subarray(0, this.#toSend) : downloadPiece;
      this.#toSend -= piece.length;
      if (!this.#socket.write(piece)) return;
    }
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1', backlog);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function listenPlain(): Promise<string> {
  const server = createServer({highWaterMark: 256 * 1024}, (socket) => void new Connection(socket));
  return `http://127.0.0.1:${await listen(server)}`;
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

async function listenSecure(identity: Identity): Promise<string> {
  const server = createTlsServer(identity, (socket) => void new Connection(socket));
  return `https://127.0.0.1:${await listen(server)}`;
}

/** HTTP/2, which is framed by Node: the slower side, so that clients are to be compared by their CPU. */
async function listenHttp2(identity: Identity): Promise<string> {
  const server = createSecureServer(
    // Clients must not be told to wait, and a session must not end, because of what a server would bound for its safety.
    {...identity, settings: {maxConcurrentStreams: 1_000}, maxSessionMemory: 1_000},
  );
  const headers = {
    ':status': 200,
    server: 'bench',
    date: 'Tue, 24 Nov 2026 09:00:00 GMT',
    'content-type': 'application/json',
    'content-length': smallText.length,
  };
  server.on('stream', (stream, {':path': path}) => {
    stream.on('error', () => undefined);
    if (path === '/json') {
      stream.respond(headers);
      stream.end(smallText);
    } else {
      stream.respond({':status': 404}, {endStream: true});
    }
  });
  return `https://127.0.0.1:${await listen(server as unknown as Server)}`;
}

function say(ready: ServerReady): void {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

// The parent process has ended in some way, so this process ends, with its nginx.
let nginx: Nginx | undefined;
const folder = mkdtempSync(join(tmpdir(), 'aiofetch-bench-ca-'));
async function end(): Promise<void> {
  await nginx?.stop();
  rmSync(folder, {recursive: true, force: true});
  process.exit(0);
}
process.stdin.resume().on('close', () => void end());
process.on('SIGINT', () => void end());
process.on('SIGTERM', () => void end());

const bodyOrigin = await listenPlain();
const hosts = await Promise.all(Array.from({length: hostCount}, listenPlain));
const {ca, server: identity} = await certificates();
const authority = join(folder, 'authority.pem');
writeFileSync(authority, ca);
const secureOrigin = await listenSecure(identity);
const http2Origin = await listenHttp2(identity);
nginx = await startNginx();
say({
  software: nginx ? `nginx ${nginx.version}, and node:net for bodies and many hosts` : 'node:net',
  origin: nginx?.origin ?? bodyOrigin,
  bodyOrigin,
  secureOrigin,
  http2Origin,
  authority,
  hosts,
  pid: nginx?.pid ?? process.pid,
  bodyPid: process.pid,
});
