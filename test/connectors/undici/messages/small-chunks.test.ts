import {describe, expect, it} from 'vitest';
import {IncomingBody} from '../../../../src/connectors/undici/messages/incoming-body.ts';
import {openSession} from '../../../support/open-session.ts';
import {startRawServer} from '../../../support/raw-server.ts';
import {waitFor} from '../../../support/wait-for.ts';

/** Bytes that tell their order. */
const content = Buffer.from(Array.from({length: 100_000}, (_, index) => (index * 7) % 251));

function received(size: number): IncomingBody {
  const body = new IncomingBody(undefined);
  for (let at = 0; at < content.length; at += size) body.push(content.subarray(at, at + size));
  body.end();
  return body;
}

async function readAll(body: IncomingBody): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (let chunk = await body.read(); chunk; chunk = await body.read()) chunks.push(chunk);
  return chunks;
}

describe('a body that arrives in tiny chunks', () => {
  it.each([1, 3, 100])('chunks of %i bytes that wait for their reader are joined', async (size) => {
    const chunks = await readAll(received(size));
    expect(chunks.length).toBeLessThan(2_048);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it('large chunks are not joined, because that would copy them', async () => {
    const body = new IncomingBody(undefined);
    const chunk = Buffer.alloc(4_096);
    for (let index = 0; index < 3_000; index++) body.push(chunk);
    body.end();
    expect(await readAll(body)).toHaveLength(3_000);
  });

  it.each([
    ['collected', (body: IncomingBody) => body.collect()],
    ['taken at once', async (body: IncomingBody) => body.takeNow() as Buffer],
    ['copied', async (body: IncomingBody) => body.fork()?.takeNow() as Buffer],
  ] as const)('a body of joined chunks is whole when it is %s', async (_how, take) => {
    expect((await take(received(1))).equals(content)).toBe(true);
  });

  it('a response whose chunks have one byte each is read whole, also by a reader that comes late', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request();
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      connection.send(`${'1\r\nx\r\n'.repeat(200_000)}0\r\n\r\n`);
    });
    const {fetch, stats} = openSession();
    const response = await fetch(server.origin);
    await waitFor(() => stats().totals.bytesReceived >= 128 * 1024);
    let size = 0;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) size += chunk.length;
    expect(size).toBe(200_000);
  });
});
