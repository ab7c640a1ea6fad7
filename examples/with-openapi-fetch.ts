/**
 * openapi-fetch on a session: types from an OpenAPI document over the session's connections, limits and retries.
 *
 *     npx openapi-typescript galaxy.yaml -o paths.ts
 *     npm run example with-openapi-fetch
 */
import {createSession} from 'aiofetch';
import createClient from 'openapi-fetch';
import type {paths} from './galaxy/paths.ts';
import {startGalaxy} from './galaxy/server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main() {
  await using server = await startGalaxy();
  await using session = createSession({retry: {retries: 2, minDelay: 10}, connector: {limitPerHost: 4}});
  const client = createClient<paths>({baseUrl: server.url, fetch: session.fetch});

  const {data: planet} = await client.GET('/planets/{planetId}', {params: {path: {planetId: 1}}});
  const {error} = await client.GET('/planets/{planetId}', {params: {path: {planetId: 404}}});
  const {data: created} = await client.POST('/planets', {
    body: {id: 2, name: 'Kepler-22b', type: 'terrestrial'},
  });

  console.log(`${planet?.name}; ${error?.detail}; ${created?.name}`);
  const {retries, opened} = session.stats().totals;
  return {planet, error, created, retries, opened};
}

await runDirectly(import.meta, main);
