// What a consumer writes that knows no runtime's types but those of the web: compiled, not run.
import type {
  Connector,
  ConnectorCapabilities,
  ConnectorRequest,
  ConnectorStats,
  Handler,
  Policy,
  ResponsePromise,
  Session,
  SessionOptions,
  TraceListener,
} from 'aiofetch';
import {
  AiofetchError,
  asCompleted,
  asNdjson,
  ConnectionError,
  createConnector,
  createSession,
  cursorPages,
  defineClient,
  endpoint,
  gather,
  HTTPError,
  logCalls,
  paginate,
  recordTimings,
  TimeoutError,
  timings,
  type,
} from 'aiofetch';
import {fetchConnector} from 'aiofetch/fetch';
import {harHandler, recordHar} from 'aiofetch/har';
import {mockConnector} from 'aiofetch/mock';

interface User {
  readonly name: string;
}

const log: Policy = (next: Handler) => async (request: ConnectorRequest) => {
  const response = await next(request);
  console.log(request.method, request.url, response.status, request.headers.get('x-trace'));
  return response;
};

export async function readUsers(options: SessionOptions): Promise<string[]> {
  await using session = createSession({
    ...options,
    baseUrl: new URL('https://api.example.com/'),
    headers: {'x-trace': 1, 'x-none': undefined},
    auth: {bearer: async () => 'token'},
    connector: {limit: 10, limitPerHost: Infinity},
    timeout: {total: 60_000, pool: 1_000, read: false},
    policies: [log],
    hooks: {afterResponse: [({response}) => response]},
  });
  const users: User[] = await gather([1, 2], (id) => session.get(`users/${id}`).json<User>());
  const outcomes = await gather([1], async (id, {signal}) => session.fetch(`users/${id}`, {signal}), {
    settle: true,
  });
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  for await (const size of asCompleted(users, async ({name}) => name.length)) console.log(size.toFixed(0));
  return users.map(({name}) => name);
}

export async function post(session: Session, name: string): Promise<User | undefined> {
  const created: ResponsePromise<User> = session.post<User>('users', {
    json: {name},
    searchParams: {notify: true},
  });
  try {
    return await created.json();
  } catch (error) {
    if (error instanceof HTTPError) console.log(error.status, error.headers.get('x-request-id'), error.data);
    else if (error instanceof TimeoutError) console.log(error.phase, error.limit);
    else if (error instanceof ConnectionError) console.log(error.code, error.request?.url);
    else if (error instanceof AiofetchError) console.log(error.toJSON());
    return undefined;
  }
}

export function child(session: Session): {readonly fetch: typeof fetch; readonly stats: ConnectorStats} {
  const connector: Connector = mockConnector(({url}) => ({url}));
  const inner = session.extend({headers: {accept: 'application/json'}, timeout: 5_000});
  return {fetch: inner.fetch, stats: connector.stats()};
}

export function connectors(): Connector[] {
  const capabilities: ConnectorCapabilities = {...fetchConnector().capabilities, sockets: false};
  const own = createConnector(
    {
      name: 'own',
      capabilities,
      send: (request, signal) =>
        fetch(request.url, {method: request.method, redirect: request.redirect, signal}),
    },
    {limit: 4},
  );
  return [own, fetchConnector({limit: 6})];
}

export async function traced(): Promise<number | undefined> {
  const recorder = recordHar({bodies: 1_000});
  const names: TraceListener = {dnsResolveEnd: ({host, addresses}) => console.log(host, addresses.length)};
  const redirects: TraceListener = (event, {request}) => {
    if (event.type === 'requestRedirect') console.log(event.status, request?.headers.get('x-trace'));
  };
  await using session = createSession({
    connector: mockConnector(harHandler(recorder.toJSON())),
    trace: [names, redirects, recorder.listener, recordTimings(), logCalls(console.log)],
  });
  return timings(await session.fetch('https://example.com/', {trace: [names]}))?.attempts[0]?.wait;
}

const listUsers = paginate(
  endpoint('GET /teams/{team}/users', {
    query: type<{limit?: number}>(),
    response: type<{users: User[]; next?: string}>(),
    errors: {404: type<{missing: string}>(), '5XX': type<string>()},
  }),
  cursorPages({items: ({users}) => users, cursor: ({next}) => next}),
);
const watch = endpoint('GET /teams/{team}/log', {response: asNdjson(type<{at: number}>())});
const api = defineClient({users: {list: listUsers}, watch}, {timeout: 1_000});

export async function namesOf(session: Session, team: string): Promise<string[]> {
  const client = api(session);
  const names: string[] = [];
  try {
    for await (const {name} of client.users.list({path: {team}, prefetch: 1})) names.push(name);
    for await (const {at} of await client.watch({path: {team}})) names.push(at.toFixed(0));
  } catch (error) {
    if (!listUsers.isError(error)) throw error;
    names.push(error.status === 404 ? error.data.missing : error.data);
  }
  return names;
}
