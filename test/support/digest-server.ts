import type {IncomingMessage, ServerResponse} from 'node:http';
import type {DigestGuardOptions} from '../../src/conformance/server/digest.ts';
import {DigestGuard} from '../../src/conformance/server/digest.ts';
import type {HttpServer} from './http-server.ts';
import {bodyOf, startServer} from './http-server.ts';

export interface DigestServer extends HttpServer {
  readonly guard: DigestGuard;
}

/** Starts a server that demands HTTP Digest (RFC 7616). `answer` answers accepted requests, by default with their body. */
export async function startDigestServer(
  options: DigestGuardOptions = {},
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown = (
    _request,
    response,
    body,
  ) => response.end(body),
): Promise<DigestServer> {
  const guard = new DigestGuard(options);
  const server = await startServer(async (request, response) => {
    const body = await bodyOf(request);
    const {ok, headers} = guard.check(request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (ok) {
      answer(request, response, body);
      return;
    }
    response.statusCode = 401;
    response.end('Who are you?');
  });
  return Object.defineProperties({guard}, Object.getOwnPropertyDescriptors(server)) as DigestServer;
}
