import type {IncomingHttpHeaders, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {ReadableStream} from 'node:stream/web';

export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** How many requests came before. */
  readonly index: number;
}

/** Answers a request whose body has been read. */
export type Answer = (request: Incoming, response: ServerResponse) => unknown;

type HeaderRecord = Readonly<Record<string, string>>;

export function json(value: unknown, status = 200, headers: HeaderRecord = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, {'content-type': 'application/json', ...headers});
    response.end(JSON.stringify(value));
  };
}

export function bytes(content: string | Uint8Array, headers: HeaderRecord = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, {'content-type': 'application/octet-stream', ...headers});
    response.end(content);
  };
}

/** Server-sent events: each is an `event:` with its data, or the data alone. The stream stays open with `endless`. */
export function events(
  items: ReadonlyArray<readonly [event: string | undefined, data: unknown]>,
  {endless = false, headers = {}}: {endless?: boolean; headers?: HeaderRecord} = {},
): Answer {
  return (_request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream', ...headers});
    for (const [event, data] of items) {
      if (event !== undefined) response.write(`event: ${event}\n`);
      response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
    if (!endless) response.end();
  };
}

/** Sends a head and the beginning of a body, and nothing more. */
export function endless(beginning: string, headers: HeaderRecord = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, {'content-type': 'text/plain', ...headers});
    response.write(beginning);
  };
}

/** Never answers. */
export const silence: Answer = () => undefined;

/** Resets the connection without an answer. */
export const reset: Answer = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** Breaks the connection in the middle of a body. */
export function broken(beginning: string, headers: HeaderRecord = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, {'content-type': 'text/plain', ...headers});
    response.write(beginning, () => response.socket?.resetAndDestroy());
  };
}

/** The answers in turn, the last one for all further requests. */
export function inTurn(...answers: readonly Answer[]): Answer {
  return (request, response) => answers[Math.min(request.index, answers.length - 1)]?.(request, response);
}

/** The answer of a handler that takes a `Request`, as servers of fetch-based frameworks do. */
export function fromHandler(handler: (request: Request) => Promise<Response>): Answer {
  return async ({method, path, headers, body}, response) => {
    const controller = new AbortController();
    response.once('close', () => controller.abort());
    const init = {method, headers: headers as HeaderRecord, signal: controller.signal};
    const answer = await handler(
      new Request(`http://server${path}`, {...init, ...(body.length > 0 && {body: new Uint8Array(body)})}),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (!answer.body) return void response.end();
    // A client that gives up closes the connection.
    await pipeline(Readable.fromWeb(answer.body as ReadableStream), response).catch(() => undefined);
  };
}
