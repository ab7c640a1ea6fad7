import * as aiofetch from 'aiofetch';
import {fetchClient} from './fetch-client.ts';
import type {ClientSettings, PeerFactory} from './peer.ts';
import {drain} from './peer.ts';

// The default policies are on.
function createSession({connections}: ClientSettings): aiofetch.Session {
  return aiofetch.createSession({connector: {limit: connections}});
}

export const sessionFetch: PeerFactory = (settings) => {
  const session = createSession(settings);
  return {
    package: 'aiofetch',
    boundsAllHosts: true,
    client: fetchClient(session.fetch as never),
  };
};

/** A session without a limit over all hosts, as the other clients are: each host keeps a connection, and p-limit bounds the calls. */
export const sessionUnbounded: PeerFactory = () => {
  const session = aiofetch.createSession({connector: {limit: Infinity}});
  return {package: 'aiofetch', client: fetchClient(session.fetch as never)};
};

/** A session with trace listeners. */
function listenedTo(trace: () => readonly aiofetch.TraceListener[]): PeerFactory {
  return ({connections}) => {
    const session = aiofetch.createSession({connector: {limit: connections}, trace: trace()});
    return {
      package: 'aiofetch',
      boundsAllHosts: true,
      client: fetchClient(session.fetch as never),
    };
  };
}

export const sessionListened = listenedTo(() => [{requestEnd: () => undefined}]);
export const sessionTimed = listenedTo(() => [aiofetch.recordTimings(() => undefined)]);

export const sessionVerbs: PeerFactory = (settings) => {
  const session = createSession(settings);
  const json = (url: string) => session.get(url).json();
  return {
    package: 'aiofetch',
    boundsAllHosts: true,
    client: {
      json,
      gzip: json,
      post: (url, value) => session.post(url, {json: value}).json(),
      bytes: (url) => session.get(url).arrayBuffer(),
    },
  };
};

/** The calls of a typed client, whose endpoints are described once. */
export const typedClient: PeerFactory = (settings) => {
  const session = createSession(settings);
  const clients = new Map<string, ReturnType<typeof clientOf>>();
  const clientOf = (url: string) => {
    const {origin, pathname} = new URL(url);
    const get = aiofetch.endpoint(`GET ${pathname as '/'}`, {response: aiofetch.type<unknown>()});
    const post = aiofetch.endpoint(`POST ${pathname as '/'}`, {
      body: aiofetch.type<unknown>(),
      response: aiofetch.type<unknown>(),
    });
    const bytes = aiofetch.endpoint(`GET ${pathname as '/'}`, {response: aiofetch.asBytes()});
    return aiofetch.defineClient({get, post, bytes}, {baseUrl: origin})(session);
  };
  const at = (url: string) => {
    let client = clients.get(url);
    if (!client) {
      client = clientOf(url);
      clients.set(url, client);
    }
    return client;
  };
  const json = (url: string) => at(url).get();
  return {
    package: 'aiofetch',
    boundsAllHosts: true,
    client: {
      json,
      gzip: json,
      post: (url, value) => at(url).post({body: value}),
      bytes: (url) => at(url).bytes(),
    },
  };
};

type IterChunks = (response: Response | Promise<Response>, size?: number) => AsyncIterable<Uint8Array>;

/** The body as chunks of this size, or as they come. */
export function iterChunksPeer(size?: number): PeerFactory {
  return (settings) => {
    const {iterChunks: iterate} = aiofetch as {iterChunks?: IterChunks};
    if (!iterate) return {unavailable: 'this build of aiofetch exports none'};
    const session = createSession(settings);
    return {
      package: 'aiofetch',
      client: {download: (url) => drain(iterate(session.fetch(url), size))},
    };
  };
}

/** Numbers as inputs, and a worker that returns them. */
export const asCompleted: PeerFactory = ({connections}) => ({
  package: 'aiofetch',
  client: {
    async inputs(count) {
      let sum = 0;
      const worker = async (input: number) => input;
      for await (const result of aiofetch.asCompleted(range(count), worker, {concurrency: connections})) {
        sum += result as number;
      }
      if (sum !== (count * (count - 1)) / 2) throw new Error(`asCompleted lost some of ${count} inputs`);
    },
  },
});

function* range(count: number): Generator<number> {
  for (let number = 0; number < count; number++) yield number;
}
