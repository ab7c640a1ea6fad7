import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Readable} from 'node:stream';
import type {LocalServer} from './local-server.ts';

/** Serves on a free loopback port with a function of the Fetch standard's, as Hono and others have one. */
export async function serveFetch(
  handle: (request: Request) => Response | Promise<Response>,
): Promise<LocalServer> {
  const server = createServer(async (incoming, outgoing) => {
    const {method = 'GET', url = '/', headers} = incoming;
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const request = new Request(new URL(url, `http://${headers.host}`), {
      method,
      headers: headers as Record<string, string>,
      ...(hasBody && {body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half'}),
    });
    const response = await handle(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
