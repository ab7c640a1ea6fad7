import type {AddressInfo} from 'node:net';
import {createServer, type TlsOptions} from 'node:tls';
import {onTestFinished} from 'vitest';

/** The HTTP/2 frames that a server received: `HEADERS`, `DATA`, `RST_STREAM`, with `+END_STREAM` for that flag. */
export interface Http2Frames {
  readonly origin: string;
  readonly frames: readonly string[];
}

// RFC 9113, section 6.
const names: Record<number, string> = {0: 'DATA', 1: 'HEADERS', 3: 'RST_STREAM'};
const settings = 4;
const endStream = 1;
const prefaceLength = 24;
const headLength = 9;

function frame(type: number, flags: number): Buffer {
  const head = Buffer.alloc(headLength);
  head[3] = type;
  head[4] = flags;
  return head;
}

/**
 * Starts a server that answers nothing, and records frames. Node's own server doesn't tell whether a body that was cut off had
 * an END_STREAM.
 */
export async function startHttp2Frames(options: TlsOptions): Promise<Http2Frames> {
  const frames: string[] = [];
  const server = createServer({...options, ALPNProtocols: ['h2']}, (socket) => {
    let left = Buffer.alloc(0);
    let hasPreface = false;
    socket.on('error', () => {});
    socket.write(frame(settings, 0));
    socket.on('data', (data: Buffer) => {
      left = Buffer.concat([left, data]);
      if (!hasPreface && left.length >= prefaceLength) {
        left = left.subarray(prefaceLength);
        hasPreface = true;
      }
      while (hasPreface && left.length >= headLength) {
        const length = left.readUIntBE(0, 3);
        if (left.length < headLength + length) return;
        const [type, flags] = [left[3] as number, left[4] as number];
        const name = names[type];
        const isLast = name !== 'RST_STREAM' && (flags & endStream) !== 0;
        if (name) frames.push(isLast ? `${name}+END_STREAM` : name);
        // Acknowledges the frame.
        if (type === settings && flags === 0) socket.write(frame(settings, 1));
        left = left.subarray(headLength + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {origin: `https://localhost:${(server.address() as AddressInfo).port}`, frames};
}
