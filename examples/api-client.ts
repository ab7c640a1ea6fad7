/**
 * An API client on a session: it has a base URL, headers and a pool of its own, and can be closed.
 *
 *     npm run example api-client [base URL with /users/{name} and /users/{name}/repos]
 */
import {createSession} from 'aiofetch';
import {serveJson} from './support/local-server.ts';
import {runDirectly} from './support/run-directly.ts';

interface User {
  readonly name: string;
}

interface Repo {
  readonly id: number;
}

function createApiClient(baseUrl: string, {maxConnections = 100} = {}) {
  const session = createSession({
    baseUrl,
    headers: {'user-agent': 'AsyncClient/1.0'},
    connector: {limit: maxConnections, limitPerHost: 30},
  });
  return {
    get: <Result>(path: string) => session.get(path).json<Result>(),
    post: <Result>(path: string, data: unknown) => session.post(path, {json: data}).json<Result>(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

export async function main(url?: string) {
  await using server = url ? undefined : await exampleApi();
  await using client = createApiClient(url ?? server?.url ?? '');

  const [user, repos] = await Promise.all([
    client.get<User>('users/python'),
    client.get<Repo[]>('users/python/repos'),
  ]);
  console.log(`User: ${user.name}`);
  console.log(`Repos: ${repos.length}`);
  if (url) return {user, repos};

  const created = await client.post<Repo>('users/python/repos', {name: 'cpython'});
  console.log(`Created: ${created.id}`);
  return {user, repos, created};
}

async function exampleApi() {
  return await serveJson(({method, url}) => {
    if (method === 'POST') return {id: 3};
    return url?.endsWith('/repos') ? [{id: 1}, {id: 2}] : {name: 'Python'};
  });
}

await runDirectly(import.meta, main);
