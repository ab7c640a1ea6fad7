import {readFileSync} from 'node:fs';
import {Readable} from 'node:stream';
import {chunkSize} from '../contents.ts';

/** What a client is asked to do, each as its users would for speed. What it has no way of its own for is left out. */
export interface Client {
  /** GET, the body parsed as JSON. */
  json?(url: string): Promise<unknown>;
  /** POST of a value as JSON, the answer parsed. */
  post?(url: string, value: unknown): Promise<unknown>;
  /** GET, the body as bytes in one piece. */
  bytes?(url: string): Promise<ArrayBuffer | Uint8Array>;
  /** GET of a JSON compressed by gzip; `json` where the client decompresses. */
  gzip?(url: string): Promise<unknown>;
  /** GET, the body chunk by chunk; its length. */
  download?(url: string): Promise<number>;
  /** POST of a stream of so many bytes, the answer parsed. */
  upload?(url: string, bytes: number): Promise<unknown>;
  /** So many inputs through a bounded worker. */
  inputs?(count: number): Promise<void>;
}

export interface ClientSettings {
  /** How many connections it may have: to a host, or over all hosts where it can bound that. */
  readonly connections: number;
}

/** A client that takes part. */
interface Peer {
  /** The package whose version is shown; none for what Node has built in. */
  readonly package?: string;
  /** It bounds its connections over all hosts by itself. Others get p-limit around them, as their users do. */
  readonly boundsAllHosts?: boolean;
  readonly client: Client;
}

export type PeerFactory = (settings: ClientSettings) => Peer | {readonly unavailable: string};

export function versionOf(name: string): string {
  const file = new URL(
    name === 'aiofetch' ? '../../../package.json' : `../../../node_modules/${name}/package.json`,
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, 'utf8')) as {version: string}).version;
}

const chunk = new Uint8Array(chunkSize).fill(120);

/** A web stream of so many bytes, made as it is read. */
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

/** A Node stream of so many bytes, made as it is read. */
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

/** The length of what an iterable gives. */
export async function drain(chunks: AsyncIterable<unknown>): Promise<number> {
  let length = 0;
  for await (const piece of chunks) length += (piece as Uint8Array).length;
  return length;
}

/** The `init` that has `value` sent as JSON. */
export function jsonInit(value: unknown): {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
} {
  return {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(value)};
}
