import {gunzipSync} from 'node:zlib';
import {Agent, setGlobalDispatcher, fetch as undiciFetch, request as undiciRequest} from 'undici';
import {fetchClient} from './fetch-client.ts';
import type {ClientSettings, PeerFactory} from './peer.ts';
import {drain, jsonInit, nodeStream} from './peer.ts';

function useConnections({connections}: ClientSettings): void {
  setGlobalDispatcher(new Agent({connections}));
}

export const undiciFetchPeer: PeerFactory = (settings) => {
  useConnections(settings);
  return {package: 'undici', client: fetchClient(undiciFetch as never)};
};

export const undiciRequestPeer: PeerFactory = (settings) => {
  useConnections(settings);
  return {
    package: 'undici',
    client: {
      json: async (url) => (await undiciRequest(url)).body.json(),
      // undici.request leaves decompression to its user.
      gzip: async (url) => {
        const {body} = await undiciRequest(url, {headers: {'accept-encoding': 'gzip'}});
        return JSON.parse(gunzipSync(await body.bytes()).toString());
      },
      post: async (url, value) => (await undiciRequest(url, jsonInit(value))).body.json(),
      bytes: async (url) => (await undiciRequest(url)).body.arrayBuffer(),
      download: async (url) => drain((await undiciRequest(url)).body),
      upload: async (url, bytes) =>
        (await undiciRequest(url, {method: 'POST', body: nodeStream(bytes)})).body.json(),
    },
  };
};
