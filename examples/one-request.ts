/**
 * One request on a session: the shortest program there is.
 *
 *     node --conditions=@aiofetch/source examples/one-request.ts [url]
 */
import {createSession} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => ({hello: 'world'}));
  const target = url ?? server?.url ?? '';

  // A session lasts as long as its block, and closes its connections at the end of it, whatever happens inside.
  await using session = createSession();

  const response = await session.get(target);
  console.log('status', response.status);
  console.log('type  ', response.headers.get('content-type'));
  const text = await response.text();
  console.log('text  ', text.length > 60 ? `${text.slice(0, 60)}…` : text);

  // Without the response in between, when only the body matters.
  const value = url ? undefined : await session.get(target).json<{hello: string}>();
  if (value) console.log('json  ', value.hello);
  return {status: response.status, text, value};
}

await runDirectly(import.meta, main);
