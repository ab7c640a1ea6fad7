import type {Socket} from 'node:net';
import {isIP} from 'node:net';
import {ipv6Groups} from './address.ts';
import type {ProxyServer} from './proxy.ts';

/** The far end of a tunnel. */
export interface TunnelTarget {
  /** A host name or an IP address. */
  readonly hostname: string;
  readonly port: number;
}

/** A proxy refused the tunnel or broke the protocol. The error shows nothing that was sent to the proxy. */
class ProxyError extends Error {
  readonly code: 'ERR_PROXY_REFUSED' | 'ERR_PROXY_AUTH' | 'ERR_PROXY_CLOSED' | 'ERR_PROXY_PROTOCOL';

  constructor(message: string, code: ProxyError['code']) {
    super(`Proxy ${message}`);
    this.name = 'ProxyError';
    this.code = code;
  }
}

/**
 * Opens a tunnel to the target over a connection to a proxy, with HTTP CONNECT (RFC 9110, section 9.3.6) or SOCKS5 (RFC
 * 1928). Data that is written to the socket afterwards reaches the target.
 */
export async function openTunnel(socket: Socket, proxy: ProxyServer, target: TunnelTarget): Promise<void> {
  const reader = new Reader(socket);
  try {
    if (proxy.kind === 'http') await connectHttp(socket, reader, proxy, target);
    else await connectSocks(socket, reader, proxy, target);
  } finally {
    reader.stop();
  }
}

const longestHead = 16 * 1024;

async function connectHttp(
  socket: Socket,
  reader: Reader,
  proxy: ProxyServer,
  target: TunnelTarget,
): Promise<void> {
  const authority = `${isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname}:${target.port}`;
  const authorization =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`, 'latin1');
  for (;;) {
    const head = await reader.until('\r\n\r\n', longestHead);
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r\n)/.exec(head)?.[1] ?? 0);
    if (status === 0) throw new ProxyError('did not answer with HTTP', 'ERR_PROXY_PROTOCOL');
    if (status < 200) continue;
    if (status < 300) return;
    throw new ProxyError(
      `answered CONNECT with status ${status}`,
      status === 407 ? 'ERR_PROXY_AUTH' : 'ERR_PROXY_REFUSED',
    );
  }
}

const noAuth = 0;
const passwordAuth = 2;

// RFC 1928, section 6.
const socksReplies: Record<number, string> = {
  1: 'failed',
  2: 'does not allow this connection',
  3: 'cannot reach the network',
  4: 'cannot reach the host',
  5: 'was refused the connection',
  6: 'could not reach the host before the TTL expired',
  7: 'does not support CONNECT',
  8: 'does not support this type of address',
};

async function connectSocks(
  socket: Socket,
  reader: Reader,
  proxy: ProxyServer,
  target: TunnelTarget,
): Promise<void> {
  const {login} = proxy;
  socket.write(Buffer.from(login ? [5, 2, noAuth, passwordAuth] : [5, 1, noAuth]));
  const [version, method] = await reader.take(2);
  if (version !== 5) throw new ProxyError('did not answer with SOCKS5', 'ERR_PROXY_PROTOCOL');
  if (method === passwordAuth && login) {
    const username = Buffer.from(login.username);
    const password = Buffer.from(login.password);
    socket.write(
      Buffer.concat([Buffer.from([1, username.length]), username, Buffer.from([password.length]), password]),
    );
    const [, outcome] = await reader.take(2);
    if (outcome !== 0) throw new ProxyError('refused username and password', 'ERR_PROXY_AUTH');
  } else if (method !== noAuth) {
    throw new ProxyError('accepts none of the offered authentication methods', 'ERR_PROXY_AUTH');
  }
  const port = Buffer.from([target.port >> 8, target.port & 0xff]);
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), socksAddress(target.hostname), port]));
  const [replyVersion, reply = 1, , kind] = await reader.take(4);
  if (replyVersion !== 5) throw new ProxyError('did not answer with SOCKS5', 'ERR_PROXY_PROTOCOL');
  if (reply !== 0) throw new ProxyError(socksReplies[reply] ?? `answered ${reply}`, 'ERR_PROXY_REFUSED');
  // The proxy's own address and port follow, which are not needed.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : kind === 3 ? (await reader.take(1))[0] : undefined;
  if (length === undefined) throw new ProxyError('did not answer with SOCKS5', 'ERR_PROXY_PROTOCOL');
  await reader.take(length + 2);
}

// RFC 1928, section 5.
function socksAddress(hostname: string): Buffer {
  const family = isIP(hostname);
  if (family === 4) return Buffer.from([1, ...hostname.split('.').map(Number)]);
  if (family === 6) return Buffer.concat([Buffer.from([4]), ipv6Bytes(hostname)]);
  const name = Buffer.from(hostname, 'latin1');
  if (name.length > 255)
    throw new ProxyError('can’t take a host name of more than 255 bytes', 'ERR_PROXY_PROTOCOL');
  return Buffer.concat([Buffer.from([3, name.length]), name]);
}

function ipv6Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  const groups = ipv6Groups(address.replace(/%.*$/s, '')) ?? [];
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

/** Reads a proxy's answers, and puts the data that follows them back on the socket. */
class Reader {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined = undefined;
  #error: Error | undefined = undefined;

  readonly #onReadable = () => {
    for (let chunk = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) {
      this.#buffer = Buffer.concat([this.#buffer, chunk as Buffer]);
    }
    this.#wake?.();
  };

  readonly #onError = (error: Error) => {
    this.#error ??= error;
    this.#wake?.();
  };

  readonly #onEnd = () => this.#onError(new ProxyError('closed the connection', 'ERR_PROXY_CLOSED'));

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('readable', this.#onReadable).on('error', this.#onError);
    socket.on('end', this.#onEnd).on('close', this.#onEnd);
    if (socket.destroyed) this.#onEnd();
  }

  async take(length: number): Promise<Buffer> {
    while (this.#buffer.length < length) await this.#waitForData();
    return this.#consume(length);
  }

  async until(mark: string, limit: number): Promise<string> {
    for (;;) {
      const index = this.#buffer.indexOf(mark);
      if (index !== -1) return this.#consume(index + mark.length).toString('latin1');
      if (this.#buffer.length > limit)
        throw new ProxyError('answered with a head that is too long', 'ERR_PROXY_PROTOCOL');
      await this.#waitForData();
    }
  }

  stop(): void {
    const socket = this.#socket;
    socket.off('readable', this.#onReadable).off('error', this.#onError);
    socket.off('end', this.#onEnd).off('close', this.#onEnd);
    if (this.#buffer.length > 0 && !socket.destroyed) socket.unshift(this.#buffer);
  }

  #consume(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  #waitForData(): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
