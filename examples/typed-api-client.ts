/**
 * A typed API client with the endpoints of api-client.ts: they are described, and methods and types follow from that.
 *
 *     npm run example typed-api-client [base URL with /users/{name} and /users/{name}/repos]
 */
import {createSession, defineClient, endpoint, type} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

interface User {
  readonly name: string;
}

interface Repo {
  readonly id: number;
  readonly name: string;
}

const define = defineClient({
  getUser: endpoint('GET /users/{username}', {response: type<User>()}),
  listRepos: endpoint('GET /users/{username}/repos', {response: type<Repo[]>()}),
  createRepo: endpoint('POST /users/{username}/repos', {
    body: type<Pick<Repo, 'name'>>(),
    response: type<Repo>(),
  }),
});

function createApiClient(baseUrl: string, {maxConnections = 100} = {}) {
  const session = createSession({
    baseUrl,
    headers: {'user-agent': 'AsyncClient/1.0'},
    connector: {limit: maxConnections, limitPerHost: 30},
  });
  return {...define(session), [Symbol.asyncDispose]: () => session.close()};
}

export async function main(url?: string) {
  await using server = url ? undefined : await exampleApi();
  await using client = createApiClient(url ?? server?.url ?? '');

  const path = {username: 'python'};
  const [user, repos] = await Promise.all([client.getUser({path}), client.listRepos({path})]);
  console.log(`User: ${user.name}`);
  console.log(`Repos: ${repos.length}`);
  if (url) return {user, repos};

  const created = await client.createRepo({path, body: {name: 'cpython'}});
  console.log(`Created: ${created.id}, ${created.name}`);
  return {user, repos, created};
}

async function exampleApi() {
  return await serveJson(async (request) => {
    if (request.method === 'POST') return {id: 3, ...(await new Response(request as never).json())};
    if (request.url?.endsWith('/repos')) return ['one', 'two'].map((name, index) => ({id: index + 1, name}));
    return {name: 'Python'};
  });
}

await runDirectly(import.meta, main);
