import {readFileSync} from 'node:fs';
import {Readable} from 'node:stream';
import {chunkSize} from '../contents.ts';

/** The operations of a client, each in the way that its users would choose for speed. Operations that it lacks are left out. */
export interface Client {
  /** Sends a GET, and parses the body as JSON. */
  json?(url: string): Promise<unknown>;
  /** Sends a POST with a value as JSON, and parses the response as JSON. */
  post?(url: string, value: unknown): Promise<unknown>;
  /** Sends a GET, and reads the body as bytes in one piece. */
  bytes?(url: string): Promise<ArrayBuffer | Uint8Array>;
  /** Sends a GET, decompresses the body by gzip and parses it; `json` where the client decompresses by itself. */
  gzip?(url: string): Promise<unknown>;
  /** Sends a GET, reads the body chunk by chunk, and returns its length. */
  download?(url: string): Promise<number>;
  /** Sends a POST with a stream of this many bytes, and parses the response as JSON. */
  upload?(url: string, bytes: number): Promise<unknown>;
  /** Sends this many inputs through a bounded worker. */
  inputs?(count: number): Promise<void>;
}

export interface ClientSettings {
  /** How many connections the client may have: over all hosts where it has such a limit, otherwise to each host. */
  readonly connections: number;
}

/** A client that can take part. */
export interface Peer {
  /** The package whose version is shown; none for clients that are part of Node. */
  readonly package?: string;
  /** Whether it bounds its connections over all hosts. The others run behind p-limit, as their users would do it. */
  readonly boundsAllHosts?: boolean;
  readonly client: Client;
}

export type PeerFactory = (settings: ClientSettings) => Peer | {readonly unavailable: string};

/** A client that can run on any `fetch`. @param fetch - default: built-in fetch */
export type FetchPeerFactory = (settings: ClientSettings, fetch?: typeof globalThis.fetch) => Peer;

/** The name of a package with its version; the name is its own where it is installed under another. */
export function describePackage(name: string): string {
  const file = new URL(
    name === 'aiofetch' ? '../../../package.json' : `../../../node_modules/${name}/package.json`,
    import.meta.url,
  );
  const {name: own, version} = JSON.parse(readFileSync(file, 'utf8')) as {name: string; version: string};
  return `${own} ${version}`;
}

const chunk = new Uint8Array(chunkSize).fill(120);

/** A web stream of this many bytes, made while it is read. */
export function webStream(bytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) {
        controller.close();
        return;
      }
      const size = Math.min(left, chunk.length);
      left -= size;
      controller.enqueue(size === chunk.length ? chunk : chunk.subarray(0, size));
    },
  });
}

/** A Node stream of this many bytes, made while it is read. */
export function nodeStream(bytes: number): Readable {
  let left = bytes;
  return new Readable({
    read() {
      if (left === 0) {
        this.push(null);
        return;
      }
      const size = Math.min(left, chunk.length);
      left -= size;
      this.push(size === chunk.length ? chunk : chunk.subarray(0, size));
    },
  });
}

/** Reads all chunks, and returns their length. */
export async function drain(chunks: AsyncIterable<unknown>): Promise<number> {
  let length = 0;
  for await (const piece of chunks) length += (piece as Uint8Array).length;
  return length;
}

/** The `init` of a POST that sends `value` as JSON. */
export function jsonInit(value: unknown): {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
} {
  return {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(value)};
}
