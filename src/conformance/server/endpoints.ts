import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {brotliCompressSync, deflateSync, gzipSync, zstdCompressSync} from 'node:zlib';
import type {Echo} from '../server-address.ts';
import {DigestGuard} from './digest.ts';
import type {Room} from './rooms.ts';

/** One request as an endpoint sees it. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly room: Room;
}

type Endpoint = (visit: Visit) => void | Promise<void>;

const codings: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

/** The guards of HTTP Digest, one for each room that uses `/digest`. */
const guards = new WeakMap<Room, DigestGuard>();

/** The endpoints by their paths. Numbers in the query are in ms and bytes; each has a default. */
export const endpoints: Readonly<Record<string, Endpoint>> = {
  /** Answers with the request as JSON. */
  async '/echo'({request, response, room}) {
    const body = await readBody(request, room);
    const echo: Echo = {
      method: request.method as string,
      url: request.url as string,
      headers: request.headers as Record<string, string>,
      body: body.toString('base64'),
      size: body.length,
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(echo));
  },

  /** Answers with status `code`, `text` as the body, and the `header`s, each written `name:value`. */
  '/status'({response, query}) {
    response.statusCode = number(query, 'code', 200);
    if (query.has('message')) response.statusMessage = query.get('message') as string;
    response.setHeader('content-type', query.get('type') ?? 'text/plain;charset=utf-8');
    for (const header of query.getAll('header')) {
      const [name, ...value] = header.split(':');
      response.appendHeader(name as string, value.join(':'));
    }
    // As bytes: Node writes the head in the encoding of the first chunk, which for a text is UTF-8.
    response.end(Buffer.from(query.get('text') ?? ''));
  },

  /**
   * Answers the first `times` requests for its URL as `/status` does, or never with `stall`; and later ones as `/echo`
   * does.
   */
  async '/flaky'(visit) {
    const {request, query, room} = visit;
    if (room.visited(request.url as string) > number(query, 'times', 1)) return endpoints['/echo']?.(visit);
    if (!query.has('stall')) return endpoints['/status']?.(visit);
  },

  /** Answers as `/echo` does if the request has the bearer `token`, and with 401 otherwise. */
  async '/bearer'(visit) {
    const {request, response, query, room} = visit;
    if (request.headers.authorization === `Bearer ${query.get('token')}`) return endpoints['/echo']?.(visit);
    await readBody(request, room);
    response.statusCode = 401;
    response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    response.end('Who are you?');
  },

  /** A token endpoint of OAuth 2.0: issues `token`, or refuses with `error`. */
  async '/token'({request, response, query, room}) {
    const form = new URLSearchParams((await readBody(request, room)).toString());
    const isGrant = request.method === 'POST' && form.get('grant_type') === 'client_credentials';
    const error = query.get('error') ?? (isGrant ? undefined : 'unsupported_grant_type');
    response.statusCode = error ? 400 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(
        error ? {error} : {access_token: query.get('token'), token_type: 'bearer', expires_in: 3_600},
      ),
    );
  },

  /** Answers as `/echo` does if the request answers a challenge of HTTP Digest with `algorithm`, and with 401 otherwise. */
  async '/digest'(visit) {
    const {request, response, query, room} = visit;
    const guard = guards.get(room) ?? new DigestGuard({algorithm: query.get('algorithm') ?? undefined});
    guards.set(room, guard);
    const {ok, headers} = guard.check(request);
    if (ok) return endpoints['/echo']?.(visit);
    await readBody(request, room);
    response.writeHead(401, headers);
    response.end('Who are you?');
  },

  /** Sends `size` bytes in a pattern; with `chunked`, without a length. */
  '/bytes'({response, query, room}) {
    const size = number(query, 'size', 1_000);
    response.setHeader('content-type', 'application/octet-stream');
    if (!query.has('chunked')) response.setHeader('content-length', size);
    const step = 64 * 1024;
    let sent = 0;
    const write = () => {
      while (sent < size && !response.destroyed) {
        const chunk = pattern(sent, Math.min(step, size - sent));
        sent += chunk.length;
        room.sent(chunk.length);
        if (!response.write(chunk)) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  },

  /**
   * Sends `text`, `size` bytes at a time, a piece every `ms`. With `cut`, it sends that many bytes, and cuts the connection
   * when the room releases it.
   */
  async '/pieces'(visit) {
    const {response, query} = visit;
    const bytes = Buffer.from(query.get('text') ?? '');
    const size = number(query, 'size', 1);
    const end = number(query, 'cut', bytes.length);
    response.setHeader('content-type', 'text/plain;charset=utf-8');
    response.setHeader('content-length', bytes.length);
    for (let at = 0; at < end && !response.destroyed; at += size) {
      response.write(bytes.subarray(at, Math.min(at + size, end)));
      await sleep(number(query, 'ms', 1));
    }
    if (end < bytes.length) cutOnRelease(visit);
    else response.end();
  },

  /**
   * Sends `size` bytes in a pattern, or the requested range. With `cut`, the first response has that many bytes, and its
   * connection is cut when the room releases it. The first response has the first `etag`, and the others have the last.
   * With `digest`, a response has a `Repr-Digest`: a right one, or with `wrong` a wrong one.
   */
  '/file'(given) {
    const {request, response, query, room} = given;
    const visit = room.visited(request.url as string);
    const size = number(query, 'size', 1_000);
    const etags = query.getAll('etag');
    const etag = visit === 1 ? etags[0] : etags.at(-1);
    const bytes = pattern(0, size);
    if (etag !== undefined) response.setHeader('etag', etag);
    if (query.has('digest')) {
      const digest = createHash('sha256').update(query.get('digest') === 'wrong' ? 'wrong' : bytes);
      response.setHeader('repr-digest', `sha-256=:${digest.digest('base64')}:`);
    }
    const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const condition = request.headers['if-range'];
    const isPart = first !== undefined && (condition === undefined || condition === etag);
    const start = isPart ? Number(first) : 0;
    if (isPart) response.setHeader('content-range', `bytes ${start}-${size - 1}/${size}`);
    response.writeHead(isPart ? 206 : 200, {'content-length': size - start});
    if (visit > 1 || !query.has('cut')) return void response.end(bytes.subarray(start));
    response.write(bytes.subarray(start, start + number(query, 'cut', 0)));
    cutOnRelease(given);
  },

  /**
   * Sends numbered events up to `count`, beginning after the `Last-Event-ID`, `each` in a response. Answers with 204 when there
   * are no more.
   */
  '/events'({request, response, query}) {
    const count = number(query, 'count', 3);
    const last = Number(request.headers['last-event-id'] ?? 0);
    if (last >= count) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, {'content-type': 'text/event-stream'});
    for (let id = last + 1; id <= Math.min(last + number(query, 'each', 1), count); id++) {
      response.write(`id: ${id}\ndata: ${id}\n\n`);
    }
    response.end();
  },

  /** Sends a form with one field and one file. */
  '/form'({response}) {
    const boundary = 'a-form-of-two';
    response.setHeader('content-type', `multipart/form-data; boundary=${boundary}`);
    response.end(
      [
        `--${boundary}`,
        'content-disposition: form-data; name="field"',
        '',
        'value',
        `--${boundary}`,
        'content-disposition: form-data; name="file"; filename="a.txt"',
        'content-type: text/plain',
        '',
        'content',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
  },

  /** Answers after `ms`. */
  async '/delay'({request, response, query, room}) {
    await readBody(request, room);
    await sleep(number(query, 'ms', 50));
    response.end('late');
  },

  /** Sends so many `chunks` of `size` bytes, one every `ms`. */
  async '/drip'({response, query}) {
    const size = number(query, 'size', 10);
    response.setHeader('content-type', 'application/octet-stream');
    for (let left = number(query, 'chunks', 5); left > 0 && !response.destroyed; left--) {
      response.write(pattern(0, size));
      await sleep(number(query, 'ms', 50));
    }
    response.end();
  },

  /** Answers when the room releases the request. */
  async '/hold'({request, response, room}) {
    await readBody(request, room);
    response.once(
      'close',
      room.hold(() => response.end('released')),
    );
  },

  /** Sends the head and a first chunk of `size`, and the rest when the room releases the request. */
  '/hold-body'({response, query, room}) {
    response.setHeader('content-type', 'text/plain');
    response.write('.'.repeat(number(query, 'size', 5)));
    response.once(
      'close',
      room.hold(() => response.end('released')),
    );
  },

  /** Never answers. */
  '/stall'() {},

  /** Sends the head and `size` bytes, and then nothing more. */
  '/stall-body'({response, query}) {
    response.setHeader('content-type', 'text/plain');
    response.write('.'.repeat(number(query, 'size', 5)));
  },

  /** Cuts the connection instead of answering. */
  '/reset'({request}) {
    request.socket.resetAndDestroy();
  },

  /** Sends the head and half of a body of twice `size` bytes, and cuts the connection when the room releases the request. */
  '/reset-body'(visit) {
    const {response, query} = visit;
    const size = number(query, 'size', 5);
    response.setHeader('content-type', 'text/plain');
    response.setHeader('content-length', 2 * size);
    response.write('.'.repeat(size));
    cutOnRelease(visit);
  },

  /** Answers with something that is not HTTP. */
  '/garbage'({request}) {
    request.socket.end('This is no HTTP.\r\n\r\n');
  },

  /** Redirects with `status` to `to`, after `hops` redirects to itself. Each has a body of `size` bytes, and sets each `cookie`. */
  async '/redirect'({request, response, query, room}) {
    await readBody(request, room);
    const hops = number(query, 'hops', 0);
    const onwards = new URLSearchParams(query);
    onwards.set('hops', String(hops - 1));
    response.statusCode = number(query, 'status', 302);
    response.setHeader('set-cookie', query.getAll('cookie'));
    response.setHeader('location', hops > 0 ? `/redirect?${onwards}` : (query.get('to') ?? '/echo'));
    response.end('.'.repeat(number(query, 'size', 5)));
  },

  /**
   * Sends `text`, `repeat` times, encoded with `coding` if the request accepts it; the header `x-coding` names the coding
   * used. With `broken`, the second half is damaged.
   */
  '/encoded'({request, response, query}) {
    const coding = query.get('coding') ?? 'gzip';
    const accepted = String(request.headers['accept-encoding'] ?? '')
      .split(/[,;]/)
      .map((part) => part.trim());
    const used = accepted.includes(coding) && coding in codings ? coding : 'identity';
    response.setHeader('content-type', 'text/plain;charset=utf-8');
    response.setHeader('x-coding', used);
    if (used !== 'identity') response.setHeader('content-encoding', used);
    const bytes = encode(used, query.get('text') ?? 'text', number(query, 'repeat', 1));
    response.end(query.has('broken') ? Uint8Array.from(bytes).fill(0xff, bytes.length / 2) : bytes);
  },

  /** Answers with `code` without reading the body, and without asking for it where the request has `Expect: 100-continue`. */
  '/early'({response, query}) {
    response.statusCode = number(query, 'code', 413);
    response.setHeader('content-type', 'text/plain');
    response.end('early');
  },

  /** Reads the body, starting after `ms`, and answers with its size. */
  async '/upload'({request, response, query, room}) {
    await sleep(number(query, 'ms', 0));
    const body = await readBody(request, room);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({size: body.length}));
  },
};

/**
 * Cuts the connection when the room releases the request. A client that is told of a reset drops data that it has not read
 * yet, so the case says when it has read what came before.
 */
function cutOnRelease({request, response, room}: Visit): void {
  response.once(
    'close',
    room.hold(() => request.socket.resetAndDestroy()),
  );
}

async function readBody(request: IncomingMessage, room: Room): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
      room.received((chunk as Buffer).length);
    }
  } catch {
    // The client has closed the connection. The endpoint notices when it answers.
  }
  return Buffer.concat(chunks);
}

const cycle = 251;
const twoCycles = Uint8Array.from({length: 2 * cycle}, (_, index) => index % cycle);

/** Bytes that show their place: each is its index modulo 251. */
function pattern(start: number, size: number): Uint8Array {
  return Buffer.alloc(size, twoCycles.subarray(start % cycle, (start % cycle) + cycle));
}

/** The latest encoded bodies. The cases ask for the same ones in each runtime, and encoding takes longer than sending. */
const encoded = new Map<string, Uint8Array>();

function encode(coding: string, text: string, repeat: number): Uint8Array {
  const key = `${coding} ${repeat} ${text}`;
  let bytes = encoded.get(key);
  if (!bytes) {
    const plain = Buffer.from(text.repeat(repeat));
    bytes = codings[coding]?.(plain) ?? plain;
    if (encoded.size === 50) encoded.clear();
    encoded.set(key, bytes);
  }
  return bytes;
}

function number(query: URLSearchParams, name: string, fallback: number): number {
  return Number(query.get(name) ?? fallback);
}
