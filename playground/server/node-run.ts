import type {ServerResponse} from 'node:http';
import type {RunEvent} from '../model/events.ts';
import type {Engine} from '../model/settings.ts';
import {targetUrls} from '../model/target.ts';
import {buildSession} from '../run/build-session.ts';
import {runBurst} from '../run/burst.ts';
import type {KnownRun} from './runs.ts';

/** How long events are collected before they are sent to the page, in ms. */
const batchTime = 16;

/**
 * Sends a burst from this process and streams its events as NDJSON. The burst ends when the page disconnects.
 *
 * @throws InvalidOptionError, UnsupportedOptionError for invalid settings, before the response begins
 */
export async function runOnNode(
  {settings, target, stop}: KnownRun,
  engine: Engine,
  response: ServerResponse,
): Promise<void> {
  // Check the settings first: the status can report an error only before the stream begins.
  if (engine === 'session') await buildSession(settings, 'node').close();
  response.once('close', () => stop.abort());
  response.writeHead(200, {'content-type': 'application/x-ndjson', 'cache-control': 'no-store'});

  let lines: string[] = [];
  const flush = () => {
    if (lines.length === 0 || response.destroyed) return;
    response.write(lines.join(''));
    lines = [];
  };
  const emit = (event: RunEvent) => void lines.push(`${JSON.stringify(event)}\n`);
  const timer = setInterval(flush, batchTime);
  const urls = targetUrls(target, settings);
  try {
    await runBurst({settings, runtime: 'node', engine, urls, signal: stop.signal, emit});
  } finally {
    clearInterval(timer);
    flush();
    response.end();
  }
}
