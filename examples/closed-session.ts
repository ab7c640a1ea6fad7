/**
 * A session closes at the end of its block, with its connections. A call after that fails with a typed error.
 *
 *     npm run example closed-session [url]
 */
import type {Session} from 'aiofetch';
import {createSession, SessionClosedError} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main(url?: string) {
  await using server = url ? undefined : await serveJson(() => ({hello: 'world'}));
  const target = url ?? server?.url ?? '';

  let kept: Session;
  {
    await using session = createSession();
    kept = session;
    console.log(await session.get(target).text());
  }
  try {
    await kept.get(target).text();
    return 'sent';
  } catch (error) {
    if (!(error instanceof SessionClosedError)) throw error;
    console.log(error.message);
    return error.code;
  }
}

await runDirectly(import.meta, main);
