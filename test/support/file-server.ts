import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import type {HttpServer} from './http-server.ts';
import {startServer} from './http-server.ts';

/** The file and the faults of {@link startFileServer}. They may be changed while the server runs. */
export interface ServedFile {
  content: Buffer;
  etag?: string | undefined;
  lastModified?: Date | undefined;
  /** The server doesn't support ranges. */
  noRanges?: boolean;
  /** The server ignores `If-Range`, and sends the range of the current content. */
  ignoresIfRange?: boolean;
  /** Gives, for the number of a request from 0, after how many bytes of the body the connection is cut. */
  cutAfter?: (request: number) => number | undefined;
  /** Gives after how many bytes the server sends nothing more, without cutting the connection. */
  stallAfter?: (request: number) => number | undefined;
  /** Answers in place of the server if it returns true. */
  answer?: (request: number, response: ServerResponse, incoming: IncomingMessage) => boolean;
  /** Sends the body in chunks, without a length. */
  chunked?: boolean;
  /** Headers that override those of the server. */
  headers?: Record<string, string>;
  /** Sends `size` bytes at a time, with a pause in ms between. */
  drip?: {readonly size: number; readonly pause: number};
}

export interface FileServer extends HttpServer {
  readonly file: ServedFile;
  /** The `Range` header of each request. */
  readonly ranges: ReadonlyArray<string | undefined>;
}

/** Starts a server that serves a file as RFC 9110 says, except for the faults that are set. */
export async function startFileServer(file: ServedFile): Promise<FileServer> {
  let count = 0;
  const server = await startServer((request, response) => serve(file, count++, request, response));
  return Object.defineProperties(server as unknown as FileServer, {
    file: {value: file},
    ranges: {get: () => server.requests.map(({headers}) => headers.range)},
  });
}

async function serve(file: ServedFile, number: number, request: IncomingMessage, response: ServerResponse) {
  if (file.answer?.(number, response, request)) return;
  const {content, etag, lastModified} = file;
  if (etag) response.setHeader('etag', etag);
  if (lastModified) response.setHeader('last-modified', lastModified.toUTCString());
  if (!file.noRanges) response.setHeader('accept-ranges', 'bytes');
  const range = file.noRanges ? undefined : rangeOf(file, request);
  let body = content;
  if (range) {
    const [start, end] = range;
    if (start >= content.length) {
      response.writeHead(416, {'content-range': `bytes */${content.length}`, ...file.headers}).end();
      return;
    }
    body = content.subarray(start, end);
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${start}-${end - 1}/${content.length}`);
  }
  if (!file.chunked) response.setHeader('content-length', body.length);
  for (const [name, value] of Object.entries(file.headers ?? {})) response.setHeader(name, value);
  await send(file, number, body, response);
}

async function send(file: ServedFile, number: number, body: Buffer, response: ServerResponse): Promise<void> {
  const cut = file.cutAfter?.(number);
  const stall = file.stallAfter?.(number);
  const end = Math.min(cut ?? Infinity, stall ?? Infinity, body.length);
  const {size, pause} = file.drip ?? {size: 64 * 1024, pause: 0};
  response.flushHeaders();
  for (let at = 0; at < end && !response.destroyed; at += size) {
    const isTaken = response.write(body.subarray(at, Math.min(at + size, end)));
    if (!isTaken) await drained(response);
    if (pause > 0) await delay(pause);
  }
  if (stall !== undefined) return;
  if (cut === undefined || cut >= body.length) response.end();
  // Ends the socket rather than destroy it, so that everything sent arrives before the end.
  else if (response.socket) response.socket.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

function rangeOf(file: ServedFile, {headers}: IncomingMessage): [start: number, end: number] | undefined {
  const {content, etag, lastModified} = file;
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (!match) return undefined;
  const condition = headers['if-range'];
  const isSame = condition === undefined || condition === etag || condition === lastModified?.toUTCString();
  if (!isSame && !file.ignoresIfRange) return undefined;
  const end = match[2] ? Number(match[2]) + 1 : content.length;
  return [Number(match[1]), Math.min(end, content.length)];
}

/** Bytes that depend on their place. */
export function patternOf(size: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8) * 7 + seed) % 251;
  return bytes;
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
