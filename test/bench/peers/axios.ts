import {Agent} from 'node:http';
import type {Readable} from 'node:stream';
import axios from 'axios';
import {Agent as Undici} from 'undici';
import type {FetchPeerFactory, PeerFactory} from './peer.ts';
import {drain, nodeStream} from './peer.ts';

export const axiosPeer: PeerFactory = ({connections}) => {
  const client = axios.create({
    httpAgent: new Agent({keepAlive: true, maxSockets: connections}),
    proxy: false,
  });
  const json = async (url: string) => (await client.get<unknown>(url)).data;
  return {
    package: 'axios',
    client: {
      json,
      gzip: json,
      post: async (url, value) => (await client.post<unknown>(url, value)).data,
      bytes: async (url) => (await client.get<Uint8Array>(url, {responseType: 'arraybuffer'})).data,
      download: async (url) => drain((await client.get<Readable>(url, {responseType: 'stream'})).data),
      // If axios may follow redirects, it keeps the whole body in memory.
      upload: async (url, bytes) =>
        (await client.post<unknown>(url, nodeStream(bytes), {maxRedirects: 0})).data,
    },
  };
};

/** axios with its adapter for fetch. */
export const axiosFetchPeer: FetchPeerFactory = ({connections}, fetch) => {
  const options = fetch ? {env: {fetch}} : {fetchOptions: {dispatcher: new Undici({connections})} as object};
  const client = axios.create({adapter: 'fetch', ...options});
  const json = async (url: string) => (await client.get<unknown>(url)).data;
  return {
    package: 'axios',
    client: {
      json,
      gzip: json,
      post: async (url, value) => (await client.post<unknown>(url, value)).data,
    },
  };
};
