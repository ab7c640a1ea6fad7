import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';

/**
 * A socket as a mere stream. `node:http2` takes a socket's handle over, and up to Node 24 a connection that is reset while
 * it is written to then stays open for ever, with everybody waiting: no error, no end. A stream has an end. Errors stay
 * with the socket, where who owns it listens: passed on, they'd meet nobody once the session is over, and throw.
 */
export class SocketStream extends Duplex {
  readonly encrypted = true;
  readonly alpnProtocol = 'h2';
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
