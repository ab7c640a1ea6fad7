/**
 * A client that the command `aiofetch openapi` wrote from an OpenAPI document.
 *
 *     npx aiofetch openapi galaxy.yaml -o examples/galaxy/client.ts
 *     npm run example generated-client
 */
import {createSession} from 'aiofetch';
import {createClient} from './galaxy/client.ts';
import {startGalaxy} from './galaxy/server.ts';
import {runDirectly} from './support/run-directly.ts';

export async function main() {
  await using server = await startGalaxy();
  await using session = createSession({baseUrl: server.url, retry: {retries: 2, minDelay: 10}});
  const {planets} = createClient(session);

  const mars = await planets.getPlanet({path: {planetId: 1}});
  const {meta} = await planets.getAllData({query: {limit: 10}});
  // The id is read-only in the document, so the type of the body doesn't have it.
  const created = await planets.createPlanet({body: {name: 'Kepler-22b'}});
  console.log(`${mars.name} is one of ${meta?.total}; ${created.name} is new`);

  const missing = await planets.getPlanet({path: {planetId: 404}}).catch((error: unknown) => {
    if (planets.getPlanet.isError(error)) return error.data.detail;
    throw error;
  });
  console.log(missing);
  return {mars, meta, created, missing};
}

await runDirectly(import.meta, main);
