import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type * as library from 'aiofetch';
import type * as undiciDoor from 'aiofetch/undici';
import {document, largeSize, list, small} from '../contents.ts';
import type {ServerReady} from '../protocol.ts';

/** A build of aiofetch with a session of its own for each kind of server. */
export interface Build {
  readonly library: typeof library;
  readonly session: library.Session;
  readonly http2Session: library.Session;
}

/** What a session does again and again in both builds. */
export interface Operation {
  readonly name: string;
  readonly title: string;
  readonly concurrency: number;
  /** What `send` resolves to, which is checked once. */
  readonly expected: unknown;
  send(build: Build, server: ServerReady): Promise<unknown>;
}

const downloadSize = 4 * 2 ** 20;
const searchParams = {page: '2', query: 'two words', sort: 'name', tag: 'a&b'};

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}

async function bytesOf(response: Response): Promise<number> {
  return (await response.bytes()).length;
}

const download = (size?: number): Pick<Operation, 'concurrency' | 'expected' | 'send'> => ({
  concurrency: 4,
  expected: downloadSize,
  send: ({library: {iterChunks}, session}, {bodyOrigin}) =>
    lengthOf(iterChunks(session.fetch(`${bodyOrigin}/download/${downloadSize}`), size)),
});

const small64 = {concurrency: 64, expected: small};

export const operations: readonly Operation[] = [
  {
    name: 'fetch',
    title: 'session.fetch of a small JSON',
    ...small64,
    send: async ({session}, {origin}) => (await session.fetch(`${origin}/json`)).json(),
  },
  {
    name: 'get',
    title: 'session.get of a small JSON',
    ...small64,
    send: ({session}, {origin}) => session.get(`${origin}/json`).json(),
  },
  {
    name: 'search-params',
    title: 'session.get with search parameters',
    ...small64,
    send: ({session}, {bodyOrigin}) => session.get(`${bodyOrigin}/json`, {searchParams}).json(),
  },
  {
    name: 'request',
    title: 'session.fetch of a Request',
    ...small64,
    send: async ({session}, {origin}) => (await session.fetch(new Request(`${origin}/json`))).json(),
  },
  {
    name: 'post',
    title: 'session.post of a 1 kB JSON',
    ...small64,
    send: ({session}, {bodyOrigin}) => session.post(`${bodyOrigin}/json`, {json: document}).json(),
  },
  {
    name: 'bytes',
    title: 'session.fetch of 100 kB as bytes',
    concurrency: 64,
    expected: largeSize,
    send: async ({session}, {origin}) => bytesOf(await session.fetch(`${origin}/large`)),
  },
  {
    name: 'gzip',
    title: 'session.fetch of a 10 kB JSON in gzip',
    concurrency: 64,
    expected: list,
    send: async ({session}, {origin}) => (await session.fetch(`${origin}/gzip`)).json(),
  },
  {
    name: 'tls',
    title: 'session.fetch of a small JSON over TLS',
    ...small64,
    send: async ({session}, {secureOrigin}) => (await session.fetch(`${secureOrigin}/json`)).json(),
  },
  {
    name: 'http2',
    title: 'session.fetch of a small JSON over HTTP/2',
    ...small64,
    send: async ({http2Session}, {http2Origin}) => (await http2Session.fetch(`${http2Origin}/json`)).json(),
  },
  {name: 'chunks', title: 'iterChunks of 4 MiB', ...download()},
  {name: 'sized-chunks', title: 'iterChunks of 4 MiB by 65,536', ...download(65_536)},
];

/** Loads the build in a folder, and opens its sessions with their default policies. */
export async function loadBuild(folder: string, connections: number): Promise<Build> {
  const load = (file: string) => import(pathToFileURL(join(folder, 'dist', file)).href);
  const module: typeof library = await load('index.js');
  const door: typeof undiciDoor = await load('undici.js');
  return {
    library: module,
    session: module.createSession({connector: {limit: connections}}),
    http2Session: module.createSession({connector: door.undiciConnector({limit: connections, http2: true})}),
  };
}
