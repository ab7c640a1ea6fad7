/**
 * Server-sent events over as many connections as needed: each connection goes on after the last event received.
 *
 *     npm run example follow-events [url]
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
    idleTimeout: 45_000, // after this silence the connection counts as dead
    onReconnect: ({delay, lastEventId}) => {
      reconnections++;
      console.log(`connects again in ${Math.round(delay)} ms, after event ${lastEventId}`);
    },
  });
  for await (const {event, data: text, id} of events) {
    console.log(event, text, id);
    data.push(text);
    if (data.length === 5) break;
  }
  return {data, reconnections, lastEventId: events.lastEventId};
}

/** Sends two events on each connection, beginning after the last one that the client has. */
function sendEvents({headers}: IncomingMessage, response: ServerResponse): void {
  const first = Number(headers['last-event-id'] ?? 0) + 1;
  response.writeHead(200, {'content-type': 'text/event-stream'});
  response.write('retry: 20\n\n');
  for (const id of [first, first + 1]) response.write(`id: ${id}\ndata: event ${id}\n\n`);
  response.end();
}

await runDirectly(import.meta, main);
