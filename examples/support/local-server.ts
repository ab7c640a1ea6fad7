import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

/** The server of an example that got no URL. */
export interface LocalServer {
  /** Ends with a slash. */
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves on a free loopback port; the result of the handler is sent as JSON. */
export function serveJson(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<LocalServer> {
  return serve(async (request, response) => {
    const value = await handle(request, response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  });
}

/** Serves on a free loopback port. */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<LocalServer> {
  const server = createServer((request, response) => void handle(request, response));
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
