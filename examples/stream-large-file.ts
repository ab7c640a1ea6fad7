/**
 * A large file, chunk by chunk: only the current chunk is in memory.
 *
 *     npm run example stream-large-file [url]
 */
import {createHash} from 'node:crypto';
import {createSession, iterChunks} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => 'x'.repeat(10_000_000));
  await using session = createSession();

  const hash = createHash('sha256');
  let size = 0;
  // response.content.iter_chunked(1024)
  for await (const chunk of iterChunks(session.get(url ?? server?.url ?? ''), 1024)) {
    hash.update(chunk);
    size += chunk.length;
  }
  const digest = hash.digest('hex');
  console.log(`${size} bytes, SHA-256 ${digest}`);
  return {size, digest};
}

await runDirectly(import.meta, main);
