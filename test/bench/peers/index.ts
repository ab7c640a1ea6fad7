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
  iterChunks: async () => (await import('./session.ts')).iterChunksPeer(),
  'iterChunks of 65536': async () => (await import('./session.ts')).iterChunksPeer(65_536),
  asCompleted: async () => (await import('./session.ts')).asCompleted,
  'undici.request': async () => (await import('./undici.ts')).undiciRequestPeer,
  'undici.request 8': async () => (await import('./undici-8.ts')).undici8RequestPeer,
  'undici.request with a cap': async () => (await import('./undici-capped.ts')).undiciCappedPeer,
  'undici.fetch': async () => (await import('./undici.ts')).undiciFetchPeer,
  fetch: async () => (await import('./fetch.ts')).builtInFetch,
  ky: async () => (await import('./ky.ts')).kyPeer,
  'openapi-fetch': async () => (await import('./openapi-fetch.ts')).openapiFetchPeer,
  ofetch: async () => (await import('./ofetch.ts')).ofetchPeer,
  axios: async () => (await import('./axios.ts')).axiosPeer,
  'ky on session.fetch': async () => (await import('./on-session.ts')).kyOnSession,
  'ofetch on session.fetch': async () => (await import('./on-session.ts')).ofetchOnSession,
  'openapi-fetch on session.fetch': async () => (await import('./on-session.ts')).openapiFetchOnSession,
  'axios on fetch': async () => (await import('./axios.ts')).axiosFetchPeer,
  'axios on session.fetch': async () => (await import('./on-session.ts')).axiosOnSession,
  'session.fetch over HTTP/2': async () => (await import('./http2.ts')).sessionHttp2,
  'undici.request over HTTP/2': async () => (await import('./http2.ts')).undiciHttp2,
  'undici.request 8 over HTTP/2': async () => (await import('./http2.ts')).undici8Http2,
  'got over HTTP/2': async () => (await import('./http2.ts')).gotHttp2,
  'node:http2': async () => (await import('./http2.ts')).nodeHttp2,
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
