/**
 * ky on a session, for code that already uses ky: ky's options over the session's connections, limits and retries.
 *
 *     npm run example with-ky
 */
import {createSession} from 'aiofetch';
import ky from 'ky';
import {startGalaxy} from './galaxy/server.ts';
import {runDirectly} from './support/run-directly.ts';

interface Planet {
  readonly id: number;
  readonly name: string;
}

export async function main() {
  await using server = await startGalaxy();
  await using session = createSession({retry: {retries: 2, minDelay: 10}, timeout: 10_000});
  // The session retries and has timeouts, so ky's are switched off: two layers of retries would multiply.
  const api = ky.create({prefix: server.url, fetch: session.fetch, retry: 0, timeout: false});

  const planet = await api.get('planets/1').json<Planet>();
  const created = await api.post('planets', {json: {name: 'Kepler-22b'}}).json<Planet>();
  const missing = await api.get('planets/404', {throwHttpErrors: false});
  await missing.text();

  console.log(`${planet.name}; ${created.name}; ${missing.status}`);
  const {retries, opened} = session.stats().totals;
  return {planet, created, missing: missing.status, retries, opened};
}

await runDirectly(import.meta, main);
