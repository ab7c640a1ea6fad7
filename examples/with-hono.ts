/**
 * Hono's typed client on a session. It takes its types from the code of the server.
 *
 *     npm run example with-hono
 */
import {createSession} from 'aiofetch';
import {Hono} from 'hono';
import {hc} from 'hono/client';
import {validator} from 'hono/validator';
import {runDirectly} from './support/run-directly.ts';
import {serveFetch} from './support/serve-fetch.ts';

const app = new Hono()
  .get('/users/:id', ({json, req}) => json({id: req.param('id'), name: 'Ada'}))
  .post(
    '/users',
    validator('json', (value: {name: string}) => value),
    ({json, req}) => json({id: '2', ...req.valid('json')}, 201),
  );

export async function main() {
  await using server = await serveFetch(app.fetch);
  await using session = createSession({connector: {limit: 10}, timeout: 10_000});
  const client = hc<typeof app>(server.url, {fetch: session.fetch});

  const response = await client.users[':id'].$get({param: {id: '1'}});
  const {name} = await response.json();
  const created = await (await client.users.$post({json: {name: 'Grace'}})).json();

  console.log(`${name}; ${created.id} ${created.name}`);
  return {name, created, opened: session.stats().totals.opened};
}

await runDirectly(import.meta, main);
