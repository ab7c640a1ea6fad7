import {Readable} from 'node:stream';
import type {LocalServer} from './local-server.ts';
import {serve} from './local-server.ts';

/** Serves on a free loopback port with a function from `Request` to `Response`, as Hono and other frameworks have. */
export function serveFetch(handle: (request: Request) => Response | Promise<Response>): Promise<LocalServer> {
  return serve(async (incoming, outgoing) => {
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
}
