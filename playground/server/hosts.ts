import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {scheduler} from 'node:timers/promises';
import type {Visit} from '../model/server-log.ts';

/** Records a request in the log of its run, which decides its fate; `undefined` if no such run exists. */
export type Arrive = (host: number, run: string, key: number) => Visit | undefined;

/** The hosts of the embedded server, each an origin of its own on loopback. */
export interface Hosts {
  readonly origins: readonly string[];
  close(): Promise<void>;
}

/** The number of pieces of a slow body. */
const pieces = 4;

export async function startHosts(count: number, arrive: Arrive): Promise<Hosts> {
  const servers = await Promise.all(Array.from({length: count}, (_, host) => startHost(host, arrive)));
  return {
    origins: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async close() {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise((resolve) => server.close(resolve));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

async function startHost(host: number, arrive: Arrive): Promise<Server> {
  const server = createServer({keepAliveTimeout: 60_000}, (request, response) => {
    const [, run, key] = /^\/r\/([\w-]+)\/(\d+)$/.exec(request.url ?? '') ?? [];
    const visit = run === undefined ? undefined : arrive(host, run, Number(key));
    if (visit) answer(request, response, visit);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function answer(request: IncomingMessage, response: ServerResponse, {fate, ended}: Visit): void {
  const leaving = new AbortController();
  response.once('close', () => {
    leaving.abort();
    ended(response.writableFinished ? 'answered' : 'left');
  });
  const {signal} = leaving;

  async function send(): Promise<void> {
    await scheduler.wait(fate.delay, {signal});
    if (fate.kind === 'reset') {
      ended('reset');
      request.socket.resetAndDestroy();
      return;
    }
    response.writeHead(fate.status, {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'retry-after',
      'cache-control': 'no-store',
      'content-length': fate.size,
      'content-type': 'application/octet-stream',
      ...(fate.retryAfter !== undefined && {'retry-after': String(fate.retryAfter)}),
    });
    await sendBody(
      response,
      fate.kind === 'cut' ? Math.floor(fate.size / 2) : fate.size,
      fate.bodyTime,
      signal,
    );
    if (fate.kind === 'answer') {
      response.end();
      return;
    }
    ended('cut');
    // The bytes that were written must arrive, and the rest must not.
    request.socket.end(() => request.socket.destroy());
  }
  send().catch((error) => {
    if (!signal.aborted) throw error;
  });
}

async function sendBody(
  response: ServerResponse,
  size: number,
  time: number,
  signal: AbortSignal,
): Promise<void> {
  const count = time > 0 && size >= pieces ? pieces : 1;
  if (count > 1) response.flushHeaders();
  for (let piece = 0; piece < count; piece++) {
    if (count > 1) await scheduler.wait(time / count, {signal});
    const length = Math.floor((size * (piece + 1)) / count) - Math.floor((size * piece) / count);
    if (length > 0) response.write(Buffer.alloc(length, '.'));
  }
}
