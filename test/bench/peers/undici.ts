import {gunzipSync} from 'node:zlib';
import type {Dispatcher} from 'undici';
import {Agent, fetch as undiciFetch, request as undiciRequest} from 'undici';
import {fetchClient} from './fetch-client.ts';
import type {Client, PeerFactory} from './peer.ts';
import {drain, jsonInit, nodeStream} from './peer.ts';

export const undiciFetchPeer: PeerFactory = ({connections}) => ({
  package: 'undici',
  client: fetchClient(undiciFetch as never, {dispatcher: new Agent({connections})} as never),
});

export const undiciRequestPeer: PeerFactory = ({connections}) => ({
  package: 'undici',
  client: requestClient(undiciRequest, new Agent({connections})),
});

/** A client on the `request` of any version of undici, with connections of its own. */
export function requestClient(request: typeof undiciRequest, dispatcher: Dispatcher): Client {
  return {
    json: async (url) => (await request(url, {dispatcher})).body.json(),
    // undici.request leaves decompression to its user.
    gzip: async (url) => {
      const {body} = await request(url, {dispatcher, headers: {'accept-encoding': 'gzip'}});
      return JSON.parse(gunzipSync(await body.bytes()).toString());
    },
    post: async (url, value) => (await request(url, {dispatcher, ...jsonInit(value)})).body.json(),
    bytes: async (url) => (await request(url, {dispatcher})).body.arrayBuffer(),
    download: async (url) => drain((await request(url, {dispatcher})).body),
    upload: async (url, bytes) =>
      (await request(url, {dispatcher, method: 'POST', body: nodeStream(bytes)})).body.json(),
  };
}
