import {once} from 'node:events';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {brotliCompressSync, deflateSync, gzipSync, zstdCompressSync} from 'node:zlib';
import type {SiteLog} from './site-log.ts';
import {createSiteLog} from './site-log.ts';
import type {Encoding, Entry, HostPlan} from './site-plan.ts';
import {createRandom, planSite} from './site-plan.ts';

export interface SiteOptions {
  /** @default 1 */
  readonly seed?: number;
  /** How many hosts link to each other. @default 4 */
  readonly hosts?: number;
  /** How many plain pages each host has, besides the special ones. @default 70 */
  readonly pagesPerHost?: number;
}

export interface Site {
  /** The home pages of the hosts that link to each other. */
  readonly homes: readonly string[];
  /** A host that is linked to, and that a crawler which stays on the other hosts never requests. */
  readonly outside: string;
  /** Every address that a crawler which keeps the rules requests. */
  readonly expected: readonly string[];
  readonly log: SiteLog;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const compressors: Readonly<Record<Encoding, (data: Buffer) => Buffer>> = {
  gzip: (data) => gzipSync(data),
  br: (data) => brotliCompressSync(data),
  zstd: (data) => zstdCompressSync(data),
  deflate: (data) => deflateSync(data),
};

/** Serves several hosts on loopback ports, with pages, files, redirects, refusals and faults. */
export async function startSite({seed = 1, hosts = 4, pagesPerHost = 70}: SiteOptions = {}): Promise<Site> {
  const log = createSiteLog();
  const servers = await Promise.all(Array.from({length: hosts + 1}, listen));
  const addresses = servers.map(originOf);
  const origins = addresses.slice(0, -1);
  const outside = addresses.at(-1) ?? '';
  const plans = planSite({seed, origins, outside, pagesPerHost});
  const expected: string[] = [];

  for (const [index, server] of servers.entries()) {
    const origin = addresses[index] ?? '';
    const plan: HostPlan = plans[index] ?? new Map();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url ?? '/';
      const finish = log.begin(origin, path);
      response.once('finish', () => finish('answered'));
      response.once('close', () => finish('left'));
      const entry = plan.get(path) ?? missing;
      const timer = setTimeout(() => answer(response, path, entry, finish), entry.latency);
      response.once('close', () => clearTimeout(timer));
    });
    for (const [path, entry] of plan) if (entry.expected) expected.push(origin + path);
  }

  const close = async () => {
    await Promise.all(
      servers.map(async (server) => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }),
    );
  };
  return {
    homes: origins.map((origin) => `${origin}/`),
    outside,
    expected,
    log,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const missing: Entry = {answer: {kind: 'status', status: 404}, latency: 5, size: 0, expected: false};

async function listen(): Promise<Server> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(response: ServerResponse, path: string, entry: Entry, finish: (end: 'broken') => void): void {
  const {answer: what, size} = entry;
  switch (what.kind) {
    case 'page': {
      const html = Buffer.from(pageHtml(path, what.links, what.base, size));
      const body = what.encoding ? compressors[what.encoding](html) : html;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (what.encoding) response.setHeader('content-encoding', what.encoding);
      response.end(body);
      return;
    }
    case 'file':
      response.setHeader('content-type', what.type);
      sendFile(response, what.size);
      return;
    case 'status':
      response.writeHead(what.status, {'content-type': 'text/html', ...what.headers});
      response.end(
        `<title>${what.status}</title><p>Nothing here. <a href="/not-to-be-asked-for">Try this</a>`,
      );
      return;
    case 'redirect':
      response.writeHead(what.status, {location: what.location, 'content-type': 'text/html'});
      response.end(`<p>See <a href="${what.location}">there</a>`);
      return;
    case 'text':
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(what.text);
      return;
    case 'stall':
      if (what.when === 'midway') startPage(response);
      return;
    case 'break':
      startPage(response);
      // Later than the first bytes, because the client might otherwise see the end before them.
      setTimeout(() => {
        finish('broken');
        if (what.how === 'reset') response.socket?.resetAndDestroy();
        else response.socket?.end();
      }, 50);
  }
}

/** Sends 100 of 1,000 promised bytes. */
function startPage(response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'text/html', 'content-length': 1_000});
  response.write('<title>Never whole</title>'.padEnd(100));
}

/** Chunked, so that the head doesn't tell the size. */
function sendFile(response: ServerResponse, size: number): void {
  const chunk = Buffer.alloc(Math.min(size, 16_384), 'aiofetch ');
  let left = size;
  const send = () => {
    while (left > 0) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      if (!response.write(part)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}

const words =
  'a pooled session keeps its sockets warm and hands them from one request to the next in turn'.split(' ');

function pageHtml(path: string, links: readonly string[], base: string | undefined, size: number): string {
  const random = createRandom(size);
  let text = '';
  while (text.length < size) text += `${words[Math.floor(random() * words.length)]} `;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${path}</title>${base ? `<base href="${base}">` : ''}</head>
<body>
<!-- <a href="/in-a-comment">not a link</a> -->
<script>document.title = '<a href="/in-a-script">not a link either</a>'</script>
<nav><a href="#top">top</a> <a href="mailto:crawl@example.org">mail</a> <a href="javascript:void 0">script</a></nav>
<ul>${links.map((link) => `<li>${link}</li>`).join('\n')}</ul>
<p>${text}</p>
</body>
</html>
`;
}
