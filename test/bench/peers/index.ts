import type {PeerFactory} from './peer.ts';
import {policySets} from './policy-sets.ts';

/** The clients in Node. Each is loaded only by the process that runs it. */
export const nodePeers: Readonly<Record<string, () => Promise<PeerFactory>>> = {
  'session.fetch': async () => (await import('./session.ts')).sessionFetch,
  'session.fetch, limit: Infinity': async () => (await import('./session.ts')).sessionUnbounded,
  'session.fetch, one signal': async () => (await import('./session.ts')).sessionListened,
  'session.fetch, timings': async () => (await import('./session.ts')).sessionTimed,
  'session.get': async () => (await import('./session.ts')).sessionVerbs,
  'typed client': async () => (await import('./session.ts')).typedClient,
  iterChunks: async () => (await import('./session.ts')).iterChunks,
  asCompleted: async () => (await import('./session.ts')).asCompleted,
  'undici.request': async () => (await import('./undici.ts')).undiciRequestPeer,
  'undici.fetch': async () => (await import('./undici.ts')).undiciFetchPeer,
  fetch: async () => (await import('./fetch.ts')).builtInFetch,
  ky: async () => (await import('./ky.ts')).kyPeer,
  'openapi-fetch': async () => (await import('./openapi-fetch.ts')).openapiFetchPeer,
  ofetch: async () => (await import('./ofetch.ts')).ofetchPeer,
  axios: async () => (await import('./axios.ts')).axiosPeer,
  got: async () => (await import('./got.ts')).gotPeer,
  ...Object.fromEntries(
    Object.keys(policySets).map((name) => [
      name,
      async () => (await import('./policies.ts')).policyPeer(name),
    ]),
  ),
  'node:http': async () => (await import('./node-http.ts')).nodeHttp,
};

/** The clients in Python. */
export const pythonPeers: readonly string[] = ['aiohttp', 'httpx'];
