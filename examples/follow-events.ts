/**
 * Server-sent events, over as many connections as it takes: each goes on after the last event that came.
 *
 *     node --conditions=@aiofetch/source examples/follow-events.ts [url]
 */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createSession, eventSource} from 'aiofetch';
import {serve} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serve(sendEvents);
  await using session = createSession();

  const data: string[] = [];
  let reconnections = 0;
  const events = eventSource(session, url ?? server?.url ?? '', {
    idleTimeout: 45_000, // silent for longer than this, the server is taken for gone
    onReconnect: ({delay, lastEventId}) => {
      reconnections++;
      console.log(`connects again in ${Math.round(delay)} ms, from event ${lastEventId}`);
    },
  });
  for await (const {event, data: text, id} of events) {
    console.log(event, text, id);
    data.push(text);
    if (data.length === 5) break;
  }
  return {data, reconnections, lastEventId: events.lastEventId};
}

/** Two events on each connection, from the one after the last that the client knows. */
function sendEvents({headers}: IncomingMessage, response: ServerResponse): void {
  const first = Number(headers['last-event-id'] ?? 0) + 1;
  response.writeHead(200, {'content-type': 'text/event-stream'});
  response.write('retry: 20\n\n');
  for (const id of [first, first + 1]) response.write(`id: ${id}\ndata: event ${id}\n\n`);
  response.end();
}

await runDirectly(import.meta, main);
