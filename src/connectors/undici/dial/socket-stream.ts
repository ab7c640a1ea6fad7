import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {realSetImmediate} from '../real-timers.ts';

/**
 * Whether HTTP/2 needs TLS over a stream rather than over a socket. Up to Node 24, when a connection is reset while
 * `node:http2` writes to it, Node reports neither an error nor an end, and the requests wait for ever. Over a stream, both are
 * reported.
 */
export const http2NeedsStream = Number.parseInt(process.versions.node, 10) < 26;

/**
 * A socket wrapped in a plain stream, for TLS on top. Errors stay with the socket: the stream may have no listener for them,
 * and an error without a listener ends the process.
 */
export class SocketStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({allowHalfOpen: false});
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.write(chunk, () => done());
  }

  override _writev(chunks: Array<{readonly chunk: Buffer}>, done: () => void): void {
    const last = chunks.pop() as {readonly chunk: Buffer};
    this.#socket.cork();
    for (const {chunk} of chunks) this.#socket.write(chunk);
    this.#socket.write(last.chunk, () => done());
    this.#socket.uncork();
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#socket.destroy();
    done();
  }
}

/**
 * Links a TLS socket over a {@link SocketStream} to the TCP socket below: `ref`, `unref`, errors and closing.
 *
 * The TLS socket is destroyed only when the writes under way have ended. Otherwise `node:http2` would leave a stream with such a
 * write to the garbage collector, and an assertion of Node would end the process if the server had sent a part of its headers.
 */
export function linkSockets(raw: Socket, socket: Socket): void {
  socket.ref = () => {
    raw.ref();
    return socket;
  };
  socket.unref = () => {
    raw.unref();
    return socket;
  };
  let failure: Error | undefined;
  raw.once('error', (error) => {
    failure = error;
  });
  // Node reports a write over a stream as ended one turn after the stream did.
  raw.once('close', () => realSetImmediate(() => socket.destroy(failure)));
  socket.once('close', () => raw.destroy());
}
