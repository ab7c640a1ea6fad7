/**
 * One request on a session: the shortest program there is.
 *
 *     npm run example one-request [url]
 */
import {createSession} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => ({hello: 'world'}));
  const target = url ?? server?.url ?? '';

  // The session closes at the end of its block, even after an error, and its connections with it.
  await using session = createSession();

  const response = await session.get(target);
  console.log('status', response.status);
  console.log('type  ', response.headers.get('content-type'));
  const text = await response.text();
  console.log('text  ', text.length > 60 ? `${text.slice(0, 60)}…` : text);

  // When only the body matters, no response is needed in between.
  const value = url ? undefined : await session.get(target).json<{hello: string}>();
  if (value) console.log('json  ', value.hello);
  return {status: response.status, text, value};
}

await runDirectly(import.meta, main);
