/**
 * A feed with one JSON value on each line (NDJSON), read as it arrives, and left after the second error.
 *
 *     npm run example tail-ndjson [url]
 */
import type {ServerResponse} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {createSession, iterNdjson} from 'aiofetch';
import {serve} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

interface Entry {
  readonly time: number;
  readonly level: 'info' | 'error';
  readonly text: string;
}

export async function main(url?: string) {
  await using server = url ? undefined : await serve((_request, response) => sendFeed(response));
  await using session = createSession();

  const seen: Entry[] = [];
  // The second argument may be a Standard Schema, of Zod, Valibot or ArkType, that checks each value.
  const feed = iterNdjson<Entry>(session.get(url ?? server?.url ?? ''), undefined, {maxLength: 10_000});
  for await (const entry of feed) {
    console.log(entry.time, entry.level, entry.text);
    seen.push(entry);
    // The feed never ends. Leaving the loop ends the request and frees its slot.
    if (seen.filter(({level}) => level === 'error').length === 2) break;
  }
  return seen;
}

async function sendFeed(response: ServerResponse): Promise<void> {
  response.writeHead(200, {'content-type': 'application/x-ndjson'});
  for (let time = 1; !response.destroyed; time++) {
    const line = JSON.stringify({time, level: time % 2 === 0 ? 'error' : 'info', text: `entry ${time}`});
    // In two pieces, because lines need not arrive as they were written.
    response.write(line.slice(0, 10));
    await sleep(5);
    response.write(`${line.slice(10)}\n`);
  }
}

await runDirectly(import.meta, main);
