import {createFetch, ofetch} from 'ofetch';
import {Agent} from 'undici';
import type {FetchPeerFactory} from './peer.ts';

/** ofetch with its defaults. */
export const ofetchPeer: FetchPeerFactory = ({connections}, fetch) => {
  const client = fetch
    ? createFetch({fetch})
    : ofetch.create({dispatcher: new Agent({connections}) as never});
  const json = (url: string) => client(url);
  return {
    package: 'ofetch',
    client: {
      json,
      gzip: json,
      post: (url, value) => client(url, {method: 'POST', body: value as Record<string, unknown>}),
      bytes: (url) => client(url, {responseType: 'arrayBuffer'}),
    },
  };
};
