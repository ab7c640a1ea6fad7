import ky from 'ky';
import {Agent} from 'undici';
import type {FetchPeerFactory} from './peer.ts';

/** ky with its defaults. */
export const kyPeer: FetchPeerFactory = ({connections}, fetch) => {
  const client = ky.create(fetch ? {fetch} : ({dispatcher: new Agent({connections})} as object));
  const json = (url: string) => client.get(url).json();
  return {
    package: 'ky',
    client: {
      json,
      gzip: json,
      post: (url, value) => client.post(url, {json: value}).json(),
      bytes: (url) => client.get(url).arrayBuffer(),
    },
  };
};
